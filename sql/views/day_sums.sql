-- [view]
-- purpose = "sums and percentiles of each day and model that is in the store in full; what `ollalog cleanup` keeps of the days that it removes"
-- grain   = ["day_local", "model"]
-- needs   = ["model_requests", "slice_sums"]
-- [columns]
-- day_local           = "start of the day that the requests ended in; time of day in the zone of --timezone, else UTC"
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
WITH per_day_and_model AS (
  SELECT
    CAST(date_trunc('day', local_time(happened_at)) AS DATE) AS day_local,
    shown AS model,
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
  WHERE getvariable('timezone') IS NOT NULL
  GROUP BY ALL
)
SELECT
  day_local,
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
FROM per_day_and_model
UNION ALL
SELECT
  date_utc AS day_local,
  model,
  requests,
  successes,
  latency_ns,
  min_ns,
  max_ns,
  p50_ns,
  p90_ns,
  p95_ns,
  p99_ns,
  loads,
  load_ns,
  prompt_tokens,
  generated_tokens,
  timed_tokens,
  eval_ns,
  timed_prompt_tokens,
  prompt_eval_ns
FROM slice_sums
WHERE getvariable('timezone') IS NULL AND slice_ns = 86400000000000 AND NOT is_total
