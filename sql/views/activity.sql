-- [view]
-- purpose = "what happened in each slice of time, for each model and for all: requests, failures, latency, tokens, speed"
-- grain   = ["slice_utc", "model"]
-- needs   = ["time_slices", "requests_without_loads", "slice_sums"]
-- [columns]
-- slice_utc            = "start of the slice that the requests ended in (see time_slices); UTC; slices without requests have no row"
-- slice_ns             = "length of the slice; ns"
-- model                = "name as Ollama shows it; the file's first 12 hex digits where no name is known; '(unknown)' when nothing tells; '(all)' for all models"
-- requests             = "requests, failed ones included"
-- failures             = "requests that failed"
-- error_ratio          = "failures / requests; 0 to 1"
-- requests_per_minute  = "requests / length of the slice; 1/min"
-- p50_ns               = "median latency of successes; ns"
-- p95_ns               = "95th percentile of latency of successes; ns"
-- first_token_p50_ns   = "median time to the first token, derived as wait plus evaluation of the prompt (see time_to_first_token); ns; null when the log does not tell"
-- prompt_tokens        = "prompt tokens; null when no request tells"
-- generated_tokens     = "generated tokens; null when no request tells"
-- generated_per_second = "generated tokens / length of the slice: throughput, not the speed of one request; 1/s"
-- tokens_per_second    = "generated tokens / generation time, over all successes; 1/s"
WITH
-- Slices of these lengths are summed up by date.
request AS (
  SELECT
    epoch_us(happened_at) // (getvariable('slice_ns') // 1000) AS slice,
    shown AS model,
    success,
    latency_ns,
    wait_ns + prompt_eval_ns AS first_token_ns,
    prompt_tokens,
    generated_tokens,
    eval_ns
  FROM requests_without_loads
  WHERE getvariable('slice_ns') NOT IN (3600000000000, 21600000000000, 43200000000000, 86400000000000)
),
per_slice AS (
  SELECT
    make_timestamptz(slice * (getvariable('slice_ns') // 1000)) AS slice_utc,
    CASE WHEN grouping(model) = 1 THEN '(all)' ELSE model END AS model,
    count(*) AS requests,
    count(*) FILTER (WHERE NOT success) AS failures,
    quantile_cont(latency_ns, [0.5, 0.95]) FILTER (WHERE success) AS quantiles_ns,
    median(first_token_ns) FILTER (WHERE success) AS first_token_ns,
    sum(prompt_tokens) AS prompt_tokens,
    sum(generated_tokens) AS generated_tokens,
    sum(generated_tokens) FILTER (WHERE success AND eval_ns > 0) AS timed_tokens,
    sum(eval_ns) FILTER (WHERE success AND generated_tokens IS NOT NULL) AS eval_ns
  FROM request
  GROUP BY GROUPING SETS ((slice), (slice, model))
  UNION ALL
  SELECT
    slice_utc,
    model,
    requests,
    requests - successes,
    [p50_ns, p95_ns],
    first_token_p50_ns,
    prompt_tokens,
    generated_tokens,
    timed_tokens,
    eval_ns
  FROM slice_sums
  WHERE slice_ns = getvariable('slice_ns')
)
SELECT
  slice_utc,
  slice_ns,
  model,
  CAST(requests AS BIGINT) AS requests,
  CAST(failures AS BIGINT) AS failures,
  CAST(failures / requests AS DOUBLE) AS error_ratio,
  CAST(requests * 6e10 / slice_ns AS DOUBLE) AS requests_per_minute,
  CAST(round(quantiles_ns[1]) AS BIGINT) AS p50_ns,
  CAST(round(quantiles_ns[2]) AS BIGINT) AS p95_ns,
  CAST(round(first_token_ns) AS BIGINT) AS first_token_p50_ns,
  CAST(prompt_tokens AS BIGINT) AS prompt_tokens,
  CAST(generated_tokens AS BIGINT) AS generated_tokens,
  CAST(generated_tokens * 1e9 / slice_ns AS DOUBLE) AS generated_per_second,
  CAST(1e9 * timed_tokens / nullif(eval_ns, 0) AS DOUBLE) AS tokens_per_second
FROM per_slice
CROSS JOIN time_slices
ORDER BY slice_utc, model
