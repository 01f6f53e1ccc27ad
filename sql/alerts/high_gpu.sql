-- [alert]
-- needs           = ["recent_resource_samples"]
-- severity        = "low"
-- summary         = "the busiest GPU of {host} is used to {value}, more than {threshold}: requests wait for each other"
-- recommendation  = "A server that works all the time at its limit needs a smaller model, a second GPU or fewer requests. See: ollalog sql 'SELECT * FROM concurrency_by_minute'."
-- evidence        = "SELECT happened_at, host, gpu_ratio, gpu_memory_bytes / 1e9 AS gpu_memory_gb, gpu_power_w FROM resource_samples WHERE scope = 'host' ORDER BY happened_at DESC LIMIT 50"
-- labels          = ["host"]
-- threshold       = 0.95
-- recovery        = 0.9
-- beyond          = ">"
-- unit            = "ratio"
-- window          = "10m"
-- for             = "10m"
-- keep_firing_for = "2m"
-- no_data         = "keep"
-- [columns]
-- tick  = "instant that the window ends at; UTC"
-- host  = "machine that was sampled"
-- value = "mean use of the busiest GPU; 0 to 1"
SELECT
  tick,
  host,
  avg(gpu_ratio) AS value
FROM recent_resource_samples
WHERE scope = 'host' AND gpu_ratio IS NOT NULL
GROUP BY ALL
HAVING count(*) >= 3 AND avg(gpu_ratio) > threshold()
