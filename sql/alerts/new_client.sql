-- [alert]
-- needs          = ["ticks", "client_hours"]
-- severity       = "low"
-- summary        = "{client} used {host} for the first time in 30 days"
-- recommendation = "If you do not know this address, see what it asked for and whether the server should listen to the network (OLLAMA_HOST)."
-- evidence       = "SELECT client, min(ended_at) AS first_seen, max(ended_at) AS last_seen, count(*) AS requests, list(DISTINCT route) AS routes FROM requests GROUP BY client ORDER BY first_seen DESC LIMIT 50"
-- labels         = ["host", "client"]
-- unit           = "d"
-- window         = "15m"
-- lookback       = "31d"
-- [columns]
-- tick   = "instant that the window ends at; UTC"
-- host   = "machine that the log is of"
-- client = "address as logged, or its hash; not seen for 30 days, though the log goes back more than one"
-- value  = "time since it was seen before; null: not within the look-back; d"
WITH
seen AS (
  SELECT
    host,
    client,
    first_seen,
    lag(last_seen) OVER (PARTITION BY host, client ORDER BY hour) AS before
  FROM client_hours
),
arrival AS (
  SELECT
    host,
    client,
    first_seen,
    first_seen - INTERVAL 1 DAY AS day_before,
    (epoch(first_seen) - epoch(before)) / 86400 AS days
  FROM seen
  WHERE before IS NULL OR first_seen - before > INTERVAL 30 DAY
),
busy_hour AS (
  SELECT
    host,
    hour,
    min(first_seen) AS first_seen
  FROM client_hours
  GROUP BY ALL
),
newcomer AS (
  SELECT
    arrival.host,
    arrival.client,
    arrival.first_seen,
    days
  FROM arrival
  ASOF JOIN busy_hour ON busy_hour.host = arrival.host AND day_before >= busy_hour.first_seen
  WHERE arrival.first_seen - busy_hour.first_seen < INTERVAL 30 DAY
)
SELECT
  tick,
  host,
  client,
  max(days) AS value
FROM newcomer
JOIN ticks ON tick >= first_seen AND tick < first_seen + INTERVAL 15 MINUTE
GROUP BY ALL
