-- [view]
-- purpose = "how much of each model's prompts came from the cache of the runner instead of being evaluated again"
-- grain   = ["model"]
-- needs   = ["requests_without_loads"]
-- [columns]
-- model            = "name as Ollama shows it; the file's first 12 hex digits where no name is known; '(unknown)' when nothing tells"
-- requests         = "requests that tell both their prompt tokens and the cached ones"
-- requests_reusing = "those that found tokens in the cache"
-- prompt_tokens    = "tokens of their prompts"
-- cached_tokens    = "tokens that were found in the cache"
-- cache_ratio      = "cached_tokens / prompt_tokens; 0 to 1"
-- saved_ns         = "time that evaluating the cached tokens would have taken at the model's prompt speed: an estimate; ns; null when the speed is not known"
WITH per_model AS (
  SELECT
    shown AS model,
    count(*) AS requests,
    count(*) FILTER (WHERE cached_tokens > 0) AS requests_reusing,
    sum(prompt_tokens) AS prompt_tokens,
    sum(cached_tokens) AS cached_tokens,
    sum(prompt_eval_ns) / nullif(sum(prompt_tokens - cached_tokens) FILTER (WHERE prompt_eval_ns IS NOT NULL), 0) AS ns_per_token
  FROM requests_without_loads
  WHERE prompt_tokens IS NOT NULL AND cached_tokens IS NOT NULL
  GROUP BY ALL
)
SELECT
  model,
  CAST(requests AS BIGINT) AS requests,
  CAST(requests_reusing AS BIGINT) AS requests_reusing,
  CAST(prompt_tokens AS BIGINT) AS prompt_tokens,
  CAST(cached_tokens AS BIGINT) AS cached_tokens,
  CAST(cached_tokens / nullif(prompt_tokens, 0) AS DOUBLE) AS cache_ratio,
  CAST(round(cached_tokens * ns_per_token) AS BIGINT) AS saved_ns
FROM per_model
ORDER BY prompt_tokens DESC, model
