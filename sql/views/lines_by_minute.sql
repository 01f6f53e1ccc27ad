-- [view]
-- purpose = "rows and rejected lines of each log by minute of the log's own time"
-- grain   = ["source", "minute"]
-- needs   = ["requests", "server_events", "inferences", "rejects"]
-- merge   = { lines = "sum", rejects = "sum" }
-- [columns]
-- source  = "byte stream of the log"
-- minute  = "end of the minute: the first whole minute that is not before the lines; UTC"
-- lines   = "rows of the minute, and the rejected lines that follow one of them in the log; count"
-- rejects = "of these the rejected ones; count"
WITH
row_line AS (
  SELECT batch, source, byte_offset, ended_at AS moment FROM requests
  UNION ALL
  SELECT batch, source, byte_offset, happened_at AS moment FROM server_events
  UNION ALL
  SELECT batch, source, byte_offset, happened_at AS moment FROM inferences
),
-- Rejects that were stored without the time of what is before them: that of the row before them, as far as rows are looked at.
undated AS (
  SELECT source, byte_offset FROM rejects WHERE happened_at IS NULL
),
reject_line AS (
  SELECT source, happened_at AS moment FROM rejects WHERE happened_at IS NOT NULL
  UNION ALL
  SELECT undated.source, row_line.moment
  FROM undated
  ASOF JOIN (SELECT * FROM row_line WHERE source IN (SELECT source FROM undated)) AS row_line
    ON row_line.source = undated.source AND undated.byte_offset >= row_line.byte_offset
),
line AS (
  -- Rows of batch 0 were counted before, and only date what follows them.
  SELECT source, moment, 0 AS reject FROM row_line WHERE coalesce(batch, 1) > 0
  UNION ALL
  SELECT source, moment, 1 AS reject FROM reject_line
)
SELECT
  source,
  make_timestamptz((epoch_us(moment) + 59999999) // 60000000 * 60000000) AS minute,
  count(*) AS lines,
  CAST(sum(reject) AS BIGINT) AS rejects
FROM line
GROUP BY ALL
