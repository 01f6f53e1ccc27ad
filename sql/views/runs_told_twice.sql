-- [view]
-- purpose = "runs of the server log that a record tells of, too: equal tokens, times that agree to 1 ms, ends within a minute"
-- grain   = ["source", "byte_offset"]
-- needs   = ["inferences"]
-- by_date = true
-- [columns]
-- date_utc    = "UTC date that the run ended on"
-- source      = "byte stream of the server log"
-- byte_offset = "where the run's row begins in its source; bytes"
WITH
run AS (
  SELECT
    source,
    byte_offset,
    happened_at,
    origin,
    generated_tokens,
    eval_ns,
    coalesce(prompt_eval_ns, 0) AS prompt_eval_ns,
    coalesce(eval_ns, 0) // 1000000 AS eval_ms
  FROM inferences
  WHERE coalesce(success, TRUE) AND coalesce(generated_tokens, eval_ns, prompt_eval_ns) IS NOT NULL
),
-- The log rounds times to 0.01 ms, records often to 1 ms.
recorded_slice AS (
  SELECT happened_at, generated_tokens, eval_ns, prompt_eval_ns, eval_ms + step AS eval_ms
  FROM run, (VALUES (-1), (0), (1)) AS steps (step)
  WHERE origin <> 'server_log'
),
-- First by equality, all else afterwards: to look at times while joining takes seven times as long.
candidate AS MATERIALIZED (
  SELECT
    logged.source,
    logged.byte_offset,
    logged.happened_at,
    coalesce(logged.eval_ns, 0) - coalesce(recorded.eval_ns, 0) AS apart_eval_ns,
    logged.prompt_eval_ns - recorded.prompt_eval_ns AS apart_prompt_ns,
    epoch_us(logged.happened_at) - epoch_us(recorded.happened_at) AS apart_us
  FROM run AS logged
  JOIN recorded_slice AS recorded USING (generated_tokens, eval_ms)
  WHERE logged.origin = 'server_log'
)
SELECT DISTINCT
  CAST(make_timestamp(epoch_us(happened_at)) AS DATE) AS date_utc,
  source,
  byte_offset
FROM candidate
WHERE abs(apart_eval_ns) <= 1000000 AND abs(apart_prompt_ns) <= 1000000 AND abs(apart_us) <= 60000000
