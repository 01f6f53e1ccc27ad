-- [view]
-- purpose = "the name that views show for each model file that has a name"
-- grain   = ["model_blob"]
-- needs   = ["model_names"]
-- keep    = true
-- [columns]
-- model_blob = "first 12 hex digits of the digest of the model's file"
-- model      = "the name that views show it by"
SELECT DISTINCT
  model_blob,
  model
FROM model_names
ORDER BY model_blob
