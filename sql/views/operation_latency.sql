-- [view]
-- purpose = "requests and latency of each model operation: generate, chat, embed"
-- grain   = ["operation"]
-- needs   = ["requests_without_loads"]
-- [columns]
-- operation     = "generate, chat or embed; '(unknown)' when a record does not say"
-- requests      = "requests, failed ones included"
-- successes     = "requests that went well: those that the statistics are of"
-- failures      = "requests that failed"
-- success_ratio = "successes / requests; 0 to 1"
-- mean_ns       = "mean latency; ns"
-- min_ns        = "shortest latency; ns"
-- max_ns        = "longest latency; ns"
-- p50_ns        = "median latency; ns"
-- p90_ns        = "90th percentile of latency; ns"
-- p95_ns        = "95th percentile of latency; ns"
-- p99_ns        = "99th percentile of latency; ns"
WITH per_operation AS (
  SELECT
    coalesce(operation, '(unknown)') AS operation,
    count(*) AS requests,
    count(*) FILTER (WHERE success) AS successes,
    avg(latency_ns) FILTER (WHERE success) AS mean_ns,
    min(latency_ns) FILTER (WHERE success) AS min_ns,
    max(latency_ns) FILTER (WHERE success) AS max_ns,
    quantile_cont(latency_ns, [0.5, 0.9, 0.95, 0.99]) FILTER (WHERE success) AS quantiles_ns
  FROM requests_without_loads
  GROUP BY ALL
)
SELECT
  operation,
  CAST(requests AS BIGINT) AS requests,
  CAST(successes AS BIGINT) AS successes,
  CAST(requests - successes AS BIGINT) AS failures,
  CAST(successes / requests AS DOUBLE) AS success_ratio,
  CAST(round(mean_ns) AS BIGINT) AS mean_ns,
  CAST(min_ns AS BIGINT) AS min_ns,
  CAST(max_ns AS BIGINT) AS max_ns,
  CAST(round(quantiles_ns[1]) AS BIGINT) AS p50_ns,
  CAST(round(quantiles_ns[2]) AS BIGINT) AS p90_ns,
  CAST(round(quantiles_ns[3]) AS BIGINT) AS p95_ns,
  CAST(round(quantiles_ns[4]) AS BIGINT) AS p99_ns
FROM per_operation
ORDER BY requests DESC, operation
