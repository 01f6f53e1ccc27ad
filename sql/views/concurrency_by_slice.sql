-- [view]
-- purpose = "requests in flight and waiting in each slice of time, against the slots of the server: concurrency_by_minute for charts"
-- grain   = ["host", "slice_utc"]
-- needs   = ["time_slices", "concurrency_by_minute"]
-- [columns]
-- host           = "machine that the log is of"
-- slice_utc      = "start of the slice (see time_slices), of one minute at least; UTC"
-- slice_ns       = "length of the slice; ns"
-- in_flight_max  = "most at the same time"
-- in_flight_mean = "mean number in flight over the slice"
-- waiting_max    = "most that waited at the same time for a slot or a load"
-- refused        = "requests refused because the queue was full"
-- slots          = "most requests that could be worked on at once; null when not known"
-- busy_minutes   = "minutes of it with requests"
-- full_minutes   = "those in which more were in flight than there were slots"
WITH minute AS (
  SELECT
    concurrency_by_minute.*,
    greatest(slice_ns, 60000000000) AS step_ns
  FROM concurrency_by_minute
  CROSS JOIN time_slices
),
per_slice AS (
  SELECT
    host,
    epoch_us(minute_utc) // (step_ns // 1000) AS slice,
    step_ns,
    max(in_flight_max) AS in_flight_max,
    sum(in_flight_mean) * 6e10 / step_ns AS in_flight_mean,
    max(waiting_max) AS waiting_max,
    sum(refused) AS refused,
    max(slots) AS slots,
    count(*) AS busy_minutes,
    count(*) FILTER (WHERE saturation_ratio > 1) AS full_minutes
  FROM minute
  GROUP BY host, slice, step_ns
)
SELECT
  host,
  make_timestamptz(slice * (step_ns // 1000)) AS slice_utc,
  CAST(step_ns AS BIGINT) AS slice_ns,
  in_flight_max,
  CAST(in_flight_mean AS DOUBLE) AS in_flight_mean,
  waiting_max,
  CAST(refused AS BIGINT) AS refused,
  slots,
  CAST(busy_minutes AS BIGINT) AS busy_minutes,
  CAST(full_minutes AS BIGINT) AS full_minutes
FROM per_slice
ORDER BY host, slice_utc
