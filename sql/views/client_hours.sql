-- [view]
-- purpose = "when each client used a machine, by hour"
-- grain   = ["host", "client", "hour"]
-- needs   = ["requests"]
-- merge   = { first_seen = "min", last_seen = "max", requests = "sum" }
-- [columns]
-- host       = "machine that the log is of"
-- client     = "address as logged, or its hash"
-- hour       = "start of the hour; UTC"
-- first_seen = "end of its first request in the hour; UTC"
-- last_seen  = "end of its last request in the hour; UTC"
-- requests   = "requests in the hour; count"
SELECT
  host,
  client,
  make_timestamptz(epoch_us(ended_at) // 3600000000 * 3600000000) AS hour,
  min(ended_at) AS first_seen,
  max(ended_at) AS last_seen,
  count(*) AS requests
FROM requests
WHERE client IS NOT NULL
GROUP BY ALL
