-- [alert]
-- needs          = ["ticks", "inferences", "model_loads"]
-- severity       = "medium"
-- summary        = "{model} used {value} of its context, more than {threshold}: what does not fit is forgotten without a word"
-- recommendation = "Give the model a larger context (num_ctx, OLLAMA_CONTEXT_LENGTH), or send shorter prompts."
-- evidence       = "SELECT happened_at, model, prompt_tokens, generated_tokens, context_length, truncated FROM inferences WHERE truncated OR prompt_tokens + coalesce(generated_tokens, 0) > 0.9 * context_length ORDER BY happened_at DESC LIMIT 50"
-- labels         = ["model"]
-- threshold      = 0.9
-- unit           = "ratio"
-- window         = "15m"
-- [columns]
-- tick  = "instant that the window ends at; UTC"
-- model = "name as Ollama shows it; '(unknown)' when nothing tells"
-- value = "greatest share of the context that one run used, 1 where it overflowed; 0 to 1"
WITH
load AS (
  SELECT
    source,
    model_blob,
    byte_offset AS load_offset,
    context_tokens / slots AS slot_tokens
  FROM model_loads
  WHERE context_tokens IS NOT NULL AND slots > 0
),
full_run AS (
  SELECT
    run.happened_at,
    coalesce(run.model, run.model_blob, '(unknown)') AS model,
    CASE
      WHEN run.truncated THEN 1.0
      WHEN coalesce(run.context_length, load.slot_tokens) > 0 AND run.prompt_tokens IS NOT NULL
        THEN least((run.prompt_tokens + coalesce(run.generated_tokens, 0)) / coalesce(run.context_length, load.slot_tokens), 1.0)
    END AS used_ratio
  FROM inferences AS run
  ASOF LEFT JOIN load
    ON load.source = run.source AND load.model_blob = run.model_blob AND run.byte_offset >= load.load_offset
)
SELECT
  tick,
  model,
  max(used_ratio) AS value
FROM (SELECT * FROM full_run WHERE used_ratio > threshold()) AS beyond
JOIN ticks ON tick >= happened_at AND tick < happened_at + INTERVAL 15 MINUTE
GROUP BY ALL
