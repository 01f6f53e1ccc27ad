-- [alert]
-- needs          = ["ticks", "sources", "source_activity"]
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
-- value = "time since its last row, in quarters of an hour with a row; in history only until its next one, for the end of a log is no silence, nor is it where another log of the machine was begun later; none after 30 days; s"
WITH
quarter AS (
  SELECT
    coalesce(sources.family, 'source ' || source_activity.source) AS log,
    quarter,
    min(first_at) AS first_at,
    max(last_at) AS last_at,
    min(host) AS host,
    max(is_of_server) AS is_of_server
  FROM source_activity
  LEFT JOIN sources USING (source)
  GROUP BY ALL
),
newest_log AS (
  SELECT
    host,
    is_of_server,
    max(begun_at) AS begun_at
  FROM (SELECT log, min(host) AS host, max(is_of_server) AS is_of_server, min(first_at) AS begun_at FROM quarter GROUP BY log)
  GROUP BY ALL
),
gap AS (
  SELECT
    log,
    date_trunc('minute', last_at) AS minute,
    -- Where a live server is followed, the last row is followed by silence, unless the server went on in another log, or another server came.
    coalesce(
      date_trunc('minute', lead(first_at) OVER (PARTITION BY log ORDER BY quarter)),
      CASE WHEN is_live() AND last_at >= newest_log.begun_at THEN last_at + INTERVAL 31 DAY END
    ) AS next_minute
  FROM quarter
  LEFT JOIN newest_log ON newest_log.host IS NOT DISTINCT FROM quarter.host AND newest_log.is_of_server = quarter.is_of_server
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
