-- [view]
-- purpose = "names of model files that the log's runs tell: what model_names knows beside the loads"
-- grain   = ["model_blob", "name"]
-- needs   = ["inferences"]
-- [columns]
-- model_blob = "first 12 hex digits of the digest of the model's file"
-- name       = "a name that it was run by"
-- first_seen = "end of the first such run; UTC"
SELECT
  model_blob,
  model AS name,
  min(happened_at) AS first_seen
FROM inferences
WHERE origin = 'server_log' AND model_blob IS NOT NULL AND model IS NOT NULL
GROUP BY ALL
