-- [view]
-- purpose = "latency of each model: count, mean and exact percentiles of its successful requests"
-- grain   = ["model"]
-- needs   = ["requests_without_loads"]
-- [columns]
-- model    = "name as Ollama shows it; the file's first 12 hex digits where no name is known; '(unknown)' when nothing tells"
-- requests = "successful requests: those that the statistics are of"
-- failures = "failed requests; not in the statistics"
-- mean_ns  = "mean latency; ns"
-- min_ns   = "shortest latency; ns"
-- max_ns   = "longest latency; ns"
-- p50_ns   = "median latency; ns"
-- p90_ns   = "90th percentile of latency; ns"
-- p95_ns   = "95th percentile of latency; ns"
-- p99_ns   = "99th percentile of latency; ns"
WITH per_model AS (
  SELECT
    shown AS model,
    count(*) FILTER (WHERE success) AS requests,
    count(*) FILTER (WHERE NOT success) AS failures,
    avg(latency_ns) FILTER (WHERE success) AS mean_ns,
    min(latency_ns) FILTER (WHERE success) AS min_ns,
    max(latency_ns) FILTER (WHERE success) AS max_ns,
    quantile_cont(latency_ns, [0.5, 0.9, 0.95, 0.99]) FILTER (WHERE success) AS quantiles_ns
  FROM requests_without_loads
  GROUP BY ALL
)
SELECT
  model,
  CAST(requests AS BIGINT) AS requests,
  CAST(failures AS BIGINT) AS failures,
  CAST(round(mean_ns) AS BIGINT) AS mean_ns,
  CAST(min_ns AS BIGINT) AS min_ns,
  CAST(max_ns AS BIGINT) AS max_ns,
  CAST(round(quantiles_ns[1]) AS BIGINT) AS p50_ns,
  CAST(round(quantiles_ns[2]) AS BIGINT) AS p90_ns,
  CAST(round(quantiles_ns[3]) AS BIGINT) AS p95_ns,
  CAST(round(quantiles_ns[4]) AS BIGINT) AS p99_ns
FROM per_model
ORDER BY requests DESC, model
