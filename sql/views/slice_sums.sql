-- [view]
-- purpose = "sums and percentiles of each slice of 1, 6, 12 or 24 hours of a UTC date, for each model and for all: what trends in UTC say"
-- grain   = ["slice_utc", "slice_ns", "model"]
-- needs   = ["model_requests"]
-- by_date = true
-- [columns]
-- date_utc            = "UTC date that the requests ended on"
-- slice_utc           = "start of the slice that the requests ended in; UTC; slices without requests have no row"
-- slice_ns            = "length of the slice; ns"
-- model               = "name as Ollama shows it; the file's first 12 hex digits where no name is known; '(unknown)' when nothing tells; '(all)' for all models"
-- is_total            = "whether it is of all models"
-- requests            = "requests, failed ones included"
-- successes           = "requests that went well"
-- latency_ns          = "latency of all successes; ns"
-- min_ns              = "shortest latency of successes; ns"
-- max_ns              = "longest latency of successes; ns"
-- p50_ns              = "median latency of successes; ns"
-- p90_ns              = "90th percentile of latency of successes; ns"
-- p95_ns              = "95th percentile of latency of successes; ns"
-- p99_ns              = "99th percentile of latency of successes; ns"
-- first_token_p50_ns  = "median time to the first token of successes, as wait plus evaluation of the prompt; ns; null when the log does not tell"
-- loads               = "successes that tell their load time"
-- load_ns             = "load time of these; ns"
-- prompt_tokens       = "prompt tokens of all requests; null when none tells"
-- generated_tokens    = "generated tokens of all requests; null when none tells"
-- timed_tokens        = "generated tokens of successes that tell how long it took"
-- eval_ns             = "how long that took; ns"
-- timed_prompt_tokens = "evaluated prompt tokens of successes that tell how long it took"
-- prompt_eval_ns      = "how long that took; ns"
WITH
-- Compared with a constant, these are left out before the requests are read: with GROUPING SETS they would not be.
length AS (
  SELECT slice_ns, is_total
  FROM (
    VALUES
      (3600000000000, FALSE), (21600000000000, FALSE), (43200000000000, FALSE), (86400000000000, FALSE),
      (3600000000000, TRUE), (21600000000000, TRUE), (43200000000000, TRUE), (86400000000000, TRUE)
  ) AS lengths (slice_ns, is_total)
),
per_slice AS (
  SELECT
    epoch_us(happened_at) // 86400000000 AS day_number,
    epoch_us(happened_at) // (slice_ns // 1000) AS slice,
    slice_ns,
    CASE WHEN is_total THEN '(all)' ELSE shown END AS model,
    is_total,
    count(*) AS requests,
    count(*) FILTER (WHERE success) AS successes,
    sum(latency_ns) FILTER (WHERE success) AS latency_ns,
    min(latency_ns) FILTER (WHERE success) AS min_ns,
    max(latency_ns) FILTER (WHERE success) AS max_ns,
    quantile_cont(latency_ns, [0.5, 0.9, 0.95, 0.99]) FILTER (WHERE success) AS quantiles_ns,
    median(wait_ns + prompt_eval_ns) FILTER (WHERE success) AS first_token_p50_ns,
    count(load_ns) FILTER (WHERE success) AS loads,
    sum(load_ns) FILTER (WHERE success) AS load_ns,
    sum(prompt_tokens) AS prompt_tokens,
    sum(generated_tokens) AS generated_tokens,
    sum(generated_tokens) FILTER (WHERE success AND eval_ns > 0) AS timed_tokens,
    sum(eval_ns) FILTER (WHERE success AND generated_tokens IS NOT NULL) AS eval_ns,
    sum(prompt_tokens - coalesce(cached_tokens, 0)) FILTER (WHERE success AND prompt_eval_ns > 0) AS timed_prompt_tokens,
    sum(prompt_eval_ns) FILTER (WHERE success AND prompt_tokens IS NOT NULL) AS prompt_eval_ns
  FROM model_requests
  CROSS JOIN length
  GROUP BY ALL
)
SELECT
  CAST(make_timestamp(day_number * 86400000000) AS DATE) AS date_utc,
  make_timestamptz(slice * (slice_ns // 1000)) AS slice_utc,
  slice_ns,
  model,
  is_total,
  CAST(requests AS BIGINT) AS requests,
  CAST(successes AS BIGINT) AS successes,
  CAST(latency_ns AS BIGINT) AS latency_ns,
  CAST(min_ns AS BIGINT) AS min_ns,
  CAST(max_ns AS BIGINT) AS max_ns,
  CAST(round(quantiles_ns[1]) AS BIGINT) AS p50_ns,
  CAST(round(quantiles_ns[2]) AS BIGINT) AS p90_ns,
  CAST(round(quantiles_ns[3]) AS BIGINT) AS p95_ns,
  CAST(round(quantiles_ns[4]) AS BIGINT) AS p99_ns,
  CAST(round(first_token_p50_ns) AS BIGINT) AS first_token_p50_ns,
  CAST(loads AS BIGINT) AS loads,
  CAST(load_ns AS BIGINT) AS load_ns,
  CAST(prompt_tokens AS BIGINT) AS prompt_tokens,
  CAST(generated_tokens AS BIGINT) AS generated_tokens,
  CAST(timed_tokens AS BIGINT) AS timed_tokens,
  CAST(eval_ns AS BIGINT) AS eval_ns,
  CAST(timed_prompt_tokens AS BIGINT) AS timed_prompt_tokens,
  CAST(prompt_eval_ns AS BIGINT) AS prompt_eval_ns
FROM per_slice
