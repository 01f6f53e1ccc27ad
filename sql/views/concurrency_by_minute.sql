-- [view]
-- purpose = "requests of models in flight and waiting in each minute, against the slots and the queue of the server; ends are logged in whole seconds, so all instants are uncertain by 1 s"
-- grain   = ["host", "minute_utc"]
-- needs   = ["request_minutes", "server_settings", "model_loads"]
-- [columns]
-- host             = "machine that the log is of"
-- minute_utc       = "start of the minute; UTC; minutes without requests have no row"
-- requests         = "requests of models that were in flight at some time of the minute"
-- in_flight_max    = "most at the same time; requests that follow each other within 1 s may count as simultaneous"
-- in_flight_mean   = "mean number in flight over the minute"
-- waiting_max      = "most that waited at the same time for a slot or a load, of requests whose run is known and that waited 0.1 s or more; the wait is taken to come first"
-- waiting_mean     = "mean number of those over the minute"
-- refused          = "requests refused because the queue was full (see unavailable)"
-- num_parallel     = "OLLAMA_NUM_PARALLEL of the server run, else the slots of the last load; null when neither is known"
-- runners          = "models loaded, as the log told last; null when it never told"
-- slots            = "num_parallel * runners: requests that can be worked on at once"
-- max_queue        = "OLLAMA_MAX_QUEUE of the server run; null when not known"
-- saturation_ratio = "in_flight_max / slots: above 1 requests had to wait"
-- queue_ratio      = "waiting_max / max_queue: at 1 the next request is refused"
WITH
change AS (
  SELECT
    coalesce(host, '(unknown)') AS host,
    epoch_us(started_at) AS told_us,
    {'num_parallel': num_parallel, 'max_queue': max_queue} AS setting,
    NULL AS load
  FROM server_settings
  UNION ALL
  SELECT
    coalesce(host, '(unknown)') AS host,
    epoch_us(coalesce(loaded_at, started_at)) AS told_us,
    NULL AS setting,
    {'runners': runners, 'slots': slots} AS load
  FROM model_loads
  WHERE runners IS NOT NULL
),
-- What holds from each change on: settings and loads as they were told last.
state AS (
  SELECT
    host,
    told_us,
    last_value(setting IGNORE NULLS) OVER so_far AS setting,
    last_value(load IGNORE NULLS) OVER so_far AS load
  FROM change
  WHERE told_us IS NOT NULL
  WINDOW so_far AS (PARTITION BY host ORDER BY told_us RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
),
bound AS (
  SELECT
    request_minutes.*,
    coalesce(state.setting.num_parallel, state.load.slots) AS num_parallel,
    state.load.runners,
    state.setting.max_queue
  FROM request_minutes
  ASOF LEFT JOIN state ON state.host = request_minutes.host AND epoch_us(minute_utc) + 60000000 > state.told_us
)
SELECT
  host,
  minute_utc,
  requests,
  in_flight_max,
  CAST(flight_ns / 6e10 AS DOUBLE) AS in_flight_mean,
  waiting_max,
  CAST(waited_ns / 6e10 AS DOUBLE) AS waiting_mean,
  refused,
  num_parallel,
  runners,
  CAST(num_parallel * greatest(runners, 1) AS BIGINT) AS slots,
  max_queue,
  CAST(in_flight_max / nullif(num_parallel * greatest(runners, 1), 0) AS DOUBLE) AS saturation_ratio,
  CAST(waiting_max / nullif(max_queue, 0) AS DOUBLE) AS queue_ratio
FROM bound
ORDER BY host, minute_utc
