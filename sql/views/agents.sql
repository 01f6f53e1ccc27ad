-- [view]
-- purpose = "agents: how often they ran, how it ended, how long it took, and how many tools they used"
-- grain   = ["agent_id"]
-- needs   = ["executions"]
-- [columns]
-- agent_id      = "identifier of the agent"
-- agent_name    = "its name for people; the last one told"
-- executions    = "its runs, failed ones included; 0 for an agent that only tools tell of"
-- successes     = "those that went well"
-- errors        = "those that failed"
-- timeouts      = "those that took too long"
-- success_ratio = "successes / executions; 0 to 1"
-- total_ns      = "sum of their durations; ns"
-- mean_ns       = "mean duration; ns"
-- min_ns        = "shortest; ns"
-- max_ns        = "longest; ns"
-- tool_uses     = "tools that it used, each use counted"
-- tool_errors   = "uses that failed or took too long"
-- tool_ns       = "time spent in tools; ns"
-- last_seen     = "end of its last run, or use of a tool; UTC"
WITH uses_and_runs AS (
  SELECT
    coalesce(parent, name) AS agent_id,
    kind = 'agent' AS is_run,
    title,
    status,
    duration_ns,
    happened_at
  FROM executions
  WHERE kind = 'agent' OR (kind = 'tool' AND parent IS NOT NULL)
)
SELECT
  agent_id,
  CAST(arg_max(title, happened_at) FILTER (WHERE title IS NOT NULL) AS VARCHAR) AS agent_name,
  CAST(count(*) FILTER (WHERE is_run) AS BIGINT) AS executions,
  CAST(count(*) FILTER (WHERE is_run AND status = 'success') AS BIGINT) AS successes,
  CAST(count(*) FILTER (WHERE is_run AND status = 'error') AS BIGINT) AS errors,
  CAST(count(*) FILTER (WHERE is_run AND status = 'timeout') AS BIGINT) AS timeouts,
  CAST(count(*) FILTER (WHERE is_run AND status = 'success') / nullif(count(*) FILTER (WHERE is_run), 0) AS DOUBLE) AS success_ratio,
  CAST(sum(duration_ns) FILTER (WHERE is_run) AS BIGINT) AS total_ns,
  CAST(avg(duration_ns) FILTER (WHERE is_run) AS BIGINT) AS mean_ns,
  CAST(min(duration_ns) FILTER (WHERE is_run) AS BIGINT) AS min_ns,
  CAST(max(duration_ns) FILTER (WHERE is_run) AS BIGINT) AS max_ns,
  CAST(count(*) FILTER (WHERE NOT is_run) AS BIGINT) AS tool_uses,
  CAST(count(*) FILTER (WHERE NOT is_run AND status != 'success') AS BIGINT) AS tool_errors,
  CAST(sum(duration_ns) FILTER (WHERE NOT is_run) AS BIGINT) AS tool_ns,
  max(happened_at) AS last_seen
FROM uses_and_runs
GROUP BY agent_id
ORDER BY executions DESC, agent_id
