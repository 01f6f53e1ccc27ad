-- [alert]
-- needs          = ["recent_server_events", "model_loads"]
-- severity       = "high"
-- summary        = "the CPU does work of the GPU on {host} ({cause}): {value} of the layers of {model} are on the GPU"
-- recommendation = "no_gpu: check driver, runtime and permissions, then restart the server. partial_offload: a smaller quantisation or context, fewer models at once, or a GPU with more memory."
-- evidence       = "SELECT happened_at, host, event, value, message, attrs FROM server_events WHERE event IN ('layers_offloaded', 'gpu_missing', 'gpu_found') ORDER BY happened_at DESC LIMIT 50"
-- labels         = ["host", "model", "cause"]
-- threshold      = 1
-- unit           = "ratio"
-- window         = "15m"
-- [columns]
-- tick  = "instant that the window ends at; UTC"
-- host  = "machine that the log is of"
-- model = "model that was being loaded; '(all)' when the whole server is without a GPU; '(unknown)' when nothing tells"
-- cause = "partial_offload: some layers of a model, or all, stay on the CPU; no_gpu: the server computes on the CPU"
-- value = "least share of layers on the GPU; 0 to 1"
WITH
load AS (
  SELECT source, byte_offset AS load_offset, coalesce(model, model_blob) AS model FROM model_loads
),
slow AS (
  SELECT
    tick,
    source,
    byte_offset,
    host,
    CASE WHEN event = 'layers_offloaded' THEN 'partial_offload' ELSE 'no_gpu' END AS cause,
    CASE WHEN event = 'layers_offloaded' THEN value ELSE 0.0 END AS gpu_ratio
  FROM recent_server_events
  WHERE (event = 'layers_offloaded' AND value < threshold())
    -- Servers with a GPU say "entering low vram mode" too: only one without any memory has none.
    OR (event = 'gpu_missing' AND coalesce(json_extract_string(attrs, '$."total vram"'), '0 B') = '0 B')
    OR (event = 'gpu_found' AND lower(json_extract_string(attrs, '$.library')) = 'cpu')
)
SELECT
  tick,
  slow.host,
  CASE WHEN cause = 'partial_offload' THEN coalesce(load.model, '(unknown)') ELSE '(all)' END AS model,
  cause,
  min(gpu_ratio) AS value
FROM slow
ASOF LEFT JOIN load ON load.source = slow.source AND slow.byte_offset >= load.load_offset
GROUP BY ALL
