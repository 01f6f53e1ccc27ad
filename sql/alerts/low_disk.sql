-- [alert]
-- needs           = ["recent_resource_samples"]
-- severity        = "high"
-- summary         = "the disk of the store on {host} is full to {value}, more than {threshold}"
-- recommendation  = "Make room: ollalog cleanup removes old rows, ollama rm removes models."
-- evidence        = "SELECT happened_at, host, disk_ratio FROM resource_samples WHERE scope = 'host' ORDER BY happened_at DESC LIMIT 50"
-- labels          = ["host"]
-- threshold       = 0.9
-- recovery        = 0.88
-- beyond          = ">"
-- unit            = "ratio"
-- window          = "5m"
-- for             = "5m"
-- keep_firing_for = "2m"
-- no_data         = "keep"
-- [columns]
-- tick  = "instant that the window ends at; UTC"
-- host  = "machine that was sampled"
-- value = "newest share of the disk in use; 0 to 1"
SELECT
  tick,
  host,
  arg_max(disk_ratio, happened_at) AS value
FROM recent_resource_samples
WHERE scope = 'host' AND disk_ratio IS NOT NULL
GROUP BY ALL
HAVING arg_max(disk_ratio, happened_at) > threshold()
