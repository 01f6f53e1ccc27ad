-- [view]
-- purpose = "how latency and prompt speed of each model change with the length of the prompt"
-- grain   = ["model", "from_tokens"]
-- needs   = ["requests_without_loads", "prompt_sums"]
-- [columns]
-- model                    = "name as Ollama shows it; the file's first 12 hex digits where no name is known; '(unknown)' when nothing tells"
-- from_tokens              = "shortest prompt of the bucket; tokens"
-- to_tokens                = "longest prompt of the bucket; tokens; null: no bound"
-- requests                 = "successful requests with a prompt of such length"
-- mean_prompt_tokens       = "mean length of their prompts; tokens"
-- mean_ns                  = "mean latency; ns"
-- p50_ns                   = "median latency; ns"
-- p95_ns                   = "95th percentile of latency; ns"
-- prompt_eval_mean_ns      = "mean time of prompt evaluation; ns"
-- prompt_tokens_per_second = "evaluated prompt tokens / prompt evaluation time, over all of them; 1/s"
-- tokens_per_second        = "generated tokens / generation time, over all of them; 1/s"
WITH
bucket AS (
  SELECT from_tokens, to_tokens
  FROM (
    VALUES (0, 128), (129, 512), (513, 2048), (2049, 8192), (8193, 32768), (32769, 131072), (131073, NULL)
  ) AS bounds (from_tokens, to_tokens)
),
sums_per_model_and_bucket AS (
  SELECT
    model,
    from_tokens,
    sum(requests) AS requests,
    sum(prompt_tokens) / sum(requests) AS mean_prompt_tokens,
    sum(latency_ns) / nullif(sum(latencies), 0) AS mean_ns,
    sum(prompt_eval_ns) / nullif(sum(prompt_evals), 0) AS prompt_eval_mean_ns,
    sum(timed_prompt_tokens) AS timed_prompt_tokens,
    sum(prompt_eval_ns) AS prompt_eval_ns,
    sum(timed_tokens) AS timed_tokens,
    sum(eval_ns) AS eval_ns
  FROM prompt_sums
  GROUP BY ALL
),
percentiles_per_model_and_bucket AS (
  SELECT
    shown AS model,
    CASE
      WHEN prompt_tokens <= 128 THEN 0
      WHEN prompt_tokens <= 512 THEN 129
      WHEN prompt_tokens <= 2048 THEN 513
      WHEN prompt_tokens <= 8192 THEN 2049
      WHEN prompt_tokens <= 32768 THEN 8193
      WHEN prompt_tokens <= 131072 THEN 32769
      ELSE 131073
    END AS from_tokens,
    quantile_cont(latency_ns, [0.5, 0.95]) AS quantiles_ns
  FROM requests_without_loads
  WHERE success AND prompt_tokens IS NOT NULL
  GROUP BY ALL
)
SELECT
  model,
  CAST(from_tokens AS BIGINT) AS from_tokens,
  CAST(to_tokens AS BIGINT) AS to_tokens,
  CAST(requests AS BIGINT) AS requests,
  CAST(mean_prompt_tokens AS DOUBLE) AS mean_prompt_tokens,
  CAST(round(mean_ns) AS BIGINT) AS mean_ns,
  CAST(round(quantiles_ns[1]) AS BIGINT) AS p50_ns,
  CAST(round(quantiles_ns[2]) AS BIGINT) AS p95_ns,
  CAST(round(prompt_eval_mean_ns) AS BIGINT) AS prompt_eval_mean_ns,
  CAST(1e9 * timed_prompt_tokens / nullif(prompt_eval_ns, 0) AS DOUBLE) AS prompt_tokens_per_second,
  CAST(1e9 * timed_tokens / nullif(eval_ns, 0) AS DOUBLE) AS tokens_per_second
FROM sums_per_model_and_bucket
JOIN percentiles_per_model_and_bucket USING (model, from_tokens)
JOIN bucket USING (from_tokens)
ORDER BY model, from_tokens
