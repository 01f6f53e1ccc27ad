-- [view]
-- purpose = "requests and tokens of each minute and model; minutes without requests have no row"
-- grain   = ["minute_utc", "model"]
-- needs   = ["requests_without_loads"]
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
WITH per_minute_and_model AS (
  SELECT
    epoch_us(happened_at) // 60000000 AS minute,
    shown AS model,
    count(*) AS requests,
    count(*) FILTER (WHERE success) AS successes,
    sum(prompt_tokens) AS prompt_tokens,
    sum(generated_tokens) AS generated_tokens
  FROM requests_without_loads
  GROUP BY ALL
)
SELECT
  make_timestamptz(minute * 60000000) AS minute_utc,
  model,
  CAST(requests AS BIGINT) AS requests,
  CAST(successes AS BIGINT) AS successes,
  CAST(requests - successes AS BIGINT) AS failures,
  CAST(requests / 60 AS DOUBLE) AS requests_per_second,
  CAST(prompt_tokens AS BIGINT) AS prompt_tokens,
  CAST(generated_tokens AS BIGINT) AS generated_tokens,
  CAST(generated_tokens / 60 AS DOUBLE) AS generated_per_second
FROM per_minute_and_model
ORDER BY minute_utc, model
