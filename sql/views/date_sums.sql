-- [view]
-- purpose = "sums and percentiles of each UTC date and model: what day_sums and daily_trend say where days are those of UTC"
-- grain   = ["date_utc", "model"]
-- needs   = ["model_requests"]
-- by_date = true
-- [columns]
-- date_utc            = "UTC date that the requests ended on"
-- model               = "name as Ollama shows it; the file's first 12 hex digits where no name is known; '(unknown)' when nothing tells"
-- requests            = "requests, failed ones included"
-- successes           = "requests that went well"
-- latency_ns          = "latency of all successes; ns"
-- min_ns              = "shortest latency of successes; ns"
-- max_ns              = "longest latency of successes; ns"
-- p50_ns              = "median latency of successes; ns"
-- p90_ns              = "90th percentile of latency of successes; ns"
-- p95_ns              = "95th percentile of latency of successes; ns"
-- p99_ns              = "99th percentile of latency of successes; ns"
-- loads               = "successes that tell their load time"
-- load_ns             = "load time of these; ns"
-- prompt_tokens       = "prompt tokens of all requests; null when none tells"
-- generated_tokens    = "generated tokens of all requests; null when none tells"
-- timed_tokens        = "generated tokens of successes that tell how long it took"
-- eval_ns             = "how long that took; ns"
-- timed_prompt_tokens = "evaluated prompt tokens of successes that tell how long it took"
-- prompt_eval_ns      = "how long that took; ns"
WITH per_date_and_model AS (
  SELECT
    CAST(make_timestamp(epoch_us(happened_at)) AS DATE) AS date_utc,
    coalesce(model, model_blob, '(unknown)') AS model,
    count(*) AS requests,
    count(*) FILTER (WHERE success) AS successes,
    sum(latency_ns) FILTER (WHERE success) AS latency_ns,
    min(latency_ns) FILTER (WHERE success) AS min_ns,
    max(latency_ns) FILTER (WHERE success) AS max_ns,
    quantile_cont(latency_ns, [0.5, 0.9, 0.95, 0.99]) FILTER (WHERE success) AS quantiles_ns,
    count(load_ns) FILTER (WHERE success) AS loads,
    sum(load_ns) FILTER (WHERE success) AS load_ns,
    sum(prompt_tokens) AS prompt_tokens,
    sum(generated_tokens) AS generated_tokens,
    sum(generated_tokens) FILTER (WHERE success AND eval_ns > 0) AS timed_tokens,
    sum(eval_ns) FILTER (WHERE success AND generated_tokens IS NOT NULL) AS eval_ns,
    sum(prompt_tokens - coalesce(cached_tokens, 0)) FILTER (WHERE success AND prompt_eval_ns > 0) AS timed_prompt_tokens,
    sum(prompt_eval_ns) FILTER (WHERE success AND prompt_tokens IS NOT NULL) AS prompt_eval_ns
  FROM model_requests
  GROUP BY ALL
)
SELECT
  date_utc,
  model,
  CAST(requests AS BIGINT) AS requests,
  CAST(successes AS BIGINT) AS successes,
  CAST(latency_ns AS BIGINT) AS latency_ns,
  CAST(min_ns AS BIGINT) AS min_ns,
  CAST(max_ns AS BIGINT) AS max_ns,
  CAST(round(quantiles_ns[1]) AS BIGINT) AS p50_ns,
  CAST(round(quantiles_ns[2]) AS BIGINT) AS p90_ns,
  CAST(round(quantiles_ns[3]) AS BIGINT) AS p95_ns,
  CAST(round(quantiles_ns[4]) AS BIGINT) AS p99_ns,
  CAST(loads AS BIGINT) AS loads,
  CAST(load_ns AS BIGINT) AS load_ns,
  CAST(prompt_tokens AS BIGINT) AS prompt_tokens,
  CAST(generated_tokens AS BIGINT) AS generated_tokens,
  CAST(timed_tokens AS BIGINT) AS timed_tokens,
  CAST(eval_ns AS BIGINT) AS eval_ns,
  CAST(timed_prompt_tokens AS BIGINT) AS timed_prompt_tokens,
  CAST(prompt_eval_ns AS BIGINT) AS prompt_eval_ns
FROM per_date_and_model
