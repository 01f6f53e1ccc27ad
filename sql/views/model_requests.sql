-- [view]
-- purpose = "requests of a model, each once: records of performance.jsonl and API replies, and the server log's lines"
-- grain   = ["source", "byte_offset"]
-- needs   = ["requests", "inferences", "server_events"]
-- [columns]
-- happened_at              = "end of the request; UTC; whole seconds where only the server log tells"
-- started_at               = "happened_at less latency; UTC"
-- source                   = "byte stream of the access line, else of the record"
-- byte_offset              = "where that line begins in its source; bytes"
-- record_source            = "byte stream of the record; null when only the server log tells"
-- record_offset            = "where the record begins in its source; bytes"
-- origin                   = "who tells of it: server_log, performance_jsonl, api_response, or both: a record that fits one access line and no other"
-- model                    = "name as Ollama shows it; null when nothing tells"
-- model_basis              = "how the model is known: record; resident: the only one that was loaded; null when it is not known"
-- operation                = "generate, chat or embed; null when a record does not say"
-- client                   = "address of the client; null when nothing tells"
-- route                    = "route of the access line; null when only a record tells"
-- path                     = "path of the access line; null when only a record tells"
-- status                   = "HTTP status; null when only a record tells"
-- success                  = "whether it went well: status below 400 and the record says nothing else"
-- error                    = "error text of the record"
-- error_type               = "kind of failure: the record's, else by status (see errors_by_type); null on success"
-- latency_ns               = "from request to the end of the reply; ns; the record's where the log only tells whole seconds"
-- load_ns                  = "scheduling and loading of the model; ns"
-- prompt_eval_ns           = "evaluation of the prompt; ns"
-- eval_ns                  = "generation; ns"
-- other_ns                 = "latency less load, prompt evaluation and generation: queue and transport; ns; null when none of the three is known"
-- prompt_tokens            = "tokens of the prompt, cached ones included"
-- cached_tokens            = "tokens of the prompt found in the cache"
-- generated_tokens         = "tokens generated"
-- tokens_per_second        = "generated tokens / generation time; 1/s"
-- prompt_tokens_per_second = "evaluated prompt tokens / prompt evaluation time; 1/s"
-- done_reason              = "stop, length, load or unload"
-- host                     = "machine that the log is of"
-- session                  = "server run; null before the first known start"
WITH
record AS (
  SELECT
    *,
    -- One number names a row: no log reaches 2^40 bytes.
    source * 1099511627776 + byte_offset AS record_key,
    CASE operation WHEN 'generate' THEN 0 WHEN 'chat' THEN 1 WHEN 'embed' THEN 2 END AS operation_number
  FROM inferences
  WHERE origin IN ('performance_jsonl', 'api_response')
),
access AS (
  SELECT
    *,
    source * 1099511627776 + byte_offset AS access_key,
    CASE operation WHEN 'generate' THEN 0 WHEN 'chat' THEN 1 WHEN 'embed' THEN 2 END AS operation_number
  FROM requests
  WHERE operation IN ('generate', 'chat', 'embed') AND method = 'POST'
),
-- A record fits an access line of its operation when it ends -2 to +1 s from it and the latencies differ by 5 ms or 1 % at
-- most, beyond what the log cuts off (at most 10 s above one minute). So it fits in one or two slices of 4 s, and in one or
-- two slices of latency (width 25 %, the logarithm shifted so that 5 ms are narrow). A slice is one number: joins are fast.
record_span AS (
  SELECT
    record_key,
    operation_number,
    epoch_us(happened_at) AS end_us,
    total_ns,
    (epoch_us(happened_at) - 1000000) // 4000000 AS first_time,
    (epoch_us(happened_at) + 2000000) // 4000000 AS last_time,
    floor(4 * ln(greatest(0.98 * total_ns - 5e6 - CASE WHEN total_ns >= 6e10 THEN 1e10 ELSE 0 END, 0) + 5e8))::BIGINT AS first_latency,
    floor(4 * ln(1.02 * greatest(total_ns, 0) + 5e6 + 5e8))::BIGINT AS last_latency
  FROM record
),
record_slice AS (
  SELECT record_key, end_us, total_ns, (first_time * 256 + first_latency) * 4 + operation_number AS slice
  FROM record_span
  UNION ALL
  SELECT record_key, end_us, total_ns, (last_time * 256 + first_latency) * 4 + operation_number AS slice
  FROM record_span
  WHERE last_time > first_time
  UNION ALL
  SELECT record_key, end_us, total_ns, (first_time * 256 + last_latency) * 4 + operation_number AS slice
  FROM record_span
  WHERE last_latency > first_latency
  UNION ALL
  SELECT record_key, end_us, total_ns, (last_time * 256 + last_latency) * 4 + operation_number AS slice
  FROM record_span
  WHERE last_time > first_time AND last_latency > first_latency
),
access_slice AS (
  SELECT
    access_key,
    epoch_us(ended_at) AS end_us,
    latency_ns - greatest(5e6, 0.01 * latency_ns) AS least_ns,
    latency_ns + coalesce(latency_resolution_ns, 1) - 1 + greatest(5e6, 0.01 * latency_ns) AS most_ns,
    ((epoch_us(ended_at) // 4000000) * 256 + floor(4 * ln(greatest(latency_ns, 0) + 5e8))::BIGINT) * 4 + operation_number AS slice
  FROM access
),
candidate AS (
  SELECT access_key, record_key
  FROM access_slice
  JOIN record_slice USING (slice)
  WHERE record_slice.end_us - access_slice.end_us BETWEEN -2000000 AND 1000000 AND total_ns BETWEEN least_ns AND most_ns
),
access_with_one AS (
  SELECT access_key, any_value(record_key) AS record_key FROM candidate GROUP BY access_key HAVING count(*) = 1
),
record_with_one AS (
  SELECT record_key FROM candidate GROUP BY record_key HAVING count(*) = 1
),
pair AS (
  SELECT access_key, record_key FROM access_with_one JOIN record_with_one USING (record_key)
),
record_with_access AS (
  SELECT record.*, pair.access_key FROM record LEFT JOIN pair USING (record_key)
),
-- "loaded runners count=1" right after a model's name: no other model can answer until the next load begins. Stretches of
-- the log are cut into slices of 256 KiB, so that lines find theirs by equality.
residency AS (
  SELECT
    source,
    byte_offset AS first_offset,
    lead(byte_offset) OVER lines AS next_offset,
    CASE
      WHEN event = 'runners_counted' AND value = 1 AND lag(event) OVER lines = 'model_named' THEN lag(model) OVER lines
    END AS resident_model
  FROM server_events
  WHERE event IN ('server_config', 'server_started', 'model_load_started', 'model_named', 'runners_counted')
  WINDOW lines AS (PARTITION BY source ORDER BY byte_offset)
),
source_end AS (
  SELECT source, max(byte_offset) + 1 AS end_offset FROM access GROUP BY source
),
resident_slice AS (
  SELECT
    source,
    resident_model,
    first_offset,
    coalesce(next_offset, end_offset) AS next_offset,
    unnest(range(first_offset // 262144, coalesce(next_offset, end_offset) // 262144 + 1)) AS offset_slice
  FROM residency
  JOIN source_end USING (source)
  WHERE resident_model IS NOT NULL
),
access_with_resident AS (
  SELECT
    access.*,
    CASE WHEN status < 400 THEN resident_model END AS resident_model
  FROM access
  LEFT JOIN resident_slice
    ON resident_slice.source = access.source
    AND offset_slice = byte_offset // 262144
    AND byte_offset >= first_offset
    AND byte_offset < next_offset
),
request AS (
  SELECT
    coalesce(record.happened_at, access.ended_at) AS happened_at,
    coalesce(access.source, record.source) AS source,
    coalesce(access.byte_offset, record.byte_offset) AS byte_offset,
    record.source AS record_source,
    record.byte_offset AS record_offset,
    CASE WHEN record.source IS NULL THEN 'server_log' WHEN access.source IS NULL THEN record.origin ELSE 'both' END AS origin,
    record.model AS record_model,
    access.resident_model,
    coalesce(access.operation, record.operation) AS operation,
    access.client,
    access.route,
    access.path,
    access.status,
    coalesce(access.status < 400, TRUE) AND coalesce(record.success, TRUE) AS success,
    record.error,
    record.error_type,
    CASE WHEN access.latency_resolution_ns < 1000000000 THEN access.latency_ns ELSE coalesce(record.total_ns, access.latency_ns) END AS latency_ns,
    record.load_ns,
    record.prompt_eval_ns,
    record.eval_ns,
    record.prompt_tokens,
    record.cached_tokens,
    record.generated_tokens,
    record.tokens_per_second,
    record.prompt_tokens_per_second,
    record.done_reason,
    coalesce(access.host, record.host) AS host,
    coalesce(access.session, record.session) AS session
  FROM access_with_resident AS access
  FULL JOIN record_with_access AS record USING (access_key)
)
SELECT
  happened_at,
  happened_at - to_microseconds(latency_ns // 1000) AS started_at,
  source,
  byte_offset,
  record_source,
  record_offset,
  origin,
  coalesce(record_model, resident_model) AS model,
  CASE WHEN record_model IS NOT NULL THEN 'record' WHEN resident_model IS NOT NULL THEN 'resident' END AS model_basis,
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
  load_ns,
  prompt_eval_ns,
  eval_ns,
  CASE
    WHEN coalesce(load_ns, prompt_eval_ns, eval_ns) IS NOT NULL
    THEN greatest(latency_ns - coalesce(load_ns, 0) - coalesce(prompt_eval_ns, 0) - coalesce(eval_ns, 0), 0)
  END AS other_ns,
  prompt_tokens,
  cached_tokens,
  generated_tokens,
  tokens_per_second,
  prompt_tokens_per_second,
  done_reason,
  host,
  session
FROM request
