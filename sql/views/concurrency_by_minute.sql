-- [view]
-- purpose = "requests of models in flight and waiting in each minute, against the slots and the queue of the server; ends are logged in whole seconds, so all instants are uncertain by 1 s"
-- grain   = ["host", "minute_utc"]
-- needs   = ["model_requests", "server_settings", "model_loads"]
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
    coalesce(status = 503 AND latency_ns < 100000000, FALSE) AS is_refused,
    epoch_us(started_at) // 60000000 AS first_minute,
    greatest(epoch_us(happened_at), epoch_us(started_at) + 1) // 60000000 AS last_minute
  FROM model_requests
  WHERE started_at IS NOT NULL
),
-- Each minute gets the part of a request that lies in it, so it needs nothing of the minutes before.
request_minute AS (
  SELECT host, start_us, end_us, wait_end_us, is_refused, first_minute AS minute FROM request
  UNION ALL
  SELECT host, start_us, end_us, wait_end_us, FALSE, unnest(range(first_minute + 1, last_minute + 1)) AS minute
  FROM request
  WHERE last_minute > first_minute
),
clipped AS (
  SELECT
    host,
    minute,
    is_refused,
    greatest(start_us, minute * 60000000) AS from_us,
    least(end_us, (minute + 1) * 60000000) AS to_us,
    CASE WHEN wait_end_us IS NOT NULL THEN least(wait_end_us, end_us, (minute + 1) * 60000000) END AS wait_to_us
  FROM request_minute
),
per_minute AS (
  SELECT
    host,
    minute,
    count(*) AS requests,
    count(*) FILTER (WHERE is_refused) AS refused,
    sum(to_us - from_us) AS flight_us,
    coalesce(sum(wait_to_us - from_us) FILTER (WHERE wait_to_us > from_us), 0) AS waited_us
  FROM clipped
  GROUP BY ALL
),
-- At the same instant ends count before starts: the next request is not simultaneous with the last.
edge AS (
  SELECT host, minute, from_us AS edge_us, 1 AS flight_step, CASE WHEN wait_to_us > from_us THEN 1 ELSE 0 END AS wait_step FROM clipped
  UNION ALL
  SELECT host, minute, to_us, -1, 0 FROM clipped
  UNION ALL
  SELECT host, minute, wait_to_us, 0, -1 FROM clipped WHERE wait_to_us > from_us
),
level AS (
  SELECT
    host,
    minute,
    sum(flight_step) OVER edges AS in_flight,
    sum(wait_step) OVER edges AS waiting
  FROM edge
  WINDOW edges AS (PARTITION BY host, minute ORDER BY edge_us, flight_step + wait_step ROWS UNBOUNDED PRECEDING)
),
highest AS (
  SELECT host, minute, max(in_flight) AS in_flight_max, max(waiting) AS waiting_max FROM level GROUP BY ALL
),
setting AS (
  SELECT coalesce(host, '(unknown)') AS host, started_at, num_parallel, max_queue FROM server_settings
),
load AS (
  SELECT coalesce(host, '(unknown)') AS host, coalesce(loaded_at, started_at) AS told_at, runners, slots FROM model_loads WHERE runners IS NOT NULL
),
bound AS (
  SELECT
    per_minute.*,
    make_timestamptz(minute * 60000000) AS minute_utc,
    CAST(in_flight_max AS BIGINT) AS in_flight_max,
    CAST(waiting_max AS BIGINT) AS waiting_max,
    coalesce(setting.num_parallel, load.slots) AS num_parallel,
    load.runners,
    setting.max_queue
  FROM per_minute
  JOIN highest USING (host, minute)
  ASOF LEFT JOIN setting ON setting.host = per_minute.host AND make_timestamptz((minute + 1) * 60000000) > setting.started_at
  ASOF LEFT JOIN load ON load.host = per_minute.host AND make_timestamptz((minute + 1) * 60000000) > load.told_at
)
SELECT
  host,
  minute_utc,
  CAST(requests AS BIGINT) AS requests,
  in_flight_max,
  CAST(flight_us / 6e7 AS DOUBLE) AS in_flight_mean,
  waiting_max,
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
