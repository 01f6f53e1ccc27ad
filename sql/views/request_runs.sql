-- [view]
-- purpose = "one row per request of a model in the server log, with what is known of its run: model, tokens, speed, wait"
-- grain   = ["source", "byte_offset"]
-- needs   = ["requests_without_loads"]
-- [columns]
-- source            = "byte stream of the access line"
-- byte_offset       = "where the access line begins in its source; bytes"
-- ended_at          = "end of the request; UTC, whole seconds"
-- latency_ns        = "time from request to the end of the reply; ns; above one minute the log tells whole seconds"
-- status            = "HTTP status"
-- operation         = "generate, chat or embed"
-- client            = "address of the client; null when the log has none"
-- model             = "name as Ollama shows it, one for all names of a file (see model_names); null when nothing tells"
-- model_blob        = "first 12 hex digits of the digest of the model's file; null when it is not known"
-- model_basis       = "how the model is known: run: paired in the log; record: the one of performance.jsonl that fits; resident: the only one that was loaded; null when it is not known"
-- prompt_tokens     = "tokens of the prompt, cached ones included; of the run, else of the record"
-- cached_tokens     = "tokens of the prompt found in the cache"
-- generated_tokens  = "tokens generated; as far as seen when the run was cut off"
-- prompt_eval_ns    = "evaluation of the prompt; ns"
-- eval_ns           = "generation; ns"
-- tokens_per_second = "generated tokens / generation time; 1/s"
-- wait_ns           = "latency less the run's total: queue, load of the model and transport together, which the log does not tell apart; ns; null without a run that came to its end"
-- confidence        = "how sure the pairing with the run is: certain or likely; null without a run"
SELECT
  source,
  byte_offset,
  logged_at AS ended_at,
  logged_ns AS latency_ns,
  status,
  operation,
  client,
  model,
  model_blob,
  model_basis,
  prompt_tokens,
  cached_tokens,
  generated_tokens,
  prompt_eval_ns,
  eval_ns,
  tokens_per_second,
  wait_ns,
  confidence
FROM requests_without_loads
WHERE origin IN ('server_log', 'both')
