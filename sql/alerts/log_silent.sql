-- [alert]
-- needs          = ["ticks", "sources", "requests", "server_events", "inferences"]
-- severity       = "low"
-- summary        = "no line came from {log} for {value}, more than {threshold}"
-- recommendation = "See whether the server runs and still writes to this log: ollalog status. If it is idle for long by habit, raise the threshold."
-- evidence       = "SELECT family, path, lines, offset_bytes FROM sources ORDER BY family, generation"
-- labels         = ["log"]
-- threshold      = 43200
-- unit           = "s"
-- window         = "12h"
-- lookback       = "31d"
-- [columns]
-- tick  = "instant; UTC"
-- log   = "family of the source: the log through all its rotations"
-- value = "time since its last row; in history only until its next one, for the end of a log is no silence; none after 30 days; s"
WITH
moment AS (
  SELECT DISTINCT source, date_trunc('minute', ended_at) AS minute FROM requests
  UNION
  SELECT DISTINCT source, date_trunc('minute', happened_at) AS minute FROM server_events
  UNION
  SELECT DISTINCT source, date_trunc('minute', happened_at) AS minute FROM inferences
),
gap AS (
  SELECT
    coalesce(sources.family, 'source ' || moment.source) AS log,
    minute,
    lead(minute) OVER (PARTITION BY coalesce(sources.family, 'source ' || moment.source) ORDER BY minute) AS next_minute
  FROM moment
  LEFT JOIN sources USING (source)
),
long_gap AS (
  SELECT * FROM gap WHERE epoch(next_minute) - epoch(minute) > threshold()
)
SELECT
  tick,
  log,
  epoch(tick) - epoch(minute) AS value
FROM ticks
-- After 30 days nobody waits for it any more.
JOIN long_gap ON tick > minute + to_seconds(threshold()) AND tick < least(next_minute, minute + INTERVAL 30 DAY)
