-- [view]
-- purpose = "settings that bound concurrency, as each server run printed them at its start"
-- grain   = ["source", "byte_offset"]
-- needs   = ["server_events"]
-- keep    = true
-- [columns]
-- source            = "byte stream of the log"
-- byte_offset       = "where the line of the settings begins; bytes"
-- host              = "machine that the log is of"
-- session           = "server run"
-- started_at        = "when the server printed its settings; UTC"
-- num_parallel      = "OLLAMA_NUM_PARALLEL: requests that one model works on at once; null when it is left to Ollama"
-- max_queue         = "OLLAMA_MAX_QUEUE: requests that may wait before others are refused with 503"
-- max_loaded_models = "OLLAMA_MAX_LOADED_MODELS: models loaded at once; null when it is left to Ollama"
-- keep_alive        = "OLLAMA_KEEP_ALIVE: how long an idle model stays loaded, as Ollama writes durations"
SELECT
  source,
  byte_offset,
  host,
  session,
  happened_at AS started_at,
  nullif(TRY_CAST(nullif(regexp_extract(attrs, 'OLLAMA_NUM_PARALLEL"?\s*:\s*"?(\d+)', 1), '') AS BIGINT), 0) AS num_parallel,
  TRY_CAST(nullif(regexp_extract(attrs, 'OLLAMA_MAX_QUEUE"?\s*:\s*"?(\d+)', 1), '') AS BIGINT) AS max_queue,
  nullif(TRY_CAST(nullif(regexp_extract(attrs, 'OLLAMA_MAX_LOADED_MODELS"?\s*:\s*"?(\d+)', 1), '') AS BIGINT), 0) AS max_loaded_models,
  nullif(regexp_extract(attrs, 'OLLAMA_KEEP_ALIVE"?\s*:\s*"?([0-9a-z.µ-]+)', 1), '') AS keep_alive
FROM server_events
WHERE event = 'server_config'
ORDER BY source, byte_offset
