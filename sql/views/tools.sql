-- [view]
-- purpose = "tools by the agent that used them: how often, how it ended, how long it took, how much went in and came out"
-- grain   = ["agent_id", "tool"]
-- needs   = ["executions"]
-- [columns]
-- agent_id      = "identifier of the agent; null where none is told"
-- tool          = "name of the tool"
-- executions    = "its uses, failed ones included"
-- successes     = "those that went well"
-- errors        = "those that failed"
-- timeouts      = "those that took too long"
-- success_ratio = "successes / executions; 0 to 1"
-- retries       = "attempts beyond the first, of all uses"
-- total_ns      = "sum of their durations; ns"
-- mean_ns       = "mean duration; ns"
-- min_ns        = "shortest; ns"
-- p95_ns        = "95th percentile; ns"
-- max_ns        = "longest; ns"
-- input_bytes   = "what went in, of all uses that tell it; bytes"
-- output_bytes  = "what came out, of all uses that tell it; bytes"
-- last_error    = "text of the last failure that has one"
-- last_seen     = "end of the last use; UTC"
SELECT
  parent AS agent_id,
  name AS tool,
  CAST(count(*) AS BIGINT) AS executions,
  CAST(count(*) FILTER (WHERE status = 'success') AS BIGINT) AS successes,
  CAST(count(*) FILTER (WHERE status = 'error') AS BIGINT) AS errors,
  CAST(count(*) FILTER (WHERE status = 'timeout') AS BIGINT) AS timeouts,
  CAST(count(*) FILTER (WHERE status = 'success') / count(*) AS DOUBLE) AS success_ratio,
  CAST(coalesce(sum(retries), 0) AS BIGINT) AS retries,
  CAST(sum(duration_ns) AS BIGINT) AS total_ns,
  CAST(avg(duration_ns) AS BIGINT) AS mean_ns,
  CAST(min(duration_ns) AS BIGINT) AS min_ns,
  CAST(quantile_cont(duration_ns, 0.95) AS BIGINT) AS p95_ns,
  CAST(max(duration_ns) AS BIGINT) AS max_ns,
  CAST(sum(input_bytes) AS BIGINT) AS input_bytes,
  CAST(sum(output_bytes) AS BIGINT) AS output_bytes,
  CAST(arg_max(error, happened_at) FILTER (WHERE error IS NOT NULL) AS VARCHAR) AS last_error,
  max(happened_at) AS last_seen
FROM executions
WHERE kind = 'tool'
GROUP BY parent, name
ORDER BY executions DESC, agent_id, tool
