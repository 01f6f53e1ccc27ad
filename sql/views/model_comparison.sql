-- [view]
-- purpose = "models side by side, each measured against the best of them"
-- grain   = ["model"]
-- needs   = ["requests_without_loads", "date_sums"]
-- [columns]
-- model                       = "name as Ollama shows it; the file's first 12 hex digits where no name is known; '(unknown)' when nothing tells"
-- requests                    = "requests, failed ones included"
-- success_ratio               = "successes / requests; 0 to 1"
-- mean_ns                     = "mean latency of successes; ns"
-- p50_ns                      = "median latency of successes; ns"
-- p95_ns                      = "95th percentile of latency of successes; ns"
-- p99_ns                      = "99th percentile of latency of successes; ns"
-- load_mean_ns                = "mean load time of successes that tell it; ns"
-- prompt_eval_mean_ns         = "mean time of prompt evaluation; ns"
-- eval_mean_ns                = "mean time of generation; ns"
-- tokens_per_second           = "generated tokens / generation time, over all successes; 1/s"
-- prompt_tokens_per_second    = "evaluated prompt tokens / prompt evaluation time, over all successes; 1/s"
-- prompt_tokens_per_request   = "mean prompt tokens of successes that tell them"
-- generated_tokens_per_request = "mean generated tokens of successes that tell them"
-- p50_per_fastest             = "p50_ns / smallest p50_ns of all models; 1 is the fastest"
-- p95_per_fastest             = "p95_ns / smallest p95_ns of all models; 1 is the fastest"
-- speed_per_fastest           = "tokens_per_second / highest of all models; 1 is the fastest"
WITH
sums_per_model AS (
  SELECT
    model,
    sum(requests) AS requests,
    sum(successes) AS successes,
    sum(latency_ns) / nullif(sum(successes), 0) AS mean_ns,
    sum(load_ns) / nullif(sum(loads), 0) AS load_mean_ns,
    sum(prompt_eval_ns) / nullif(sum(prompt_evals), 0) AS prompt_eval_mean_ns,
    sum(eval_ns) / nullif(sum(evals), 0) AS eval_mean_ns,
    1e9 * sum(timed_tokens) / nullif(sum(timed_ns), 0) AS speed,
    1e9 * sum(timed_prompt_tokens) / nullif(sum(timed_prompt_ns), 0) AS prompt_speed,
    sum(ok_prompt_tokens) / nullif(sum(prompts), 0) AS prompt_tokens,
    sum(ok_generated_tokens) / nullif(sum(generations), 0) AS generated_tokens
  FROM date_sums
  GROUP BY ALL
),
percentiles_per_model AS (
  SELECT
    shown AS model,
    quantile_cont(latency_ns, [0.5, 0.95, 0.99]) AS quantiles_ns
  FROM requests_without_loads
  WHERE success
  GROUP BY ALL
)
SELECT
  model,
  CAST(requests AS BIGINT) AS requests,
  CAST(successes / requests AS DOUBLE) AS success_ratio,
  CAST(round(mean_ns) AS BIGINT) AS mean_ns,
  CAST(round(quantiles_ns[1]) AS BIGINT) AS p50_ns,
  CAST(round(quantiles_ns[2]) AS BIGINT) AS p95_ns,
  CAST(round(quantiles_ns[3]) AS BIGINT) AS p99_ns,
  CAST(round(load_mean_ns) AS BIGINT) AS load_mean_ns,
  CAST(round(prompt_eval_mean_ns) AS BIGINT) AS prompt_eval_mean_ns,
  CAST(round(eval_mean_ns) AS BIGINT) AS eval_mean_ns,
  CAST(speed AS DOUBLE) AS tokens_per_second,
  CAST(prompt_speed AS DOUBLE) AS prompt_tokens_per_second,
  CAST(prompt_tokens AS DOUBLE) AS prompt_tokens_per_request,
  CAST(generated_tokens AS DOUBLE) AS generated_tokens_per_request,
  CAST(quantiles_ns[1] / nullif(min(quantiles_ns[1]) OVER (), 0) AS DOUBLE) AS p50_per_fastest,
  CAST(quantiles_ns[2] / nullif(min(quantiles_ns[2]) OVER (), 0) AS DOUBLE) AS p95_per_fastest,
  CAST(speed / nullif(max(speed) OVER (), 0) AS DOUBLE) AS speed_per_fastest
FROM sums_per_model
LEFT JOIN percentiles_per_model USING (model)
ORDER BY p50_ns, model
