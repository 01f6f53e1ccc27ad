-- [alert]
-- needs          = ["ticks", "requests"]
-- severity       = "low"
-- summary        = "{client} used {host} for the first time in 30 days"
-- recommendation = "If you do not know this address, see what it asked for and whether the server should listen to the network (OLLAMA_HOST)."
-- evidence       = "SELECT client, min(ended_at) AS first_seen, max(ended_at) AS last_seen, count(*) AS requests, list(DISTINCT route) AS routes FROM requests GROUP BY client ORDER BY first_seen DESC LIMIT 50"
-- labels         = ["host", "client"]
-- unit           = "count"
-- window         = "15m"
-- lookback       = "31d"
-- [columns]
-- tick   = "instant that the window ends at; UTC"
-- host   = "machine that the log is of"
-- client = "address as logged, or its hash; not seen for 30 days, though the log goes back more than one"
-- value  = "its requests in the window; count"
WITH
busy_minute AS (
  SELECT host, client, date_trunc('minute', ended_at) AS minute, min(ended_at) AS ended_at
  FROM requests
  WHERE client IS NOT NULL
  GROUP BY ALL
),
seen AS (
  SELECT
    host,
    client,
    ended_at,
    lag(ended_at) OVER (PARTITION BY host, client ORDER BY ended_at) AS before
  FROM busy_minute
),
arrival AS (
  SELECT host, client, ended_at AS first_seen, ended_at - INTERVAL 1 DAY AS day_before
  FROM seen
  WHERE before IS NULL OR ended_at - before > INTERVAL 30 DAY
),
minute AS (
  SELECT DISTINCT host, minute FROM busy_minute
),
newcomer AS (
  SELECT arrival.host, client, first_seen
  FROM arrival
  ASOF JOIN minute ON minute.host = arrival.host AND day_before >= minute.minute
  WHERE first_seen - minute.minute < INTERVAL 30 DAY
)
SELECT
  tick,
  newcomer.host,
  newcomer.client,
  count(*) AS value
FROM newcomer
JOIN requests USING (host, client)
JOIN ticks ON tick >= ended_at AND ended_at >= first_seen AND tick < first_seen + INTERVAL 15 MINUTE
GROUP BY ALL
