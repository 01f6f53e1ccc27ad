-- [view]
-- purpose = "how the latencies of successful requests spread in each slice of time: buckets that double from one millisecond on"
-- grain   = ["slice_utc", "bucket"]
-- needs   = ["time_slices", "requests_without_loads", "latency_counts"]
-- [columns]
-- slice_utc = "start of the slice that the requests ended in (see time_slices); UTC"
-- slice_ns  = "length of the slice; ns"
-- bucket    = "number of the bucket: 0 is below 1 ms, each next one is twice as wide, 22 has no end"
-- above_ns  = "latencies in it are at least this; ns"
-- below_ns  = "and below this; ns; null: no bound"
-- requests  = "successful requests in it; buckets without any have no row"
WITH per_cell AS (
  SELECT
    epoch_us(happened_at) // (getvariable('slice_ns') // 1000) AS slice,
    CASE WHEN latency_ns < 1000000 THEN 0 ELSE least(1 + CAST(floor(log2(latency_ns // 1000000)) AS BIGINT), 22) END AS bucket,
    count(*) AS requests
  FROM requests_without_loads
  WHERE success AND latency_ns IS NOT NULL AND getvariable('slice_ns') < 3600000000000
  GROUP BY ALL
  UNION ALL
  SELECT
    epoch_us(hour_utc) // (getvariable('slice_ns') // 1000) AS slice,
    bucket,
    sum(requests) AS requests
  FROM latency_counts
  WHERE getvariable('slice_ns') >= 3600000000000
  GROUP BY ALL
)
SELECT
  make_timestamptz(slice * (slice_ns // 1000)) AS slice_utc,
  slice_ns,
  CAST(bucket AS BIGINT) AS bucket,
  CAST(CASE WHEN bucket = 0 THEN 0 ELSE 1000000 * pow(2, bucket - 1) END AS BIGINT) AS above_ns,
  CAST(CASE WHEN bucket < 22 THEN 1000000 * pow(2, bucket) END AS BIGINT) AS below_ns,
  CAST(requests AS BIGINT) AS requests
FROM per_cell
CROSS JOIN time_slices
ORDER BY slice_utc, bucket
