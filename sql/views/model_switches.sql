-- [view]
-- purpose = "successful requests of each day and model right after one of another model, and of the same: what model_load says of switches"
-- grain   = ["date_utc", "model"]
-- needs   = ["model_requests"]
-- by_date = true
-- [columns]
-- date_utc          = "UTC date that the requests ended on"
-- model             = "name as Ollama shows it; the file's first 12 hex digits where no name is known"
-- switches          = "requests right after one of another model on the same host, at most a day later"
-- switches_measured = "those of which it is known how long they waited for a load, or that they did not"
-- switch_ns         = "how long these waited; ns"
-- stays_measured    = "requests right after one of the same model, likewise"
-- stay_ns           = "how long these waited; ns"
WITH request AS (
  SELECT
    CAST(make_timestamp(epoch_us(happened_at)) AS DATE) AS date_utc,
    shown AS model,
    -- A request that found its model loaded waited for no load.
    coalesce(load_ns, CASE WHEN NOT cold THEN 0 END) AS load_or_none_ns,
    happened_at,
    lag(shown) OVER before AS previous_model,
    lag(happened_at) OVER before AS previous_at
  FROM model_requests
  WHERE success AND shown <> '(unknown)'
  WINDOW before AS (PARTITION BY host ORDER BY happened_at, source, byte_offset)
)
SELECT
  date_utc,
  model,
  CAST(count(*) FILTER (WHERE previous_model <> model) AS BIGINT) AS switches,
  CAST(count(load_or_none_ns) FILTER (WHERE previous_model <> model) AS BIGINT) AS switches_measured,
  CAST(coalesce(sum(load_or_none_ns) FILTER (WHERE previous_model <> model), 0) AS BIGINT) AS switch_ns,
  CAST(count(load_or_none_ns) FILTER (WHERE previous_model = model) AS BIGINT) AS stays_measured,
  CAST(coalesce(sum(load_or_none_ns) FILTER (WHERE previous_model = model), 0) AS BIGINT) AS stay_ns
FROM request
WHERE epoch_us(happened_at) - epoch_us(previous_at) <= 86400000000
GROUP BY ALL
