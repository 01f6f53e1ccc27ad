-- [view]
-- purpose = "the last request of a model before each of its loads, where it was not more than a day before: how long the model had had nothing to do"
-- grain   = ["date_utc", "source", "byte_offset"]
-- needs   = ["requests_without_loads", "model_loads", "model_files"]
-- by_date = true
-- [columns]
-- date_utc    = "UTC date that the load began on"
-- source      = "byte stream of the log"
-- byte_offset = "where the line that begins the load begins; bytes"
-- idle_ns     = "from the end of that request, on the same machine, to the start of the load; ns"
WITH
load AS (
  SELECT
    source,
    byte_offset,
    coalesce(host, '(unknown)') AS host,
    coalesce(model_files.model, model_loads.model, model_loads.model_blob, '(unknown)') AS model,
    started_at
  FROM model_loads
  LEFT JOIN model_files USING (model_blob)
  WHERE outcome = 'loaded'
),
request AS (
  SELECT
    coalesce(host, '(unknown)') AS host,
    shown AS model,
    happened_at
  FROM requests_without_loads
  WHERE shown <> '(unknown)'
)
SELECT
  CAST(make_timestamp(epoch_us(load.started_at)) AS DATE) AS date_utc,
  load.source,
  load.byte_offset,
  CAST(1000 * (epoch_us(load.started_at) - epoch_us(request.happened_at)) AS BIGINT) AS idle_ns
FROM load
ASOF JOIN request ON request.host = load.host AND request.model = load.model AND request.happened_at <= load.started_at
WHERE epoch_us(load.started_at) - epoch_us(request.happened_at) <= 86400000000
