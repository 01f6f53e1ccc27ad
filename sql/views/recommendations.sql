-- [view]
-- purpose = "what to change, each with the numbers that say so and the query that shows them; nothing without a cause"
-- grain   = ["kind", "host", "model"]
-- needs   = ["requests_without_loads", "date_sums", "idle_before_loads", "model_residency", "model_thrash", "concurrency_by_minute", "unavailable", "truncations", "errors_by_type", "versions", "server_settings"]
-- [columns]
-- kind     = "keep_alive, evictions, num_parallel, max_queue, context_unused, context_too_small, gpu_layers, missing_model, runner_crashes, client_timeouts or upgrade"
-- host     = "machine that it is about; null when it is about all"
-- model    = "model that it is about; null when it is about none"
-- priority = "high, medium or low"
-- advice   = "what to do, in a sentence"
-- reason   = "why, in a sentence with the numbers"
-- lost_ns  = "time that it cost in the range; an estimate; ns; null when it cannot be told"
-- evidence = "the numbers as a JSON object; durations in ns"
-- query    = "a query that shows them, for `ollalog sql`"
WITH
residency AS (
  SELECT
    * EXCLUDE (host),
    coalesce(host, '(unknown)') AS host,
    lag(ended_by) OVER (PARTITION BY coalesce(host, '(unknown)'), model ORDER BY started_at, source, byte_offset) AS ended_before
  FROM model_residency
  WHERE in_range(started_at)
),
-- How long a server keeps a model that nobody asks for, as it printed it last; negative: for good; without a unit: seconds.
kept AS (
  SELECT
    coalesce(host, '(unknown)') AS host,
    arg_max(keep_alive, started_at) AS keep_alive
  FROM server_settings
  WHERE keep_alive IS NOT NULL
  GROUP BY ALL
),
kept_for AS (
  SELECT
    host,
    CASE
      WHEN keep_alive LIKE '-%' THEN 9e18
      WHEN TRY_CAST(keep_alive AS DOUBLE) IS NOT NULL THEN 1e9 * TRY_CAST(keep_alive AS DOUBLE)
      ELSE 3.6e12 * coalesce(TRY_CAST(regexp_extract(keep_alive, '(\d+)h', 1) AS DOUBLE), 0)
        + 6e10 * coalesce(TRY_CAST(regexp_extract(keep_alive, '(\d+)m([^s]|$)', 1) AS DOUBLE), 0)
        + 1e9 * coalesce(TRY_CAST(regexp_extract(keep_alive, '([\d.]+)s', 1) AS DOUBLE), 0)
    END AS keep_alive_ns
  FROM kept
),
-- How long a model had had nothing to do when it was asked for again and had gone by itself: where that was sooner than its
-- keep_alive (five minutes unless told otherwise), something else was the cause, as other options of a request.
idle AS (
  SELECT
    residency.host,
    residency.model,
    residency.load_ns,
    idle_ns,
    greatest(coalesce(keep_alive_ns, 3e11), 6e10) AS least_idle_ns
  FROM residency
  JOIN idle_before_loads ON idle_before_loads.source = residency.source AND idle_before_loads.byte_offset = residency.byte_offset
  LEFT JOIN kept_for ON kept_for.host = residency.host
  WHERE ended_before = 'reloaded' AND idle_ns BETWEEN least_idle_ns AND 8.64e13
),
keep_alive AS (
  SELECT
    'keep_alive' AS kind,
    host,
    model,
    'medium' AS priority,
    count(*) AS reloads,
    min(least_idle_ns) AS least_idle_ns,
    CAST(round(quantile_cont(idle_ns, 0.5)) AS BIGINT) AS idle_p50_ns,
    CAST(round(quantile_cont(idle_ns, 0.9)) AS BIGINT) AS idle_p90_ns,
    CAST(sum(load_ns) AS BIGINT) AS lost_ns
  FROM idle
  GROUP BY host, model
  HAVING count(*) >= 3 AND sum(load_ns) >= 10000000000
),
saturated AS (
  SELECT
    host,
    count(*) AS busy_minutes,
    count(*) FILTER (WHERE saturation_ratio > 1) AS full_minutes,
    max(in_flight_max) AS in_flight_max,
    max(waiting_max) AS waiting_max,
    arg_max(num_parallel, minute_utc) AS num_parallel,
    CAST(nullif(sum(waiting_mean), 0) * 6e10 AS BIGINT) AS lost_ns
  FROM concurrency_by_minute
  GROUP BY host
  HAVING full_minutes >= 10 AND full_minutes >= 0.05 * busy_minutes
),
used AS (
  SELECT
    coalesce(host, '(unknown)') AS host,
    model,
    CAST(sum(lengths) AS BIGINT) AS requests,
    max(longest_tokens) AS longest_tokens
  FROM date_sums
  WHERE model <> '(unknown)'
  GROUP BY ALL
  HAVING sum(lengths) >= 50
),
window_of AS (
  SELECT
    host,
    model,
    arg_max(context_tokens // greatest(coalesce(slots, 1), 1), started_at) AS context_tokens
  FROM residency
  WHERE context_tokens IS NOT NULL
  GROUP BY host, model
),
context_unused AS (
  SELECT
    used.*,
    context_tokens,
    CAST(greatest(pow(2, ceil(log2(1.25 * longest_tokens))), 2048) AS BIGINT) AS enough_tokens
  FROM used
  JOIN window_of USING (host, model)
  WHERE context_tokens >= 8192 AND longest_tokens * 4 <= context_tokens
),
partly AS (
  SELECT
    host,
    model,
    count(*) AS loads,
    count(*) FILTER (WHERE gpu_ratio < 1) AS partial_loads,
    arg_max(gpu_layers, started_at) FILTER (WHERE gpu_ratio < 1) AS gpu_layers,
    arg_max(layers, started_at) FILTER (WHERE gpu_ratio < 1) AS layers
  FROM residency
  GROUP BY host, model
  HAVING count(*) FILTER (WHERE gpu_ratio < 1) > 0
),
thrash AS (
  SELECT * FROM model_thrash
),
timed_out AS (
  SELECT
    count(*) AS requests,
    CAST(round(median(latency_ns)) AS BIGINT) AS median_ns,
    CAST(sum(latency_ns) AS BIGINT) AS lost_ns
  FROM requests_without_loads
  WHERE error_type = 'timeout'
  HAVING count(*) >= 5
),
newest AS (
  SELECT
    coalesce(host, '(unknown)') AS host,
    arg_max(version, started_at) AS version,
    sum(requests) AS requests
  FROM versions
  WHERE version IS NOT NULL
  GROUP BY ALL
),
found AS (
  SELECT
    kind,
    host,
    model,
    priority,
    'keep the model loaded: keep_alive "' || CAST(ceil(idle_p90_ns / 6e10) AS BIGINT) || 'm" in its requests, or OLLAMA_KEEP_ALIVE' AS advice,
    'it had gone ' || reloads || ' times when it was wanted again, mostly within ' || CAST(ceil(idle_p90_ns / 6e10) AS BIGINT) || ' minutes' AS reason,
    lost_ns,
    to_json({'reloads': reloads, 'idle_p50_ns': idle_p50_ns, 'idle_p90_ns': idle_p90_ns, 'lost_ns': lost_ns}) AS evidence,
    'WITH stay AS (SELECT *, lag(ended_by) OVER (PARTITION BY host ORDER BY started_at, source, byte_offset) AS ended_before FROM model_residency '
      || 'WHERE model = ''' || replace(model, '''', '''''') || ''' AND coalesce(host, ''(unknown)'') = ''' || replace(host, '''', '''''')
      || ''') SELECT started_at, idle_ns, load_ns FROM stay JOIN idle_before_loads USING (source, byte_offset) WHERE ended_before = ''reloaded'''
      || ' AND idle_ns BETWEEN ' || CAST(least_idle_ns AS BIGINT) || ' AND 86400000000000 ORDER BY started_at' AS query
  FROM keep_alive
  UNION ALL
  SELECT
    'evictions',
    NULL,
    model,
    CASE WHEN evictions >= 20 THEN 'high' ELSE 'medium' END,
    'let the models fit together: a smaller quantisation or context, more GPU memory, or fewer models at a time',
    'it was evicted ' || evictions || ' times for another model, and loaded ' || loads || ' times for ' || requests || ' requests',
    CAST(lost_ns / nullif(loads, 0) * evictions AS BIGINT),
    to_json({'evictions': evictions, 'loads': loads, 'requests': requests, 'quick_reloads': quick_reloads, 'lost_by_all_loads_ns': lost_ns}),
    'SELECT * FROM model_thrash WHERE model = ''' || replace(model, '''', '''''') || ''''
  FROM thrash
  WHERE evictions >= 3
  UNION ALL
  SELECT
    'runner_crashes',
    NULL,
    model,
    'high',
    'look for the cause in the log: most often too little memory; try a smaller context, or a newer Ollama',
    'its runner died ' || crashes || ' times',
    NULL,
    to_json({'crashes': crashes, 'loads': loads}),
    'SELECT host, started_at, until_at, ended_by FROM model_residency WHERE ended_by = ''crashed'' AND model = ''' || replace(model, '''', '''''')
      || ''' ORDER BY started_at'
  FROM thrash
  WHERE crashes >= 2
  UNION ALL
  SELECT
    'num_parallel',
    host,
    NULL,
    CASE WHEN full_minutes >= 0.2 * busy_minutes THEN 'high' ELSE 'medium' END,
    'let more requests be worked on at once: OLLAMA_NUM_PARALLEL=' || least(2 * coalesce(num_parallel, 1), 16) || ', if the memory allows',
    'in ' || full_minutes || ' of ' || busy_minutes || ' busy minutes more requests were in flight than slots were there; up to ' || in_flight_max
      || ' at once',
    lost_ns,
    to_json({'busy_minutes': busy_minutes, 'full_minutes': full_minutes, 'in_flight_max': in_flight_max, 'waiting_max': waiting_max,
      'num_parallel': num_parallel, 'waited_ns': lost_ns}),
    'SELECT minute_utc, in_flight_max, waiting_max, slots, saturation_ratio FROM concurrency_by_minute WHERE saturation_ratio > 1 AND host = '''
      || replace(host, '''', '''''') || ''' ORDER BY minute_utc'
  FROM saturated
  UNION ALL
  SELECT
    'max_queue',
    NULL,
    NULL,
    'high',
    'send fewer requests at once, let clients try again later, or raise OLLAMA_MAX_QUEUE',
    requests || CASE WHEN requests = 1 THEN ' request was' ELSE ' requests were' END || ' refused because the queue was full; clients that it hit: '
      || clients,
    NULL,
    to_json({'refused': requests, 'clients': clients}),
    'SELECT * FROM unavailable WHERE cause = ''queue_full'''
  FROM unavailable
  WHERE cause = 'queue_full'
  UNION ALL
  SELECT
    'context_unused',
    host,
    model,
    'low',
    'ask for a smaller context, num_ctx ' || enough_tokens || ': it frees memory for layers, parallel requests or another model',
    'the longest of ' || requests || ' requests took ' || longest_tokens || ' of ' || context_tokens || ' tokens',
    NULL,
    to_json({'requests': requests, 'longest_tokens': longest_tokens, 'context_tokens': context_tokens, 'enough_tokens': enough_tokens}),
    'SELECT max(prompt_tokens + coalesce(generated_tokens, 0)) AS longest_tokens FROM model_requests WHERE model = '''
      || replace(model, '''', '''''') || ''''
  FROM context_unused
  UNION ALL
  SELECT
    'context_too_small',
    NULL,
    model,
    'high',
    'give it a larger context, num_ctx ' || CAST(pow(2, ceil(log2(greatest(longest_prompt_tokens, 2)))) AS BIGINT) || ', or send shorter prompts',
    prompts_truncated || CASE WHEN prompts_truncated = 1 THEN ' prompt was' ELSE ' prompts were' END
      || ' cut without a word to the client; the longest had ' || longest_prompt_tokens || ' tokens, ' || limit_tokens || ' are let through',
    NULL,
    to_json({'prompts_truncated': prompts_truncated, 'cut_tokens': cut_tokens, 'longest_prompt_tokens': longest_prompt_tokens,
      'limit_tokens': limit_tokens}),
    'SELECT * FROM truncations WHERE model = ''' || replace(model, '''', '''''') || ''''
  FROM truncations
  WHERE prompts_truncated > 0
  UNION ALL
  SELECT
    'gpu_layers',
    host,
    model,
    'medium',
    'make it fit the GPU: a smaller quantisation, a smaller context, or a smaller model',
    partial_loads || ' of ' || loads || ' loads left a part to the CPU; the last one had ' || gpu_layers || ' of ' || layers || ' layers on the GPU',
    NULL,
    to_json({'loads': loads, 'partial_loads': partial_loads, 'gpu_layers': gpu_layers, 'layers': layers}),
    'SELECT started_at, gpu_layers, layers, gpu_ratio FROM model_residency WHERE gpu_ratio < 1 AND model = ''' || replace(model, '''', '''''')
      || ''' ORDER BY started_at'
  FROM partly
  UNION ALL
  SELECT
    'missing_model',
    NULL,
    NULL,
    'low',
    'pull the models that are asked for, or correct the names in the programs that ask',
    failures || ' requests were for a model that is not there',
    NULL,
    to_json({'failures': failures, 'last_seen': CAST(last_seen AS VARCHAR)}),
    'SELECT happened_at, client, route, status, error FROM model_requests WHERE error_type = ''invalid_model'' ORDER BY happened_at'
  FROM errors_by_type
  WHERE error_type = 'invalid_model' AND failures >= 3
  UNION ALL
  SELECT
    'client_timeouts',
    NULL,
    NULL,
    'medium',
    'give clients more time, keep the model loaded, or use a faster one: what a client gives up on was worked on for nothing',
    requests || ' requests ended because their client gave up, half of them after ' || CAST(round(median_ns / 1e9, 1) AS DECIMAL(18, 1)) || ' s',
    lost_ns,
    to_json({'requests': requests, 'median_ns': median_ns, 'lost_ns': lost_ns}),
    'SELECT happened_at, client, model, latency_ns, cold FROM model_requests WHERE error_type = ''timeout'' ORDER BY happened_at'
  FROM timed_out
  UNION ALL
  SELECT
    'upgrade',
    host,
    NULL,
    'low',
    'upgrade Ollama to 0.30 or later: its log then tells model, tokens and speed of every request',
    'Ollama ' || version || ' served ' || requests || ' requests here',
    NULL,
    to_json({'version': version, 'requests': requests}),
    'SELECT host, version, started_at, requests FROM versions ORDER BY started_at'
  FROM newest
  WHERE requests > 0
    AND version <> '0.0.0'
    AND TRY_CAST(split_part(version, '.', 1) AS INTEGER) = 0
    AND TRY_CAST(split_part(version, '.', 2) AS INTEGER) < 30
)
SELECT
  kind,
  CAST(host AS VARCHAR) AS host,
  CAST(model AS VARCHAR) AS model,
  priority,
  advice,
  reason,
  CAST(lost_ns AS BIGINT) AS lost_ns,
  CAST(evidence AS VARCHAR) AS evidence,
  query
FROM found
ORDER BY list_position(['high', 'medium', 'low'], priority), lost_ns DESC NULLS LAST, kind, host, model
