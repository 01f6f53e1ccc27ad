-- [alert]
-- needs           = ["recent_resource_samples"]
-- severity        = "medium"
-- summary         = "all processors of {host} are busy: {value}, more than {threshold}"
-- recommendation  = "See whether layers run on the CPU that should be on the GPU: ollalog alerts --rule gpu_fallback. Fewer requests at once (OLLAMA_NUM_PARALLEL), or a smaller model."
-- evidence        = "SELECT happened_at, host, cpu_ratio, models_loaded FROM resource_samples WHERE scope = 'host' ORDER BY happened_at DESC LIMIT 50"
-- labels          = ["host"]
-- threshold       = 0.98
-- recovery        = 0.9
-- beyond          = ">"
-- unit            = "ratio"
-- window          = "5m"
-- for             = "5m"
-- keep_firing_for = "2m"
-- no_data         = "keep"
-- [columns]
-- tick  = "instant that the window ends at; UTC"
-- host  = "machine that was sampled"
-- value = "mean use of all processors; 0 to 1"
SELECT
  tick,
  host,
  avg(cpu_ratio) AS value
FROM recent_resource_samples
WHERE scope = 'host' AND cpu_ratio IS NOT NULL
GROUP BY ALL
HAVING count(*) >= 3 AND avg(cpu_ratio) > threshold()
