-- [alert]
-- needs          = ["recent_server_events"]
-- severity       = "critical"
-- summary        = "a runner on {host} died, or the server itself; lines within 15 minutes that tell of it: {value}"
-- recommendation = "Read the lines before it in the log. Out of memory: a smaller context or model. A fault of the driver or of Ollama: update, or report it with those lines."
-- evidence       = "SELECT happened_at, host, event, level, message, attrs FROM server_events WHERE event IN ('runner_crashed', 'model_load_failed') ORDER BY happened_at DESC LIMIT 50"
-- labels         = ["host"]
-- threshold      = 1
-- unit           = "count"
-- window         = "15m"
-- [columns]
-- tick  = "instant that the window ends at; UTC"
-- host  = "machine that the log is of"
-- value = "lines that tell of a crash; count"
SELECT
  tick,
  host,
  count(*) AS value
FROM recent_server_events
WHERE event = 'runner_crashed'
  -- A runner that dies while it loads its model is told by the load that failed.
  OR (event = 'model_load_failed' AND attrs LIKE '%process has terminated%')
GROUP BY ALL
HAVING count(*) >= threshold()
