-- [view]
-- purpose = "how the latencies of successful requests spread in each hour of a UTC date: buckets that double from one millisecond on"
-- grain   = ["hour_utc", "bucket"]
-- needs   = ["requests_without_loads"]
-- by_date = true
-- [columns]
-- date_utc = "UTC date that the requests ended on"
-- hour_utc = "start of the hour that the requests ended in; UTC"
-- bucket   = "0: below 1 ms; n: from 2^(n-1) ms to below 2^n ms; 22: everything above"
-- requests = "successful requests with a latency in it; cells without requests have no row"
SELECT
  CAST(make_timestamp(epoch_us(happened_at)) AS DATE) AS date_utc,
  make_timestamptz(epoch_us(happened_at) // 3600000000 * 3600000000) AS hour_utc,
  CAST(CASE WHEN latency_ns < 1000000 THEN 0 ELSE least(1 + CAST(floor(log2(latency_ns // 1000000)) AS BIGINT), 22) END AS BIGINT) AS bucket,
  CAST(count(*) AS BIGINT) AS requests
FROM requests_without_loads
WHERE success AND latency_ns IS NOT NULL
GROUP BY ALL
