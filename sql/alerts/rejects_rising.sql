-- [alert]
-- needs          = ["ticks", "rejects", "requests", "server_events", "inferences", "sources"]
-- severity       = "medium"
-- summary        = "{value} of the lines of {log} that should make a row cannot be read, more than {threshold}"
-- recommendation = "See what they look like: ollalog sql 'SELECT reason, text FROM rejects'. A new Ollama may have changed its lines: upgrade ollalog, then: ollalog reprocess"
-- evidence       = "SELECT source, format, reason, count(*) AS lines, any_value(text) AS example FROM rejects GROUP BY ALL ORDER BY lines DESC LIMIT 50"
-- labels         = ["log"]
-- threshold      = 0.1
-- unit           = "ratio"
-- window         = "1h"
-- lookback       = "1d"
-- [columns]
-- tick  = "instant; UTC"
-- log   = "family of the source: the log through all its rotations"
-- value = "share of rejects among at least 20 of them and the rows of an hour; a reject counts at the time of the row before it; 0 to 1"
WITH
row_line AS (
  SELECT source, byte_offset, ended_at AS moment FROM requests
  UNION ALL
  SELECT source, byte_offset, happened_at AS moment FROM server_events
  UNION ALL
  SELECT source, byte_offset, happened_at AS moment FROM inferences
),
reject_line AS (
  SELECT rejects.source, rejects.byte_offset, moment
  FROM rejects
  ASOF JOIN row_line ON row_line.source = rejects.source AND rejects.byte_offset >= row_line.byte_offset
),
per_minute AS (
  SELECT
    source,
    -- The first tick that is not before the moment.
    make_timestamptz((epoch_us(moment) + 59999999) // 60000000 * 60000000) AS minute,
    count(*) FILTER (WHERE is_reject) AS rejects,
    count(*) AS lines
  FROM (
    SELECT source, moment, FALSE AS is_reject FROM row_line WHERE source IN (SELECT source FROM rejects)
    UNION ALL
    SELECT source, moment, TRUE AS is_reject FROM reject_line
  )
  GROUP BY ALL
),
per_log AS (
  SELECT
    coalesce(family.family, 'source ' || per_minute.source) AS log,
    minute,
    sum(rejects) AS rejects,
    sum(lines) AS lines
  FROM per_minute
  LEFT JOIN (SELECT source, family FROM sources) AS family USING (source)
  GROUP BY ALL
),
-- A minute counts at its own tick and at the 59 that follow.
per_tick AS (
  SELECT
    log,
    minute + to_minutes(unnest(range(60))) AS tick,
    rejects,
    lines
  FROM per_log
)
SELECT
  tick,
  log,
  sum(rejects) / sum(lines) AS value
FROM per_tick
SEMI JOIN ticks USING (tick)
GROUP BY ALL
HAVING sum(rejects) >= 20 AND sum(rejects) / sum(lines) > threshold()
