-- [view]
-- purpose = "requests of a model, each once: records of performance.jsonl and API replies, and the server log's lines with their runs"
-- grain   = ["source", "byte_offset"]
-- needs   = ["requests_without_loads", "cold_starts"]
-- [columns]
-- happened_at              = "end of the request; UTC; whole seconds where only the server log tells"
-- started_at               = "happened_at less latency; UTC"
-- source                   = "byte stream of the access line, else of the record"
-- byte_offset              = "where that line begins in its source; bytes"
-- record_source            = "byte stream of the record; null when only the server log tells"
-- record_offset            = "where the record begins in its source; bytes"
-- origin                   = "who tells of it: server_log, performance_jsonl, api_response, or both: a record that fits one access line and no other"
-- model                    = "name as Ollama shows it, one for all names of a file (see model_names); null when nothing tells"
-- model_blob               = "first 12 hex digits of the digest of the model's file, known from its run or as the only one loaded; else null"
-- model_basis              = "how the model is known: run: paired in the log; record; resident: the only one that was loaded; null when it is not known"
-- shown                    = "name that views show its model by: model, else model_blob, else '(unknown)'"
-- operation                = "generate, chat or embed; null when a record does not say"
-- client                   = "address of the client; null when nothing tells"
-- route                    = "route of the access line; null when only a record tells"
-- path                     = "path of the access line; null when only a record tells"
-- status                   = "HTTP status; null when only a record tells"
-- success                  = "whether it went well: status below 400 and the record says nothing else"
-- error                    = "error text of the record"
-- error_type               = "kind of failure: the record's, else by status (see errors_by_type); null on success"
-- latency_ns               = "from request to the end of the reply; ns; the record's where the log only tells whole seconds"
-- load_ns                  = "scheduling and loading of the model, as the record tells it, else the logged load that the request waited for; ns"
-- prompt_eval_ns           = "evaluation of the prompt; ns"
-- eval_ns                  = "generation; ns"
-- other_ns                 = "latency less load, prompt evaluation and generation: queue and transport; ns; null when neither a run nor a record tells of them"
-- prompt_tokens            = "tokens of the prompt, cached ones included"
-- cached_tokens            = "tokens of the prompt found in the cache"
-- generated_tokens         = "tokens generated"
-- tokens_per_second        = "generated tokens / generation time; 1/s"
-- prompt_tokens_per_second = "evaluated prompt tokens / prompt evaluation time; 1/s"
-- done_reason              = "stop, length, load or unload"
-- host                     = "machine that the log is of"
-- session                  = "server run; null before the first known start"
-- logged_at                = "end of the request as its access line tells it; UTC; null when only a record tells"
-- logged_ns                = "latency as the access line tells it; ns; null when only a record tells"
-- wait_ns                  = "latency less the run's total: queue, load of the model and transport together; ns; null without a run that came to its end"
-- cold                     = "whether it waited for its model to load: a logged load that its time covers, else the record's load time of 0.5 s or more; null when nothing tells"
-- cut_off                  = "whether its run ended before its time: the client went away or the runner died; null without a run"
-- truncated                = "whether the context overflowed while it ran; null when nothing tells"
-- confidence               = "how sure the pairing with its run is: certain or likely; null without a run"
-- run_source               = "byte stream of its run's row in inferences; null without a run"
-- run_offset               = "where that row begins; bytes"
-- record_load_ns           = "scheduling and loading of the model, as the record tells it; ns"
-- known_from_log           = "whether the log tells its model: its run, or the only one that was loaded"
SELECT
  happened_at,
  started_at,
  request.source,
  request.byte_offset,
  record_source,
  record_offset,
  origin,
  model,
  model_blob,
  model_basis,
  shown,
  operation,
  client,
  route,
  path,
  status,
  success,
  error,
  error_type,
  latency_ns,
  coalesce(record_load_ns, cold_starts.load_ns) AS load_ns,
  prompt_eval_ns,
  eval_ns,
  CASE
    WHEN coalesce(record_load_ns, prompt_eval_ns, eval_ns) IS NOT NULL
    THEN greatest(latency_ns - coalesce(record_load_ns, cold_starts.load_ns, 0) - coalesce(prompt_eval_ns, 0) - coalesce(eval_ns, 0), 0)
  END AS other_ns,
  prompt_tokens,
  cached_tokens,
  generated_tokens,
  tokens_per_second,
  prompt_tokens_per_second,
  done_reason,
  host,
  session,
  logged_at,
  logged_ns,
  wait_ns,
  CASE WHEN cold_starts.load_ns IS NOT NULL THEN TRUE WHEN record_load_ns IS NOT NULL THEN record_load_ns >= 500000000 WHEN known_from_log THEN FALSE END
    AS cold,
  cut_off,
  truncated,
  confidence,
  run_source,
  run_offset,
  record_load_ns,
  known_from_log
FROM requests_without_loads AS request
LEFT JOIN cold_starts ON cold_starts.source = request.source AND cold_starts.byte_offset = request.byte_offset
