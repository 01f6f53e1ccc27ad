-- [view]
-- purpose = "requests, tasks, tools, agents, nodes, graphs and model loads that programs recorded: how often, how they ended, how long they took"
-- grain   = ["kind", "name", "graph"]
-- needs   = ["executions"]
-- [columns]
-- kind          = "request, task, tool, agent, node, graph or model_load"
-- name          = "model, tool, identifier of the agent, node or graph; null for tasks"
-- graph         = "graph that they are part of; null where none is told"
-- executions    = "all of them, failed ones included"
-- successes     = "those that went well"
-- errors        = "those that failed"
-- timeouts      = "those that took too long"
-- success_ratio = "successes / executions; 0 to 1"
-- total_ns      = "sum of the durations that are known, of failed ones too; ns"
-- mean_ns       = "mean of these; ns"
-- min_ns        = "shortest; ns"
-- p50_ns        = "median; ns"
-- p95_ns        = "95th percentile; ns"
-- p99_ns        = "99th percentile; ns"
-- max_ns        = "longest; ns"
-- first_seen    = "end of the first; UTC"
-- last_seen     = "end of the last; UTC"
SELECT
  kind,
  name,
  graph,
  CAST(count(*) AS BIGINT) AS executions,
  CAST(count(*) FILTER (WHERE status = 'success') AS BIGINT) AS successes,
  CAST(count(*) FILTER (WHERE status = 'error') AS BIGINT) AS errors,
  CAST(count(*) FILTER (WHERE status = 'timeout') AS BIGINT) AS timeouts,
  CAST(count(*) FILTER (WHERE status = 'success') / count(*) AS DOUBLE) AS success_ratio,
  CAST(sum(duration_ns) AS BIGINT) AS total_ns,
  CAST(avg(duration_ns) AS BIGINT) AS mean_ns,
  CAST(min(duration_ns) AS BIGINT) AS min_ns,
  CAST(quantile_cont(duration_ns, 0.5) AS BIGINT) AS p50_ns,
  CAST(quantile_cont(duration_ns, 0.95) AS BIGINT) AS p95_ns,
  CAST(quantile_cont(duration_ns, 0.99) AS BIGINT) AS p99_ns,
  CAST(max(duration_ns) AS BIGINT) AS max_ns,
  min(happened_at) AS first_seen,
  max(happened_at) AS last_seen
FROM executions
GROUP BY kind, name, graph
ORDER BY kind, executions DESC, name, graph
