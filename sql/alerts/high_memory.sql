-- [alert]
-- needs           = ["recent_resource_samples"]
-- severity        = "high"
-- summary         = "{host} uses {value} of its memory, more than {threshold}"
-- recommendation  = "Load fewer models at once (OLLAMA_MAX_LOADED_MODELS), use a smaller context or quantisation, or unload models sooner (OLLAMA_KEEP_ALIVE)."
-- evidence        = "SELECT happened_at, host, memory_ratio, memory_available_bytes / 1e9 AS available_gb, models_loaded FROM resource_samples WHERE scope = 'host' ORDER BY happened_at DESC LIMIT 50"
-- labels          = ["host"]
-- threshold       = 0.95
-- recovery        = 0.9
-- beyond          = ">"
-- unit            = "ratio"
-- window          = "5m"
-- for             = "2m"
-- keep_firing_for = "2m"
-- no_data         = "keep"
-- [columns]
-- tick  = "instant that the window ends at; UTC"
-- host  = "machine that was sampled"
-- value = "mean share of the memory in use; 0 to 1"
SELECT
  tick,
  host,
  avg(memory_ratio) AS value
FROM recent_resource_samples
WHERE scope = 'host' AND memory_ratio IS NOT NULL
GROUP BY ALL
HAVING count(*) >= 3 AND avg(memory_ratio) > threshold()
