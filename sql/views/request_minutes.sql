-- [view]
-- purpose = "requests of models in flight and waiting in each minute: what concurrency_by_minute sets against the slots of the server"
-- grain   = ["host", "minute_utc"]
-- needs   = ["requests_without_loads"]
-- by_date = true
-- [columns]
-- date_utc      = "UTC date of the minute"
-- host          = "machine that the log is of"
-- minute_utc    = "start of the minute; UTC; minutes without requests have no row"
-- requests      = "requests of models that were in flight at some time of the minute"
-- refused       = "requests refused because the queue was full (see unavailable)"
-- flight_ns     = "time in flight of all of them, within the minute; ns"
-- waited_ns     = "time that those waited whose run is known and that waited 0.1 s or more, within the minute; ns"
-- in_flight_max = "most at the same time; requests that follow each other within 1 s may count as simultaneous"
-- waiting_max   = "most that waited at the same time"
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
)
SELECT
  CAST(make_timestamp(minute * 60000000) AS DATE) AS date_utc,
  host,
  make_timestamptz(minute * 60000000) AS minute_utc,
  CAST(requests AS BIGINT) AS requests,
  CAST(refused AS BIGINT) AS refused,
  CAST(1000 * flight_us AS BIGINT) AS flight_ns,
  CAST(1000 * waited_us AS BIGINT) AS waited_ns,
  CAST(in_flight_max AS BIGINT) AS in_flight_max,
  CAST(waiting_max AS BIGINT) AS waiting_max
FROM highest
