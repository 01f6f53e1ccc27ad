-- [view]
-- purpose = "when rows came from each log, by quarter of an hour"
-- grain   = ["source", "quarter"]
-- needs   = ["requests", "server_events", "inferences"]
-- merge   = { first_at = "min", last_at = "max" }
-- [columns]
-- source   = "byte stream of the log"
-- quarter  = "start of the quarter of an hour; UTC"
-- first_at = "time of the first row in it; UTC"
-- last_at  = "time of the last row in it; UTC"
WITH
moment AS (
  SELECT source, ended_at AS moment FROM requests
  UNION ALL
  SELECT source, happened_at AS moment FROM server_events
  UNION ALL
  SELECT source, happened_at AS moment FROM inferences
)
SELECT
  source,
  make_timestamptz(epoch_us(moment) // 900000000 * 900000000) AS quarter,
  min(moment) AS first_at,
  max(moment) AS last_at
FROM moment
GROUP BY ALL
