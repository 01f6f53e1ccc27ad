-- [view]
-- purpose = "which requests of the server log waited for which load of their model: their time covers the load, and their run leaves room for it"
-- grain   = ["source", "byte_offset"]
-- needs   = ["requests", "pairs", "inferences", "model_loads"]
-- by_date = true
-- [columns]
-- date_utc    = "UTC date that the request ended on"
-- source      = "byte stream of the access line"
-- byte_offset = "where the access line begins in its source; bytes"
-- load_offset = "where the line that begins the load begins: the row of model_loads in the same source; bytes"
-- load_ns     = "duration of the load as the log tells it; ns"
WITH
load AS (
  SELECT
    source,
    byte_offset AS load_offset,
    model_blob,
    model,
    epoch_us(started_at) AS load_start_us,
    epoch_us(loaded_at) AS load_end_us,
    load_ns,
    epoch_us(started_at) // 64000000 AS slice,
    -- A request without a run is of this model when no other was loaded.
    CASE WHEN runners = 1 THEN ready_offset END AS alone_from,
    next_offset AS alone_to
  FROM model_loads
  WHERE loaded_at IS NOT NULL AND load_ns IS NOT NULL
),
-- Time is cut into slices of 64 s: few requests touch more than one, and a load finds those that it may have held up by equality.
slice AS (
  SELECT
    source,
    byte_offset,
    CAST(make_timestamp(epoch_us(ended_at)) AS DATE) AS date_utc,
    status,
    latency_ns,
    epoch_us(started_at) AS start_us,
    epoch_us(ended_at) AS end_us,
    unnest(range(epoch_us(started_at) // 64000000, epoch_us(ended_at) // 64000000 + 1)) AS slice
  FROM requests
  WHERE operation IN ('generate', 'chat', 'embed') AND method = 'POST'
    AND latency_ns >= (SELECT min(load_ns) FROM model_loads)
),
-- The log cuts the end to whole seconds, so a request may have begun and ended up to 1 s later than its line says.
held_up AS (
  SELECT
    slice.source,
    slice.byte_offset,
    slice.date_utc,
    slice.status,
    slice.latency_ns,
    load.load_offset,
    load.load_ns,
    load.model_blob,
    load.model,
    slice.byte_offset >= load.alone_from AND (load.alone_to IS NULL OR slice.byte_offset < load.alone_to) AS is_alone
  FROM slice
  JOIN load
    ON load.source = slice.source
    AND load.slice = slice.slice
    AND slice.start_us <= load.load_start_us
    AND slice.end_us + 1000000 > load.load_end_us
    AND slice.latency_ns >= load.load_ns
    AND slice.byte_offset > load.load_offset
),
with_run AS (
  SELECT
    held_up.*,
    pairs.run_source * 1099511627776 + pairs.run_offset AS run_key
  FROM held_up
  LEFT JOIN pairs ON pairs.source = held_up.source AND pairs.request_offset = held_up.byte_offset
),
run AS (
  SELECT
    source * 1099511627776 + byte_offset AS run_key,
    total_ns,
    model_blob AS run_blob,
    model AS run_model
  FROM inferences
  WHERE origin = 'server_log'
)
-- A request whose time covers several loads waited last for the last of them.
SELECT
  date_utc,
  with_run.source,
  with_run.byte_offset,
  CAST(max(load_offset) AS BIGINT) AS load_offset,
  CAST(arg_max(load_ns, load_offset) AS BIGINT) AS load_ns
FROM with_run
LEFT JOIN run USING (run_key)
WHERE CASE
  WHEN run_key IS NULL THEN is_alone AND status < 400
  ELSE coalesce(run_blob = model_blob, run_model = model, is_alone) AND latency_ns - coalesce(total_ns, 0) >= load_ns - 10000000
END
GROUP BY date_utc, with_run.source, with_run.byte_offset
