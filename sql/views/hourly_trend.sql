-- [view]
-- purpose = "every statistic of each hour and model; hours in the zone that was asked for, else UTC"
-- grain   = ["hour_local", "model"]
-- needs   = ["model_requests", "slice_sums"]
-- [columns]
-- hour_local               = "start of the hour that the requests ended in; time of day in the zone of --timezone, else UTC"
-- model                    = "name as Ollama shows it; the file's first 12 hex digits where no name is known; '(unknown)' when nothing tells"
-- requests                 = "requests, failed ones included"
-- successes                = "requests that went well"
-- failures                 = "requests that failed"
-- success_ratio            = "successes / requests; 0 to 1"
-- mean_ns                  = "mean latency of successes; ns"
-- min_ns                   = "shortest latency of successes; ns"
-- max_ns                   = "longest latency of successes; ns"
-- p50_ns                   = "median latency of successes; ns"
-- p90_ns                   = "90th percentile of latency of successes; ns"
-- p95_ns                   = "95th percentile of latency of successes; ns"
-- p99_ns                   = "99th percentile of latency of successes; ns"
-- load_mean_ns             = "mean load time of successes that tell it; ns"
-- prompt_tokens            = "prompt tokens of all requests; null when none tells"
-- generated_tokens         = "generated tokens of all requests; null when none tells"
-- tokens_per_second        = "generated tokens / generation time, over all successes; 1/s"
-- prompt_tokens_per_second = "evaluated prompt tokens / prompt evaluation time, over all successes; 1/s"
WITH per_hour_and_model AS (
  SELECT
    CAST(date_trunc('hour', local_time(happened_at)) AS TIMESTAMP) AS hour_local,
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
  UNION ALL
  SELECT
    make_timestamp(epoch_us(slice_utc)),
    model,
    requests,
    successes,
    latency_ns,
    min_ns,
    max_ns,
    [p50_ns, p90_ns, p95_ns, p99_ns],
    loads,
    load_ns,
    prompt_tokens,
    generated_tokens,
    timed_tokens,
    eval_ns,
    timed_prompt_tokens,
    prompt_eval_ns
  FROM slice_sums
  WHERE getvariable('timezone') IS NULL AND slice_ns = 3600000000000 AND NOT is_total
)
SELECT
  hour_local,
  model,
  CAST(requests AS BIGINT) AS requests,
  CAST(successes AS BIGINT) AS successes,
  CAST(requests - successes AS BIGINT) AS failures,
  CAST(successes / requests AS DOUBLE) AS success_ratio,
  CAST(round(latency_ns / nullif(successes, 0)) AS BIGINT) AS mean_ns,
  CAST(min_ns AS BIGINT) AS min_ns,
  CAST(max_ns AS BIGINT) AS max_ns,
  CAST(round(quantiles_ns[1]) AS BIGINT) AS p50_ns,
  CAST(round(quantiles_ns[2]) AS BIGINT) AS p90_ns,
  CAST(round(quantiles_ns[3]) AS BIGINT) AS p95_ns,
  CAST(round(quantiles_ns[4]) AS BIGINT) AS p99_ns,
  CAST(round(load_ns / nullif(loads, 0)) AS BIGINT) AS load_mean_ns,
  CAST(prompt_tokens AS BIGINT) AS prompt_tokens,
  CAST(generated_tokens AS BIGINT) AS generated_tokens,
  CAST(1e9 * timed_tokens / nullif(eval_ns, 0) AS DOUBLE) AS tokens_per_second,
  CAST(1e9 * timed_prompt_tokens / nullif(prompt_eval_ns, 0) AS DOUBLE) AS prompt_tokens_per_second
FROM per_hour_and_model
ORDER BY hour_local, model
