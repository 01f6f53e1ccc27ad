-- [view]
-- purpose = "loads of models that the server log tells of, with the file, the name, what it took and what went to the GPU"
-- grain   = ["source", "byte_offset"]
-- needs   = ["server_events"]
-- keep    = true
-- [columns]
-- source         = "byte stream of the log"
-- byte_offset    = "where the line that begins the load begins; bytes"
-- host           = "machine that the log is of"
-- session        = "server run; null before the first known start"
-- model          = "name that the log gives the model by the end of its load, else the one that this machine's Ollama has for its file; null when nothing tells, or when two loads ran at once"
-- model_blob     = "first 12 hex digits of the digest of the model's file; null when the line has none"
-- started_at     = "when the load began; UTC"
-- loaded_at      = "when the model was ready; UTC; null when the log does not tell"
-- load_ns        = "duration that the log tells; ns"
-- outcome        = "loaded, failed, or unfinished: no line tells how it ended"
-- runners        = "models that were loaded right after it, this one included; null when the log does not tell, or when two loads ran at once"
-- after_crash    = "whether the log told of a dead runner right before it: Ollama notices when the model is asked for again"
-- slots          = "requests that it can work on at once (-np, --parallel); null when the line does not tell"
-- context_tokens = "context of all slots together (-c, --ctx-size); tokens; null when the line does not tell"
-- gpu_layers     = "layers that went to the GPU; null when the log does not tell"
-- layers         = "layers of the model; null when the log does not tell"
-- gpu_ratio      = "gpu_layers / layers; 0 to 1"
-- ready_offset   = "where the line that counts the runners begins: from then on the model answers; bytes; null when there is none"
-- next_offset    = "where the next load or start of the server begins; bytes; null: none came"
WITH
-- A load owns the lines from its own first to the next load or start.
event AS (
  SELECT
    source,
    byte_offset,
    host,
    session,
    happened_at,
    event,
    model,
    duration_ns,
    value,
    attrs,
    -- A sum of numbers: a count of what passes a filter takes four times as long.
    sum(CASE WHEN event IN ('server_config', 'server_started', 'model_load_started') THEN 1 ELSE 0 END) OVER (lines ROWS UNBOUNDED PRECEDING)
      AS stretch,
    lag(event) OVER lines AS previous_event
  FROM server_events
  WHERE event IN (
    'server_config', 'server_started', 'model_load_started', 'model_loaded', 'model_named', 'runners_counted', 'model_load_failed',
    'layers_offloaded', 'runner_crashed'
  )
  WINDOW lines AS (PARTITION BY source ORDER BY byte_offset)
),
stretch AS (
  SELECT
    source,
    stretch,
    min(byte_offset) AS byte_offset,
    arg_min(event, byte_offset) AS first_event,
    arg_min({'host': host, 'session': session, 'happened_at': happened_at, 'attrs': attrs, 'previous_event': previous_event}, byte_offset)
      AS head,
    arg_min(model, byte_offset) FILTER (WHERE event IN ('model_loaded', 'model_named')) AS model,
    arg_min(model, byte_offset) FILTER (WHERE event = 'model_load_started') AS file_model,
    min(model) FILTER (WHERE event IN ('model_loaded', 'model_named')) < max(model) FILTER (WHERE event IN ('model_loaded', 'model_named'))
      AS has_names,
    min(happened_at) FILTER (WHERE event = 'model_loaded') AS loaded_at,
    arg_min(duration_ns, byte_offset) FILTER (WHERE event = 'model_loaded') AS load_ns,
    count(*) FILTER (WHERE event IN ('model_loaded', 'runners_counted')) > 0 AS is_loaded,
    count(*) FILTER (WHERE event = 'model_load_failed') > 0 AS is_failed,
    arg_min({'value': value, 'byte_offset': byte_offset}, byte_offset) FILTER (WHERE event = 'runners_counted') AS counted,
    arg_max({'value': value, 'attrs': attrs}, byte_offset) FILTER (WHERE event = 'layers_offloaded') AS offloaded
  FROM event
  GROUP BY source, stretch
),
-- Two loads at once end in an order that nobody can tell: neither gets a name.
load AS (
  SELECT
    *,
    regexp_extract(head.attrs, '--model .*?sha256[-:]([0-9a-f]{12})', 1) AS blob,
    lead(byte_offset) OVER stretches AS next_offset,
    coalesce(lag(first_event) OVER stretches = 'model_load_started' AND NOT lag(is_loaded OR is_failed) OVER stretches, FALSE)
      OR coalesce(has_names, FALSE) AS is_mixed
  FROM stretch
  WINDOW stretches AS (PARTITION BY source ORDER BY stretch)
)
SELECT
  source,
  byte_offset,
  head.host AS host,
  head.session AS session,
  CASE WHEN is_mixed THEN file_model ELSE coalesce(model, file_model) END AS model,
  nullif(blob, '') AS model_blob,
  head.happened_at AS started_at,
  loaded_at,
  load_ns,
  CASE WHEN is_loaded THEN 'loaded' WHEN is_failed THEN 'failed' ELSE 'unfinished' END AS outcome,
  CASE WHEN NOT is_mixed THEN CAST(counted['value'] AS BIGINT) END AS runners,
  coalesce(head.previous_event = 'runner_crashed', FALSE) AS after_crash,
  TRY_CAST(nullif(regexp_extract(head.attrs, '(?:-np|--parallel) (\d+)', 1), '') AS BIGINT) AS slots,
  TRY_CAST(nullif(regexp_extract(head.attrs, '(?: -c|--ctx-size) (\d+)', 1), '') AS BIGINT) AS context_tokens,
  TRY_CAST(json_extract_string(offloaded['attrs'], '$.offloaded') AS BIGINT) AS gpu_layers,
  TRY_CAST(json_extract_string(offloaded['attrs'], '$.layers') AS BIGINT) AS layers,
  CAST(offloaded['value'] AS DOUBLE) AS gpu_ratio,
  CAST(counted['byte_offset'] AS BIGINT) AS ready_offset,
  next_offset
FROM load
WHERE first_event = 'model_load_started'
ORDER BY source, byte_offset
