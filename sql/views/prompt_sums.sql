-- [view]
-- purpose = "sums of the successful requests of each UTC date, model and length of prompt: what prompt_length_effect adds up"
-- grain   = ["date_utc", "model", "from_tokens"]
-- needs   = ["requests_without_loads"]
-- by_date = true
-- [columns]
-- date_utc            = "UTC date that the requests ended on"
-- model               = "name as Ollama shows it; the file's first 12 hex digits where no name is known; '(unknown)' when nothing tells"
-- from_tokens         = "shortest prompt of the class; tokens"
-- requests            = "successful requests that tell their prompt tokens"
-- prompt_tokens       = "prompt tokens of these"
-- latencies           = "those that tell their latency"
-- latency_ns          = "latency of these; ns"
-- prompt_evals        = "those that tell how long the evaluation of their prompt took"
-- prompt_eval_ns      = "how long that took; ns"
-- timed_prompt_tokens = "evaluated prompt tokens of those"
-- timed_tokens        = "generated tokens of those that tell how long that took"
-- eval_ns             = "how long that took; ns"
SELECT
  CAST(make_timestamp(epoch_us(happened_at)) AS DATE) AS date_utc,
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
  CAST(count(*) AS BIGINT) AS requests,
  CAST(sum(prompt_tokens) AS BIGINT) AS prompt_tokens,
  CAST(count(latency_ns) AS BIGINT) AS latencies,
  CAST(sum(latency_ns) AS BIGINT) AS latency_ns,
  CAST(count(prompt_eval_ns) AS BIGINT) AS prompt_evals,
  CAST(sum(prompt_eval_ns) AS BIGINT) AS prompt_eval_ns,
  CAST(sum(prompt_tokens - coalesce(cached_tokens, 0)) FILTER (WHERE prompt_eval_ns > 0) AS BIGINT) AS timed_prompt_tokens,
  CAST(sum(generated_tokens) FILTER (WHERE eval_ns > 0) AS BIGINT) AS timed_tokens,
  CAST(sum(eval_ns) FILTER (WHERE generated_tokens IS NOT NULL) AS BIGINT) AS eval_ns
FROM requests_without_loads
WHERE success AND prompt_tokens IS NOT NULL
GROUP BY ALL
