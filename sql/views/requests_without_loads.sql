-- [view]
-- purpose = "model_requests without what loads in the log tell (load_ns, other_ns, cold): for views that ask for nothing of it and are spared the join"
-- grain   = ["source", "byte_offset"]
-- needs   = ["requests", "inferences", "pairs", "record_matches", "sole_models", "model_files", "model_aliases"]
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
-- prompt_eval_ns           = "evaluation of the prompt; ns"
-- eval_ns                  = "generation; ns"
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
-- cut_off                  = "whether its run ended before its time: the client went away or the runner died; null without a run"
-- truncated                = "whether the context overflowed while it ran; null when nothing tells"
-- confidence               = "how sure the pairing with its run is: certain or likely; null without a run"
-- run_source               = "byte stream of its run's row in inferences; null without a run"
-- run_offset               = "where that row begins; bytes"
-- record_load_ns           = "scheduling and loading of the model, as the record tells it; ns"
-- known_from_log           = "whether the log tells its model: its run, or the only one that was loaded"
WITH
record AS (
  SELECT
    inferences.*,
    record_matches.source * 1099511627776 + record_matches.byte_offset AS access_key,
    coalesce(alias.model, inferences.model) AS shown
  FROM inferences
  LEFT JOIN record_matches ON record_matches.record_source = inferences.source AND record_matches.record_offset = inferences.byte_offset
  LEFT JOIN model_aliases AS alias ON alias.name = inferences.model
  WHERE origin <> 'server_log'
),
-- One number names a row: no log reaches 2^40 bytes.
pair AS (
  SELECT
    source * 1099511627776 + request_offset AS access_key,
    run_source * 1099511627776 + run_offset AS run_key,
    confidence
  FROM pairs
),
run AS (
  SELECT
    inferences.*,
    source * 1099511627776 + byte_offset AS run_key,
    coalesce(model_files.model, inferences.model) AS shown
  FROM inferences
  LEFT JOIN model_files ON model_files.model_blob = inferences.model_blob
  WHERE origin = 'server_log'
),
paired_run AS (
  SELECT
    pair.access_key,
    pair.confidence,
    run.*
  FROM pair
  JOIN run USING (run_key)
),
-- Stretches of the log are cut into slices of 256 KiB, so that lines find theirs by equality; the last of a log has no end.
resident_slice AS (
  SELECT
    *,
    unnest(range(first_offset // 262144, next_offset // 262144 + 1)) AS offset_slice
  FROM sole_models
  WHERE next_offset IS NOT NULL
),
last_resident AS (
  SELECT * FROM sole_models WHERE next_offset IS NULL
),
access AS (
  SELECT
    requests.*,
    requests.source * 1099511627776 + requests.byte_offset AS access_key,
    CASE WHEN status < 400 THEN coalesce(resident_slice.model, last_resident.model) END AS resident_model,
    CASE WHEN status < 400 THEN coalesce(resident_slice.model_blob, last_resident.model_blob) END AS resident_blob
  FROM requests
  LEFT JOIN resident_slice
    ON resident_slice.source = requests.source
    AND offset_slice = byte_offset // 262144
    AND byte_offset >= resident_slice.first_offset
    AND byte_offset < resident_slice.next_offset
  LEFT JOIN last_resident ON last_resident.source = requests.source AND byte_offset >= last_resident.first_offset
  WHERE operation IN ('generate', 'chat', 'embed') AND method = 'POST'
),
logged AS (
  SELECT
    access.*,
    run.access_key IS NOT NULL AS has_run,
    run.confidence,
    run.source AS run_source,
    run.byte_offset AS run_offset,
    run.success AS run_success,
    run.shown AS run_model,
    run.model_blob AS run_blob,
    run.total_ns AS run_total_ns,
    run.prompt_eval_ns,
    run.eval_ns,
    run.prompt_tokens,
    run.cached_tokens,
    run.generated_tokens,
    run.tokens_per_second,
    run.prompt_tokens_per_second,
    run.done_reason,
    run.truncated
  FROM access
  LEFT JOIN paired_run AS run USING (access_key)
),
request AS (
  SELECT
    coalesce(record.happened_at, logged.ended_at) AS happened_at,
    coalesce(logged.source, record.source) AS source,
    coalesce(logged.byte_offset, record.byte_offset) AS byte_offset,
    record.source AS record_source,
    record.byte_offset AS record_offset,
    CASE WHEN record.source IS NULL THEN 'server_log' WHEN logged.source IS NULL THEN record.origin ELSE 'both' END AS origin,
    logged.run_model,
    logged.run_blob,
    record.shown AS record_model,
    logged.resident_model,
    logged.resident_blob,
    coalesce(logged.operation, record.operation) AS operation,
    logged.client,
    logged.route,
    logged.path,
    logged.status,
    coalesce(logged.status < 400, TRUE) AND coalesce(record.success, TRUE) AS success,
    record.error,
    record.error_type,
    CASE WHEN logged.latency_resolution_ns < 1000000000 THEN logged.latency_ns ELSE coalesce(record.total_ns, logged.latency_ns) END AS latency_ns,
    record.load_ns AS record_load_ns,
    coalesce(logged.prompt_eval_ns, record.prompt_eval_ns) AS prompt_eval_ns,
    coalesce(logged.eval_ns, record.eval_ns) AS eval_ns,
    coalesce(logged.prompt_tokens, record.prompt_tokens) AS prompt_tokens,
    coalesce(logged.cached_tokens, record.cached_tokens) AS cached_tokens,
    coalesce(logged.generated_tokens, record.generated_tokens) AS generated_tokens,
    coalesce(logged.tokens_per_second, record.tokens_per_second) AS tokens_per_second,
    coalesce(logged.prompt_tokens_per_second, record.prompt_tokens_per_second) AS prompt_tokens_per_second,
    coalesce(record.done_reason, logged.done_reason) AS done_reason,
    coalesce(logged.host, record.host) AS host,
    coalesce(logged.session, record.session) AS session,
    logged.ended_at AS logged_at,
    logged.latency_ns AS logged_ns,
    logged.run_total_ns,
    CASE WHEN logged.has_run THEN NOT coalesce(logged.run_success, TRUE) END AS cut_off,
    coalesce(logged.truncated, record.truncated) AS truncated,
    logged.confidence,
    logged.run_source,
    logged.run_offset
  FROM logged
  FULL JOIN record USING (access_key)
)
SELECT
  happened_at,
  make_timestamptz(epoch_us(happened_at) - latency_ns // 1000) AS started_at,
  source,
  byte_offset,
  record_source,
  record_offset,
  origin,
  coalesce(run_model, record_model, resident_model) AS model,
  coalesce(run_blob, CASE WHEN coalesce(run_model, record_model) IS NULL THEN resident_blob END) AS model_blob,
  CASE
    WHEN run_model IS NOT NULL THEN 'run'
    WHEN record_model IS NOT NULL THEN 'record'
    WHEN resident_model IS NOT NULL THEN 'resident'
    WHEN run_blob IS NOT NULL THEN 'run'
    WHEN resident_blob IS NOT NULL THEN 'resident'
  END AS model_basis,
  coalesce(run_model, record_model, resident_model, run_blob, resident_blob, '(unknown)') AS shown,
  operation,
  client,
  route,
  path,
  status,
  success,
  error,
  CASE
    WHEN success THEN NULL
    WHEN error_type IS NOT NULL THEN error_type
    WHEN status = 404 THEN 'invalid_model'
    WHEN status IN (408, 499, 504) THEN 'timeout'
    WHEN status = 502 THEN 'connection_failed'
    WHEN status IN (402, 429, 503, 507) THEN 'resource_exhausted'
    WHEN status BETWEEN 400 AND 498 OR status = 501 THEN 'invalid_request'
    ELSE 'other'
  END AS error_type,
  latency_ns,
  prompt_eval_ns,
  eval_ns,
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
  CASE WHEN run_total_ns IS NOT NULL THEN greatest(latency_ns - run_total_ns, 0) END AS wait_ns,
  cut_off,
  truncated,
  confidence,
  run_source,
  run_offset,
  record_load_ns,
  coalesce(run_model, run_blob, resident_model, resident_blob) IS NOT NULL AS known_from_log
FROM request
