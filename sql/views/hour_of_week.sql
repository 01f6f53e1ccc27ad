-- [view]
-- purpose = "load and latency by day of the week and hour of the day, in the zone that was asked for, else UTC"
-- grain   = ["day_of_week", "hour_of_day"]
-- needs   = ["requests_without_loads"]
-- [columns]
-- day_of_week      = "1 Monday to 7 Sunday, in the zone of --timezone, else UTC"
-- hour_of_day      = "0 to 23, in the same zone"
-- requests         = "requests that ended in that hour, failed ones included"
-- failures         = "those that failed"
-- ratio            = "share of all requests; 0 to 1"
-- mean_ns          = "mean latency of successes; ns"
-- p50_ns           = "median latency of successes; ns"
-- p95_ns           = "95th percentile of latency of successes; ns"
-- p50_per_usual    = "p50_ns / median latency of all hours: above 1 is slower than usual"
-- generated_tokens = "generated tokens; null when no request tells"
WITH
request AS (
  SELECT
    local_time(happened_at) AS ended_local,
    success,
    latency_ns,
    generated_tokens
  FROM requests_without_loads
  WHERE happened_at IS NOT NULL
),
usual AS (
  SELECT median(latency_ns) FILTER (WHERE success) AS p50_ns FROM request
),
per_hour_of_week AS (
  SELECT
    isodow(ended_local) AS day_of_week,
    hour(ended_local) AS hour_of_day,
    count(*) AS requests,
    count(*) FILTER (WHERE NOT success) AS failures,
    avg(latency_ns) FILTER (WHERE success) AS mean_ns,
    quantile_cont(latency_ns, [0.5, 0.95]) FILTER (WHERE success) AS quantiles_ns,
    sum(generated_tokens) AS generated_tokens
  FROM request
  GROUP BY ALL
)
SELECT
  CAST(day_of_week AS BIGINT) AS day_of_week,
  CAST(hour_of_day AS BIGINT) AS hour_of_day,
  CAST(requests AS BIGINT) AS requests,
  CAST(failures AS BIGINT) AS failures,
  CAST(requests / sum(requests) OVER () AS DOUBLE) AS ratio,
  CAST(round(mean_ns) AS BIGINT) AS mean_ns,
  CAST(round(quantiles_ns[1]) AS BIGINT) AS p50_ns,
  CAST(round(quantiles_ns[2]) AS BIGINT) AS p95_ns,
  CAST(quantiles_ns[1] / nullif(usual.p50_ns, 0) AS DOUBLE) AS p50_per_usual,
  CAST(generated_tokens AS BIGINT) AS generated_tokens
FROM per_hour_of_week
CROSS JOIN usual
ORDER BY day_of_week, hour_of_day
