-- [view]
-- purpose = "stretches of the server log in which one model was loaded and no other: until the next load begins nobody else can answer"
-- grain   = ["source", "first_offset"]
-- needs   = ["model_loads", "model_files"]
-- keep    = true
-- [columns]
-- source       = "byte stream of the log"
-- first_offset = "where the line begins that counts the model as the only one; bytes"
-- next_offset  = "where the next load or start of the server begins; bytes; null: none came"
-- model        = "name as Ollama shows it; null when no name is known"
-- model_blob   = "first 12 hex digits of the digest of the model's file; null when it is not known"
SELECT
  source,
  ready_offset AS first_offset,
  next_offset,
  coalesce(model_files.model, model_loads.model) AS model,
  model_loads.model_blob
FROM model_loads
LEFT JOIN model_files ON model_files.model_blob = model_loads.model_blob
WHERE runners = 1 AND coalesce(model_loads.model, model_loads.model_blob) IS NOT NULL
ORDER BY source, first_offset
