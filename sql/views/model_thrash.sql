-- [view]
-- purpose = "how often each model is loaded again, what that costs, and how much it serves in between"
-- grain   = ["model"]
-- needs   = ["model_residency"]
-- [columns]
-- model             = "name as Ollama shows it; the file's first 12 hex digits where no name is known; '(unknown)' when nothing tells"
-- loads             = "loads that the server log tells of"
-- quick_reloads     = "those that began within 10 minutes of the load before, no crash between: the model had to go and was wanted back"
-- evictions         = "times that another model was loaded and was alone afterwards"
-- crashes           = "times that its runner died"
-- lost_ns           = "time spent in its loads; ns"
-- quick_lost_ns     = "time spent in quick reloads; ns"
-- requests          = "requests that are known to have been served by it"
-- requests_per_load = "requests / loads"
-- median_stay_ns    = "median time that it stayed, of stays that ended; ns"
-- last_load         = "when its last load began; UTC"
WITH stay AS (
  SELECT
    *,
    ended_by = 'crashed' AS is_crash,
    lag(started_at) OVER own AS previous_start,
    lag(ended_by) OVER own AS previous_end
  FROM model_residency
  WINDOW own AS (PARTITION BY host, model ORDER BY started_at, source, byte_offset)
),
marked AS (
  SELECT
    *,
    coalesce(previous_end IN ('reloaded', 'evicted') AND started_at - previous_start <= INTERVAL 10 MINUTE, FALSE) AS is_quick
  FROM stay
)
SELECT
  model,
  CAST(count(*) AS BIGINT) AS loads,
  CAST(count(*) FILTER (WHERE is_quick) AS BIGINT) AS quick_reloads,
  CAST(count(*) FILTER (WHERE ended_by = 'evicted') AS BIGINT) AS evictions,
  CAST(count(*) FILTER (WHERE is_crash) AS BIGINT) AS crashes,
  CAST(sum(load_ns) AS BIGINT) AS lost_ns,
  CAST(coalesce(sum(load_ns) FILTER (WHERE is_quick), 0) AS BIGINT) AS quick_lost_ns,
  CAST(sum(requests) AS BIGINT) AS requests,
  CAST(sum(requests) / count(*) AS DOUBLE) AS requests_per_load,
  CAST(round(median(stay_ns)) AS BIGINT) AS median_stay_ns,
  max(started_at) AS last_load
FROM marked
WHERE in_range(started_at)
GROUP BY model
ORDER BY quick_reloads DESC, loads DESC, model
