-- [view]
-- purpose = "derived: how long each model's requests took to their first token, as wait plus evaluation of the prompt; the server log measures neither the first token nor a slow network"
-- grain   = ["model"]
-- needs   = ["model_requests"]
-- [columns]
-- model               = "name as Ollama shows it; the file's first 12 hex digits where no name is known; '(unknown)' when nothing tells"
-- requests            = "successful requests whose run in the server log is known and came to its end"
-- mean_ns             = "mean time to the first token; ns"
-- p50_ns              = "median; ns"
-- p90_ns              = "90th percentile; ns"
-- p95_ns              = "95th percentile; ns"
-- p99_ns              = "99th percentile; ns"
-- wait_mean_ns        = "mean wait before the run: queue, load and transport; ns"
-- prompt_eval_mean_ns = "mean evaluation of the prompt; ns"
-- cold_p50_ns         = "median of requests that waited for the model to load; ns"
-- warm_p50_ns         = "median of requests that did not; ns"
WITH per_model AS (
  SELECT
    shown AS model,
    count(*) AS requests,
    avg(wait_ns + prompt_eval_ns) AS mean_ns,
    quantile_cont(wait_ns + prompt_eval_ns, [0.5, 0.9, 0.95, 0.99]) AS quantiles_ns,
    avg(wait_ns) AS wait_mean_ns,
    avg(prompt_eval_ns) AS prompt_eval_mean_ns,
    median(wait_ns + prompt_eval_ns) FILTER (WHERE cold) AS cold_p50_ns,
    median(wait_ns + prompt_eval_ns) FILTER (WHERE NOT cold) AS warm_p50_ns
  FROM model_requests
  WHERE success AND wait_ns IS NOT NULL AND prompt_eval_ns IS NOT NULL
  GROUP BY ALL
)
SELECT
  model,
  CAST(requests AS BIGINT) AS requests,
  CAST(round(mean_ns) AS BIGINT) AS mean_ns,
  CAST(round(quantiles_ns[1]) AS BIGINT) AS p50_ns,
  CAST(round(quantiles_ns[2]) AS BIGINT) AS p90_ns,
  CAST(round(quantiles_ns[3]) AS BIGINT) AS p95_ns,
  CAST(round(quantiles_ns[4]) AS BIGINT) AS p99_ns,
  CAST(round(wait_mean_ns) AS BIGINT) AS wait_mean_ns,
  CAST(round(prompt_eval_mean_ns) AS BIGINT) AS prompt_eval_mean_ns,
  CAST(round(cold_p50_ns) AS BIGINT) AS cold_p50_ns,
  CAST(round(warm_p50_ns) AS BIGINT) AS warm_p50_ns
FROM per_model
ORDER BY requests DESC, model
