-- [view]
-- purpose = "every statistic of each day and model; days in the zone that was asked for, else UTC; days that were removed by their sums, in UTC"
-- grain   = ["day_local", "model"]
-- needs   = ["day_sums", "day_rollups"]
-- [columns]
-- day_local               = "start of the day that the requests ended in; time of day in the zone of --timezone, else UTC"
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
WITH days AS (
  SELECT * FROM day_sums
  UNION ALL BY NAME
  SELECT CAST(happened_at AS DATE) AS day_local, * EXCLUDE (happened_at, batch, source, byte_offset, host, session)
  FROM day_rollups
),
-- A day is told twice where it was removed in part: its zone is not UTC, or lines of it came later. Percentiles cannot be added up:
-- those of the part with more requests stand for the day.
whole_days AS (
  SELECT
    day_local,
    model,
    sum(requests) AS requests,
    sum(successes) AS successes,
    sum(latency_ns) AS latency_ns,
    min(min_ns) AS min_ns,
    max(max_ns) AS max_ns,
    arg_max(p50_ns, successes) AS p50_ns,
    arg_max(p90_ns, successes) AS p90_ns,
    arg_max(p95_ns, successes) AS p95_ns,
    arg_max(p99_ns, successes) AS p99_ns,
    sum(loads) AS loads,
    sum(load_ns) AS load_ns,
    sum(prompt_tokens) AS prompt_tokens,
    sum(generated_tokens) AS generated_tokens,
    sum(timed_tokens) AS timed_tokens,
    sum(eval_ns) AS eval_ns,
    sum(timed_prompt_tokens) AS timed_prompt_tokens,
    sum(prompt_eval_ns) AS prompt_eval_ns
  FROM days
  GROUP BY ALL
)
SELECT
  day_local,
  model,
  CAST(requests AS BIGINT) AS requests,
  CAST(successes AS BIGINT) AS successes,
  CAST(requests - successes AS BIGINT) AS failures,
  CAST(successes / requests AS DOUBLE) AS success_ratio,
  CAST(round(latency_ns / nullif(successes, 0)) AS BIGINT) AS mean_ns,
  min_ns,
  max_ns,
  p50_ns,
  p90_ns,
  p95_ns,
  p99_ns,
  CAST(round(load_ns / nullif(loads, 0)) AS BIGINT) AS load_mean_ns,
  CAST(prompt_tokens AS BIGINT) AS prompt_tokens,
  CAST(generated_tokens AS BIGINT) AS generated_tokens,
  CAST(1e9 * timed_tokens / nullif(eval_ns, 0) AS DOUBLE) AS tokens_per_second,
  CAST(1e9 * timed_prompt_tokens / nullif(prompt_eval_ns, 0) AS DOUBLE) AS prompt_tokens_per_second
FROM whole_days
ORDER BY day_local, model
