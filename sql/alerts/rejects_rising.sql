-- [alert]
-- needs          = ["ticks", "lines_by_minute", "sources"]
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
-- value = "share of rejects among at least 20 of them and the rows of an hour; a reject counts at the time that was told last before it; 0 to 1"
WITH
per_log AS (
  SELECT
    coalesce(sources.family, 'source ' || lines_by_minute.source) AS log,
    minute,
    sum(lines_by_minute.rejects) AS rejects,
    sum(lines_by_minute.lines) AS lines
  FROM lines_by_minute
  LEFT JOIN sources USING (source)
  GROUP BY ALL
),
-- A minute counts at its own tick and at the 59 that follow.
per_tick AS (
  SELECT
    log,
    epoch_us(minute) // 60000000 + unnest(range(60)) AS minute_number,
    rejects,
    lines
  FROM per_log
  WHERE log IN (SELECT log FROM per_log WHERE rejects > 0)
),
numbered_tick AS (
  SELECT tick, (epoch_us(tick) + 59999999) // 60000000 AS minute_number FROM ticks
)
SELECT
  tick,
  log,
  sum(rejects) / sum(lines) AS value
FROM per_tick
JOIN numbered_tick USING (minute_number)
GROUP BY ALL
HAVING sum(rejects) >= 20 AND sum(rejects) / sum(lines) > threshold()
