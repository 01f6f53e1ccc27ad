-- [alert]
-- needs          = ["ticks", "requests"]
-- severity       = "low"
-- summary        = "{client} used {host} for the first time in 30 days"
-- recommendation = "If you do not know this address, see what it asked for and whether the server should listen to the network (OLLAMA_HOST)."
-- evidence       = "SELECT client, min(ended_at) AS first_seen, max(ended_at) AS last_seen, count(*) AS requests, list(DISTINCT route) AS routes FROM requests GROUP BY client ORDER BY first_seen DESC LIMIT 50"
-- labels         = ["host", "client"]
-- unit           = "count"
-- window         = "15m"
-- lookback       = "30d"
-- [columns]
-- tick   = "instant that the window ends at; UTC"
-- host   = "machine that the log is of"
-- client = "address as logged, or its hash; never seen before although the log was there for a day"
-- value  = "its requests in the window; count"
WITH
client_start AS (
  SELECT host, client, min(ended_at) AS first_seen FROM requests WHERE client IS NOT NULL GROUP BY ALL
),
host_start AS (
  SELECT host, min(first_seen) AS begun FROM client_start GROUP BY ALL
),
newcomer AS (
  SELECT host, client, first_seen
  FROM client_start
  JOIN host_start USING (host)
  WHERE first_seen >= begun + INTERVAL 1 DAY
)
SELECT
  tick,
  newcomer.host,
  newcomer.client,
  count(*) AS value
FROM newcomer
JOIN requests USING (host, client)
JOIN ticks ON tick >= ended_at AND tick < first_seen + INTERVAL 15 MINUTE
GROUP BY ALL
