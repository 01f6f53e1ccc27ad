-- [view]
-- purpose = "each model in a line: requests, failures, throughput, latency of successes, tokens and speed"
-- grain   = ["model"]
-- needs   = ["requests_without_loads"]
-- [columns]
-- model                    = "name as Ollama shows it; the file's first 12 hex digits where no name is known; '(unknown)' when nothing tells"
-- requests                 = "requests, failed ones included"
-- successes                = "requests that went well"
-- failures                 = "requests that failed"
-- success_ratio            = "successes / requests; 0 to 1"
-- error_ratio              = "failures / requests; 0 to 1"
-- requests_per_second      = "requests / time from the first start to the last end; 1/s; null when that is no time"
-- mean_ns                  = "mean latency of successes; ns"
-- min_ns                   = "shortest latency of successes; ns"
-- max_ns                   = "longest latency of successes; ns"
-- p50_ns                   = "median latency of successes; ns"
-- p90_ns                   = "90th percentile of latency of successes; ns"
-- p95_ns                   = "95th percentile of latency of successes; ns"
-- p99_ns                   = "99th percentile of latency of successes; ns"
-- prompt_tokens            = "prompt tokens of all requests; null when none tells"
-- generated_tokens         = "generated tokens of all requests; null when none tells"
-- tokens_per_request       = "prompt and generated tokens / requests that tell of tokens"
-- tokens_per_second        = "generated tokens / generation time, over all successes; 1/s"
-- median_tokens_per_second = "median of the requests' generation speeds; 1/s"
-- first_seen               = "end of its first request; UTC"
-- last_seen                = "end of its last request; UTC"
WITH per_model AS (
  SELECT
    coalesce(model, model_blob, '(unknown)') AS model,
    count(*) AS requests,
    count(*) FILTER (WHERE success) AS successes,
    avg(latency_ns) FILTER (WHERE success) AS mean_ns,
    min(latency_ns) FILTER (WHERE success) AS min_ns,
    max(latency_ns) FILTER (WHERE success) AS max_ns,
    quantile_cont(latency_ns, [0.5, 0.9, 0.95, 0.99]) FILTER (WHERE success) AS quantiles_ns,
    sum(prompt_tokens) AS prompt_tokens,
    sum(generated_tokens) AS generated_tokens,
    count(*) FILTER (WHERE coalesce(prompt_tokens, generated_tokens) IS NOT NULL) AS requests_with_tokens,
    sum(generated_tokens) FILTER (WHERE success AND eval_ns > 0) AS timed_tokens,
    sum(eval_ns) FILTER (WHERE success AND generated_tokens IS NOT NULL) AS eval_ns,
    median(tokens_per_second) FILTER (WHERE success) AS median_tokens_per_second,
    min(happened_at) AS first_seen,
    max(happened_at) AS last_seen,
    epoch_us(max(happened_at)) - epoch_us(min(started_at)) AS span_us
  FROM requests_without_loads
  GROUP BY ALL
)
SELECT
  model,
  CAST(requests AS BIGINT) AS requests,
  CAST(successes AS BIGINT) AS successes,
  CAST(requests - successes AS BIGINT) AS failures,
  CAST(successes / requests AS DOUBLE) AS success_ratio,
  CAST((requests - successes) / requests AS DOUBLE) AS error_ratio,
  CAST(requests / nullif(span_us / 1e6, 0) AS DOUBLE) AS requests_per_second,
  CAST(round(mean_ns) AS BIGINT) AS mean_ns,
  CAST(min_ns AS BIGINT) AS min_ns,
  CAST(max_ns AS BIGINT) AS max_ns,
  CAST(round(quantiles_ns[1]) AS BIGINT) AS p50_ns,
  CAST(round(quantiles_ns[2]) AS BIGINT) AS p90_ns,
  CAST(round(quantiles_ns[3]) AS BIGINT) AS p95_ns,
  CAST(round(quantiles_ns[4]) AS BIGINT) AS p99_ns,
  CAST(prompt_tokens AS BIGINT) AS prompt_tokens,
  CAST(generated_tokens AS BIGINT) AS generated_tokens,
  CAST((coalesce(prompt_tokens, 0) + coalesce(generated_tokens, 0)) / nullif(requests_with_tokens, 0) AS DOUBLE) AS tokens_per_request,
  CAST(1e9 * timed_tokens / nullif(eval_ns, 0) AS DOUBLE) AS tokens_per_second,
  CAST(median_tokens_per_second AS DOUBLE) AS median_tokens_per_second,
  first_seen,
  last_seen
FROM per_model
ORDER BY requests DESC, model
