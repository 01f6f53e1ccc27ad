-- [alert]
-- needs          = ["recent_requests"]
-- severity       = "high"
-- summary        = "{host} refused requests because its queue was full: {value} within five minutes"
-- recommendation = "Let more run at once (OLLAMA_NUM_PARALLEL), let more wait (OLLAMA_MAX_QUEUE), slow down the clients, or add a server."
-- evidence       = "SELECT ended_at, client, path, status, latency_ns / 1e6 AS latency_ms FROM requests WHERE status = 503 ORDER BY ended_at DESC LIMIT 50"
-- labels         = ["host"]
-- threshold      = 1
-- unit           = "count"
-- window         = "5m"
-- keep_firing_for = "5m"
-- [columns]
-- tick  = "instant that the window ends at; UTC"
-- host  = "machine that the log is of"
-- value = "requests of models answered 503 within 0.1 s, which is how Ollama answers beyond OLLAMA_MAX_QUEUE; count"
SELECT
  tick,
  host,
  count(*) AS value
FROM recent_requests
WHERE status = 503 AND method = 'POST' AND operation IN ('generate', 'chat', 'embed') AND latency_ns < 100000000
GROUP BY ALL
HAVING count(*) >= threshold()
