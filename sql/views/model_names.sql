-- [view]
-- purpose = "names of each model file: aliases of one file are one model, shown by the name that was seen first"
-- grain   = ["model_blob", "name"]
-- needs   = ["model_loads", "run_names"]
-- keep    = true
-- [columns]
-- model_blob = "first 12 hex digits of the digest of the model's file"
-- name       = "a name that it was loaded or run by"
-- model      = "the name that views show it by"
-- first_seen = "when the name was seen first; UTC"
WITH
sighting AS (
  SELECT model_blob, model AS name, started_at AS seen_at
  FROM model_loads
  WHERE model_blob IS NOT NULL AND model IS NOT NULL
  UNION ALL
  SELECT model_blob, name, first_seen AS seen_at
  FROM run_names
),
per_name AS (
  SELECT
    model_blob,
    name,
    min(seen_at) AS first_seen
  FROM sighting
  GROUP BY ALL
)
SELECT
  model_blob,
  name,
  first_value(name) OVER (PARTITION BY model_blob ORDER BY first_seen NULLS LAST, name) AS model,
  first_seen
FROM per_name
ORDER BY model_blob, first_seen, name
