-- [view]
-- purpose = "each model in a line: requests, failures, throughput, latency of successes, tokens and speed"
-- grain   = ["model"]
-- needs   = ["requests_without_loads", "date_sums"]
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
WITH
sums_per_model AS (
  SELECT
    model,
    sum(requests) AS requests,
    sum(successes) AS successes,
    sum(latency_ns) AS latency_ns,
    min(min_ns) AS min_ns,
    max(max_ns) AS max_ns,
    sum(prompt_tokens) AS prompt_tokens,
    sum(generated_tokens) AS generated_tokens,
    sum(token_requests) AS token_requests,
    sum(timed_tokens) AS timed_tokens,
    sum(timed_ns) AS timed_ns,
    min(first_seen) AS first_seen,
    max(last_seen) AS last_seen,
    epoch_us(max(last_seen)) - epoch_us(min(first_start)) AS span_us
  FROM date_sums
  GROUP BY ALL
),
percentiles_per_model AS (
  SELECT
    shown AS model,
    quantile_cont(latency_ns, [0.5, 0.9, 0.95, 0.99]) AS quantiles_ns,
    median(tokens_per_second) AS median_tokens_per_second
  FROM requests_without_loads
  WHERE success
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
  CAST(round(latency_ns / nullif(successes, 0)) AS BIGINT) AS mean_ns,
  CAST(min_ns AS BIGINT) AS min_ns,
  CAST(max_ns AS BIGINT) AS max_ns,
  CAST(round(quantiles_ns[1]) AS BIGINT) AS p50_ns,
  CAST(round(quantiles_ns[2]) AS BIGINT) AS p90_ns,
  CAST(round(quantiles_ns[3]) AS BIGINT) AS p95_ns,
  CAST(round(quantiles_ns[4]) AS BIGINT) AS p99_ns,
  CAST(prompt_tokens AS BIGINT) AS prompt_tokens,
  CAST(generated_tokens AS BIGINT) AS generated_tokens,
  CAST((coalesce(prompt_tokens, 0) + coalesce(generated_tokens, 0)) / nullif(token_requests, 0) AS DOUBLE) AS tokens_per_request,
  CAST(1e9 * timed_tokens / nullif(timed_ns, 0) AS DOUBLE) AS tokens_per_second,
  CAST(median_tokens_per_second AS DOUBLE) AS median_tokens_per_second,
  first_seen,
  last_seen
FROM sums_per_model
LEFT JOIN percentiles_per_model USING (model)
ORDER BY requests DESC, model
