-- [view]
-- purpose = "sums of the requests of each UTC date, client address and model: what usage_by_client adds up"
-- grain   = ["date_utc", "client", "model"]
-- needs   = ["requests_without_loads"]
-- by_date = true
-- [columns]
-- date_utc          = "UTC date that the requests ended on"
-- client            = "address as logged, or its hash; null when nothing tells"
-- model             = "name as Ollama shows it; the file's first 12 hex digits where no name is known; '(unknown)' when nothing tells"
-- requests          = "requests of models, failed ones included"
-- successes         = "requests that went well"
-- generate_requests = "those of operation generate"
-- chat_requests     = "those of operation chat"
-- embed_requests    = "those of operation embed"
-- total_ns          = "sum of the latencies of all its requests; ns"
-- prompt_tokens     = "prompt tokens; null when no request tells"
-- generated_tokens  = "generated tokens; null when no request tells"
-- has_model         = "whether the name of the model is known"
-- first_seen        = "end of the first request; UTC"
-- last_seen         = "end of the last one; UTC"
SELECT
  CAST(make_timestamp(epoch_us(happened_at)) AS DATE) AS date_utc,
  client,
  shown AS model,
  CAST(count(*) AS BIGINT) AS requests,
  CAST(count(*) FILTER (WHERE success) AS BIGINT) AS successes,
  CAST(count(*) FILTER (WHERE operation = 'generate') AS BIGINT) AS generate_requests,
  CAST(count(*) FILTER (WHERE operation = 'chat') AS BIGINT) AS chat_requests,
  CAST(count(*) FILTER (WHERE operation = 'embed') AS BIGINT) AS embed_requests,
  CAST(sum(latency_ns) AS BIGINT) AS total_ns,
  CAST(sum(prompt_tokens) AS BIGINT) AS prompt_tokens,
  CAST(sum(generated_tokens) AS BIGINT) AS generated_tokens,
  count(model_requests.model) > 0 AS has_model,
  min(happened_at) AS first_seen,
  max(happened_at) AS last_seen
FROM requests_without_loads AS model_requests
GROUP BY ALL
