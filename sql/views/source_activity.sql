-- [view]
-- purpose = "when rows came from each log, by quarter of an hour"
-- grain   = ["source", "quarter"]
-- needs   = ["requests", "server_events", "inferences"]
-- merge   = { first_at = "min", last_at = "max", is_of_server = "max" }
-- [columns]
-- source       = "byte stream of the log"
-- quarter      = "start of the quarter of an hour; UTC"
-- first_at     = "time of the first row in it; UTC"
-- last_at      = "time of the last row in it; UTC"
-- is_of_server = "whether a server wrote any of them, and not a program that uses it"
WITH
moment AS (
  SELECT source, ended_at AS moment, TRUE AS is_of_server FROM requests
  UNION ALL
  SELECT source, happened_at AS moment, TRUE AS is_of_server FROM server_events
  UNION ALL
  SELECT source, happened_at AS moment, origin = 'server_log' AS is_of_server FROM inferences
)
SELECT
  source,
  make_timestamptz(epoch_us(moment) // 900000000 * 900000000) AS quarter,
  min(moment) AS first_at,
  max(moment) AS last_at,
  max(is_of_server) AS is_of_server
FROM moment
GROUP BY ALL
