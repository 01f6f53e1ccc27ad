-- [view]
-- purpose = "requests of each day that each load is known to have served: the last load of their model before them in the same log"
-- grain   = ["date_utc", "source", "byte_offset"]
-- needs   = ["requests_without_loads", "model_loads", "model_files"]
-- by_date = true
-- [columns]
-- date_utc    = "UTC date that the requests ended on"
-- source      = "byte stream of the log"
-- byte_offset = "where the line that begins the load begins; bytes"
-- requests    = "requests that went well"
WITH
load AS (
  SELECT
    source,
    byte_offset,
    coalesce(model_files.model, model_loads.model, model_loads.model_blob, '(unknown)') AS shown
  FROM model_loads
  LEFT JOIN model_files USING (model_blob)
  WHERE outcome = 'loaded'
),
request AS (
  SELECT
    CAST(make_timestamp(epoch_us(happened_at)) AS DATE) AS date_utc,
    source,
    shown,
    byte_offset
  FROM requests_without_loads
  WHERE status < 400 AND shown <> '(unknown)'
)
SELECT
  date_utc,
  load.source,
  load.byte_offset,
  CAST(count(*) AS BIGINT) AS requests
FROM request
ASOF JOIN load ON load.source = request.source AND load.shown = request.shown AND request.byte_offset > load.byte_offset
GROUP BY ALL
