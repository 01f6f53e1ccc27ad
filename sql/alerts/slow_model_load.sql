-- [alert]
-- needs          = ["recent_model_loads", "recent_inferences"]
-- severity       = "medium"
-- summary        = "{model} takes {value} to load, more than {threshold}"
-- recommendation = "Keep it loaded (OLLAMA_KEEP_ALIVE=-1), load it before it is needed (a request without a prompt), put the models on a faster disk, or use a smaller quantisation."
-- evidence       = "SELECT started_at, model, model_blob, load_ns / 1e9 AS load_s, gpu_layers, layers FROM model_loads ORDER BY load_ns DESC LIMIT 50"
-- labels         = ["model"]
-- threshold      = 60000
-- unit           = "ms"
-- window         = "15m"
-- [columns]
-- tick  = "instant that the window ends at; UTC"
-- model = "name as Ollama shows it; '(unknown)' when nothing tells"
-- value = "longest load; ms"
SELECT
  tick,
  coalesce(model, model_blob, '(unknown)') AS model,
  max(load_ns) / 1e6 AS value
FROM (
  SELECT tick, model, model_blob, load_ns FROM recent_model_loads WHERE load_ns / 1e6 > threshold()
  UNION ALL
  SELECT tick, model, model_blob, load_ns FROM recent_inferences WHERE load_ns / 1e6 > threshold()
)
GROUP BY ALL
