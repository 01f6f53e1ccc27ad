-- [view]
-- purpose = "sums of the requests of each UTC date, machine, server run and model: what figures of longer times add up"
-- grain   = ["date_utc", "host", "session", "model"]
-- needs   = ["model_requests"]
-- by_date = true
-- [columns]
-- date_utc            = "UTC date that the requests ended on"
-- host                = "machine that the log is of"
-- session             = "server run; null before the first known start, and for records that fit no access line"
-- model               = "name as Ollama shows it; the file's first 12 hex digits where no name is known; '(unknown)' when nothing tells"
-- requests            = "requests, failed ones included"
-- successes           = "requests that went well"
-- first_start         = "start of the first request; UTC"
-- first_seen          = "end of the first request; UTC"
-- last_seen           = "end of the last one; UTC"
-- first_success       = "end of the first request that went well; UTC"
-- last_success        = "end of the last one; UTC"
-- latency_ns          = "latency of all successes; ns"
-- min_ns              = "shortest latency of successes; ns"
-- max_ns              = "longest latency of successes; ns"
-- loads               = "successes that tell their load time"
-- load_ns             = "load time of these; ns"
-- min_load_ns         = "shortest of these; ns"
-- max_load_ns         = "longest of these; ns"
-- cold_tellers        = "successes that tell whether they waited for a load"
-- cold                = "those that did"
-- cold_loads          = "of these, those that tell their load time"
-- cold_load_ns        = "load time of these; ns"
-- warm_loads          = "successes that did not wait for a load and tell their load time"
-- warm_load_ns        = "load time of these; ns"
-- parted              = "successes whose latency can be parted: those with other_ns"
-- parted_latency_ns   = "latency of these; ns"
-- parted_load_ns      = "load in it; ns"
-- parted_prompt_ns    = "evaluation of prompts in it; ns"
-- parted_eval_ns      = "generation in it; ns"
-- parted_other_ns     = "what is left of it; ns"
-- waits               = "successes that tell their load time, or that they found their model loaded"
-- wait_load_ns        = "load time of these, 0 where the model was loaded; ns"
-- wait_latency_ns     = "latency of these; ns"
-- prompt_evals        = "successes that tell how long the evaluation of their prompt took"
-- prompt_eval_ns      = "how long that took; ns"
-- evals               = "successes that tell how long their generation took"
-- eval_ns             = "how long that took; ns"
-- token_requests      = "requests that tell of tokens"
-- prompt_tokens       = "prompt tokens of all requests; null when none tells"
-- generated_tokens    = "generated tokens of all requests; null when none tells"
-- prompts             = "successes that tell their prompt tokens"
-- ok_prompt_tokens    = "prompt tokens of these"
-- generations         = "successes that tell their generated tokens"
-- ok_generated_tokens = "generated tokens of these"
-- timed_tokens        = "generated tokens of successes that tell how long it took"
-- timed_ns            = "how long that took; ns"
-- timed_prompt_tokens = "evaluated prompt tokens of successes that tell how long it took"
-- timed_prompt_ns     = "how long that took; ns"
-- lengths             = "requests that tell their prompt tokens"
-- longest_tokens      = "most prompt and generated tokens of one of these"
SELECT
  CAST(make_timestamp(epoch_us(happened_at)) AS DATE) AS date_utc,
  host,
  session,
  shown AS model,
  CAST(count(*) AS BIGINT) AS requests,
  CAST(count(*) FILTER (WHERE success) AS BIGINT) AS successes,
  min(started_at) AS first_start,
  min(happened_at) AS first_seen,
  max(happened_at) AS last_seen,
  min(happened_at) FILTER (WHERE success) AS first_success,
  max(happened_at) FILTER (WHERE success) AS last_success,
  CAST(sum(latency_ns) FILTER (WHERE success) AS BIGINT) AS latency_ns,
  min(latency_ns) FILTER (WHERE success) AS min_ns,
  max(latency_ns) FILTER (WHERE success) AS max_ns,
  CAST(count(load_ns) FILTER (WHERE success) AS BIGINT) AS loads,
  CAST(sum(load_ns) FILTER (WHERE success) AS BIGINT) AS load_ns,
  min(load_ns) FILTER (WHERE success) AS min_load_ns,
  max(load_ns) FILTER (WHERE success) AS max_load_ns,
  CAST(count(cold) FILTER (WHERE success) AS BIGINT) AS cold_tellers,
  CAST(count(*) FILTER (WHERE success AND cold) AS BIGINT) AS cold,
  CAST(count(load_ns) FILTER (WHERE success AND cold) AS BIGINT) AS cold_loads,
  CAST(sum(load_ns) FILTER (WHERE success AND cold) AS BIGINT) AS cold_load_ns,
  CAST(count(load_ns) FILTER (WHERE success AND NOT cold) AS BIGINT) AS warm_loads,
  CAST(sum(load_ns) FILTER (WHERE success AND NOT cold) AS BIGINT) AS warm_load_ns,
  CAST(count(other_ns) FILTER (WHERE success) AS BIGINT) AS parted,
  CAST(sum(latency_ns) FILTER (WHERE success AND other_ns IS NOT NULL) AS BIGINT) AS parted_latency_ns,
  CAST(sum(load_ns) FILTER (WHERE success AND other_ns IS NOT NULL) AS BIGINT) AS parted_load_ns,
  CAST(sum(prompt_eval_ns) FILTER (WHERE success AND other_ns IS NOT NULL) AS BIGINT) AS parted_prompt_ns,
  CAST(sum(eval_ns) FILTER (WHERE success AND other_ns IS NOT NULL) AS BIGINT) AS parted_eval_ns,
  CAST(sum(other_ns) FILTER (WHERE success) AS BIGINT) AS parted_other_ns,
  CAST(count(coalesce(load_ns, CASE WHEN NOT cold THEN 0 END)) FILTER (WHERE success) AS BIGINT) AS waits,
  CAST(sum(coalesce(load_ns, CASE WHEN NOT cold THEN 0 END)) FILTER (WHERE success) AS BIGINT) AS wait_load_ns,
  CAST(sum(latency_ns) FILTER (WHERE success AND coalesce(load_ns, CASE WHEN NOT cold THEN 0 END) IS NOT NULL) AS BIGINT) AS wait_latency_ns,
  CAST(count(prompt_eval_ns) FILTER (WHERE success) AS BIGINT) AS prompt_evals,
  CAST(sum(prompt_eval_ns) FILTER (WHERE success) AS BIGINT) AS prompt_eval_ns,
  CAST(count(eval_ns) FILTER (WHERE success) AS BIGINT) AS evals,
  CAST(sum(eval_ns) FILTER (WHERE success) AS BIGINT) AS eval_ns,
  CAST(count(coalesce(prompt_tokens, generated_tokens)) AS BIGINT) AS token_requests,
  CAST(sum(prompt_tokens) AS BIGINT) AS prompt_tokens,
  CAST(sum(generated_tokens) AS BIGINT) AS generated_tokens,
  CAST(count(prompt_tokens) FILTER (WHERE success) AS BIGINT) AS prompts,
  CAST(sum(prompt_tokens) FILTER (WHERE success) AS BIGINT) AS ok_prompt_tokens,
  CAST(count(generated_tokens) FILTER (WHERE success) AS BIGINT) AS generations,
  CAST(sum(generated_tokens) FILTER (WHERE success) AS BIGINT) AS ok_generated_tokens,
  CAST(sum(generated_tokens) FILTER (WHERE success AND eval_ns > 0) AS BIGINT) AS timed_tokens,
  CAST(sum(eval_ns) FILTER (WHERE success AND generated_tokens IS NOT NULL) AS BIGINT) AS timed_ns,
  CAST(sum(prompt_tokens - coalesce(cached_tokens, 0)) FILTER (WHERE success AND prompt_eval_ns > 0) AS BIGINT) AS timed_prompt_tokens,
  CAST(sum(prompt_eval_ns) FILTER (WHERE success AND prompt_tokens IS NOT NULL) AS BIGINT) AS timed_prompt_ns,
  CAST(count(prompt_tokens) AS BIGINT) AS lengths,
  max(prompt_tokens + coalesce(generated_tokens, 0)) AS longest_tokens
FROM model_requests
GROUP BY ALL
