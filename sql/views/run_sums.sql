-- [view]
-- purpose = "runs of the server log of each day, server run and model: what truncations and versions add up"
-- grain   = ["date_utc", "host", "session", "model"]
-- needs   = ["inferences", "model_files"]
-- by_date = true
-- [columns]
-- date_utc       = "UTC date that the runs ended on"
-- host           = "machine that the log is of"
-- session        = "server run; null before the first known start"
-- model          = "name as Ollama shows it; the file's first 12 hex digits where no name is known; null when nothing tells"
-- runs           = "runs"
-- context_shifts = "runs during which the context overflowed"
-- last_shift     = "end of the last of these; UTC"
-- timed_tokens   = "generated tokens of runs that tell how long it took; null when none tells"
-- eval_ns        = "how long that took; ns; null when none tells"
SELECT
  CAST(make_timestamp(epoch_us(happened_at)) AS DATE) AS date_utc,
  host,
  session,
  coalesce(model_files.model, inferences.model, inferences.model_blob) AS model,
  CAST(count(*) AS BIGINT) AS runs,
  CAST(count(*) FILTER (WHERE truncated) AS BIGINT) AS context_shifts,
  max(happened_at) FILTER (WHERE truncated) AS last_shift,
  CAST(sum(generated_tokens) FILTER (WHERE eval_ns > 0) AS BIGINT) AS timed_tokens,
  CAST(sum(eval_ns) FILTER (WHERE generated_tokens IS NOT NULL) AS BIGINT) AS eval_ns
FROM inferences
LEFT JOIN model_files USING (model_blob)
WHERE origin = 'server_log'
GROUP BY ALL
