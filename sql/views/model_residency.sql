-- [view]
-- purpose = "from when to when each model was loaded, why that ended, what the load cost, and what it was good for"
-- grain   = ["source", "byte_offset"]
-- needs   = ["model_loads", "model_files", "requests_by_load", "requests", "server_events", "sources"]
-- keep    = true
-- [columns]
-- source         = "byte stream of the log"
-- byte_offset    = "where the line that begins the load begins; bytes"
-- host           = "machine that the log is of"
-- session        = "server run; null before the first known start"
-- model          = "name as Ollama shows it; the file's first 12 hex digits where no name is known; '(unknown)' when nothing tells"
-- model_blob     = "first 12 hex digits of the digest of the model's file; null when it is not known"
-- started_at     = "when the load began; UTC"
-- loaded_at      = "when the model was ready; UTC; null when the log does not tell"
-- until_at       = "when the log first shows that it was gone: at the latest then; where the log ended: its last row; UTC; null: still loaded"
-- ended_by       = "crashed, reloaded (it was gone before and nothing tells why: keep_alive, eviction, other options), evicted (another was loaded and is alone), server_stopped, log_ended (no row of the log for a day before the newest of the store), or loaded: nothing shows an end"
-- stay_ns        = "from ready to gone, as far as the log shows; ns; null while it is loaded"
-- load_ns        = "time lost by loading it; ns; null when the log does not tell"
-- requests       = "requests that are known to have been served by it"
-- slots          = "requests that it could work on at once; null when the log does not tell"
-- context_tokens = "context of all slots together; tokens; null when the log does not tell"
-- gpu_layers     = "layers on the GPU; null when the log does not tell"
-- layers         = "layers of the model; null when the log does not tell"
-- gpu_ratio      = "gpu_layers / layers: below 1 the CPU works too; 0 to 1"
WITH
-- A log that was rotated goes on in another source of its family; sources are numbered in the order they were written.
family AS (
  SELECT source, family FROM sources
),
load AS (
  SELECT
    model_loads.*,
    coalesce(model_files.model, model_loads.model, model_loads.model_blob, '(unknown)') AS shown,
    coalesce(family.family, 'source ' || model_loads.source) AS family,
    model_loads.source * 1099511627776 + byte_offset AS load_key
  FROM model_loads
  LEFT JOIN model_files USING (model_blob)
  LEFT JOIN family ON family.source = model_loads.source
  WHERE outcome = 'loaded'
),
server_start AS (
  SELECT
    coalesce(family.family, 'source ' || server_events.source) AS family,
    server_events.source * 1099511627776 + byte_offset AS start_key,
    happened_at
  FROM server_events
  LEFT JOIN family ON family.source = server_events.source
  WHERE event IN ('server_config', 'server_started')
),
-- A log is over when a day went by without a row of it, up to the newest row of the store (some log may tell of days to come).
live AS (
  SELECT source FROM requests WHERE ended_at >= least(getvariable('newest_utc'), now_utc()) - INTERVAL 1 DAY
  UNION
  SELECT source FROM server_events WHERE happened_at >= least(getvariable('newest_utc'), now_utc()) - INTERVAL 1 DAY
),
ended AS (
  SELECT
    source,
    family
  FROM family
  WHERE family IN (SELECT family FROM load) AND family NOT IN (SELECT family FROM family SEMI JOIN live USING (source))
),
log_end AS (
  SELECT family, max(last_at) AS last_at
  FROM (
    SELECT family, ended_at AS last_at FROM requests JOIN ended USING (source)
    UNION ALL
    SELECT family, happened_at AS last_at FROM server_events JOIN ended USING (source)
  )
  GROUP BY ALL
),
load_with_ends AS (
  SELECT
    *,
    lead(load_key) OVER own AS again_key,
    lead(started_at) OVER own AS again_at,
    lead(after_crash) OVER own AS again_after_crash,
    min(CASE WHEN runners = 1 THEN load_key END) OVER later AS alone_key,
    arg_min(CASE WHEN runners = 1 THEN started_at END, CASE WHEN runners = 1 THEN load_key END) OVER later AS alone_at
  FROM load
  WINDOW
    own AS (PARTITION BY family, shown ORDER BY load_key),
    later AS (PARTITION BY family ORDER BY load_key ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
),
served AS (
  SELECT
    source * 1099511627776 + byte_offset AS load_key,
    sum(requests) AS requests
  FROM requests_by_load
  GROUP BY ALL
),
residency AS (
  SELECT
    ends.*,
    server_start.happened_at AS stopped_at,
    log_end.last_at,
    CASE
      WHEN again_key < coalesce(start_key, again_key + 1) AND again_key <= coalesce(alone_key, again_key)
        THEN CASE WHEN again_after_crash THEN 'crashed' ELSE 'reloaded' END
      WHEN start_key < coalesce(alone_key, start_key + 1) THEN 'server_stopped'
      WHEN alone_key IS NOT NULL THEN 'evicted'
      WHEN log_end.last_at IS NOT NULL THEN 'log_ended'
      ELSE 'loaded'
    END AS ended_by
  FROM load_with_ends AS ends
  ASOF LEFT JOIN server_start ON server_start.family = ends.family AND ends.load_key < server_start.start_key
  LEFT JOIN log_end ON log_end.family = ends.family
),
bounded AS (
  SELECT
    *,
    CASE ended_by
      WHEN 'crashed' THEN again_at
      WHEN 'reloaded' THEN again_at
      WHEN 'evicted' THEN alone_at
      WHEN 'server_stopped' THEN stopped_at
      WHEN 'log_ended' THEN last_at
    END
      AS until_at
  FROM residency
)
SELECT
  source,
  byte_offset,
  host,
  session,
  shown AS model,
  model_blob,
  started_at,
  loaded_at,
  until_at,
  ended_by,
  CASE WHEN until_at IS NOT NULL THEN CAST(1000 * greatest(epoch_us(until_at) - epoch_us(coalesce(loaded_at, started_at)), 0) AS BIGINT) END AS stay_ns,
  load_ns,
  CAST(coalesce(served.requests, 0) AS BIGINT) AS requests,
  slots,
  context_tokens,
  gpu_layers,
  layers,
  gpu_ratio
FROM bounded
LEFT JOIN served USING (load_key)
WHERE until_at IS NULL OR in_range(until_at)
ORDER BY source, byte_offset
