-- [view]
-- purpose = "requests of models in flight and waiting in each minute, against the slots and the queue of the server; ends are logged in whole seconds, so all instants are uncertain by 1 s"
-- grain   = ["host", "minute_utc"]
-- needs   = ["requests_without_loads", "server_settings", "model_loads"]
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
request AS (
  SELECT
    coalesce(host, '(unknown)') AS host,
    epoch_us(started_at) AS start_us,
    greatest(epoch_us(happened_at), epoch_us(started_at) + 1) AS end_us,
    CASE WHEN wait_ns >= 100000000 THEN epoch_us(started_at) + wait_ns // 1000 END AS wait_end_us,
    coalesce(status = 503 AND latency_ns < 100000000, FALSE) AS is_refused
  FROM requests_without_loads
  WHERE started_at IS NOT NULL
),
-- Each minute gets the part of a request that lies in it, so it needs nothing of the minutes before.
request_minute AS (
  SELECT
    *,
    unnest(range(start_us // 60000000, end_us // 60000000 + 1)) AS minute
  FROM request
),
clipped AS (
  SELECT
    host,
    minute,
    is_refused AND minute = start_us // 60000000 AS is_refused,
    greatest(start_us, minute * 60000000) AS from_us,
    least(end_us, (minute + 1) * 60000000) AS to_us,
    CASE WHEN wait_end_us IS NOT NULL THEN least(wait_end_us, end_us, (minute + 1) * 60000000) END AS wait_to_us
  FROM request_minute
),
-- Edges are twice their instant, and one more for a start: at the same instant ends come before starts, so the next request is
-- not simultaneous with the last.
per_minute AS (
  SELECT
    host,
    minute,
    count(*) AS requests,
    count(*) FILTER (WHERE is_refused) AS refused,
    sum(to_us - from_us) AS flight_us,
    coalesce(sum(wait_to_us - from_us) FILTER (WHERE wait_to_us > from_us), 0) AS waited_us,
    list_sort(list_concat(list(2 * from_us + 1), list(2 * to_us))) AS edges,
    list_sort(
      list_concat(list(2 * from_us + 1) FILTER (WHERE wait_to_us > from_us), list(2 * wait_to_us) FILTER (WHERE wait_to_us > from_us))
    ) AS wait_edges
  FROM clipped
  GROUP BY host, minute
),
start AS (
  SELECT
    * EXCLUDE (edges, wait_edges),
    list_filter(list_transform(edges, lambda edge, place: CASE WHEN edge % 2 = 1 THEN place END), lambda place: place IS NOT NULL) AS places,
    list_filter(list_transform(wait_edges, lambda edge, place: CASE WHEN edge % 2 = 1 THEN place END), lambda place: place IS NOT NULL)
      AS wait_places
  FROM per_minute
),
-- The nth start, when it is the edge at place p, follows n - 1 starts and p - n ends: n - (p - n) are in flight after it.
highest AS (
  SELECT
    * EXCLUDE (places, wait_places),
    list_max(list_transform(places, lambda place, number: 2 * number - place)) AS in_flight_max,
    coalesce(list_max(list_transform(wait_places, lambda place, number: 2 * number - place)), 0) AS waiting_max
  FROM start
),
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
    highest.*,
    make_timestamptz(minute * 60000000) AS minute_utc,
    coalesce(state.setting.num_parallel, state.load.slots) AS num_parallel,
    state.load.runners,
    state.setting.max_queue
  FROM highest
  ASOF LEFT JOIN state ON state.host = highest.host AND (minute + 1) * 60000000 > state.told_us
)
SELECT
  host,
  minute_utc,
  CAST(requests AS BIGINT) AS requests,
  CAST(in_flight_max AS BIGINT) AS in_flight_max,
  CAST(flight_us / 6e7 AS DOUBLE) AS in_flight_mean,
  CAST(waiting_max AS BIGINT) AS waiting_max,
  CAST(waited_us / 6e7 AS DOUBLE) AS waiting_mean,
  CAST(refused AS BIGINT) AS refused,
  num_parallel,
  runners,
  CAST(num_parallel * greatest(runners, 1) AS BIGINT) AS slots,
  max_queue,
  CAST(in_flight_max / nullif(num_parallel * greatest(runners, 1), 0) AS DOUBLE) AS saturation_ratio,
  CAST(waiting_max / nullif(max_queue, 0) AS DOUBLE) AS queue_ratio
FROM bound
ORDER BY host, minute_utc
