-- [view]
-- purpose = "requests and tokens of each minute and model; minutes without requests have no row"
-- grain   = ["minute_utc", "model"]
-- needs   = ["model_requests"]
-- [columns]
-- minute_utc           = "start of the minute that the requests ended in; UTC"
-- model                = "name as Ollama shows it; the file's first 12 hex digits where no name is known; '(unknown)' when nothing tells"
-- requests             = "requests, failed ones included"
-- successes            = "requests that went well"
-- failures             = "requests that failed"
-- requests_per_second  = "requests / 60 s; 1/s"
-- prompt_tokens        = "prompt tokens of its requests; null when none tells"
-- generated_tokens     = "generated tokens of its requests; null when none tells"
-- generated_per_second = "generated tokens / 60 s: throughput, not the speed of one request; 1/s"
SELECT
  date_trunc('minute', happened_at) AS minute_utc,
  coalesce(model, model_blob, '(unknown)') AS model,
  CAST(count(*) AS BIGINT) AS requests,
  CAST(count(*) FILTER (WHERE success) AS BIGINT) AS successes,
  CAST(count(*) FILTER (WHERE NOT success) AS BIGINT) AS failures,
  CAST(count(*) / 60 AS DOUBLE) AS requests_per_second,
  CAST(sum(prompt_tokens) AS BIGINT) AS prompt_tokens,
  CAST(sum(generated_tokens) AS BIGINT) AS generated_tokens,
  CAST(sum(generated_tokens) / 60 AS DOUBLE) AS generated_per_second
FROM model_requests
GROUP BY minute_utc, coalesce(model, model_blob, '(unknown)')
ORDER BY minute_utc, coalesce(model, model_blob, '(unknown)')
