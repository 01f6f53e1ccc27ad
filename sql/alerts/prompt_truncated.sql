-- [alert]
-- needs          = ["recent_server_events", "model_loads"]
-- severity       = "medium"
-- summary        = "prompts to {model} were cut because they did not fit the context ({value} within 15 minutes); its users see no sign of it"
-- recommendation = "Give the model a larger context (num_ctx, OLLAMA_CONTEXT_LENGTH), or send shorter prompts: ollalog sql 'SELECT * FROM truncations' says how long they are."
-- evidence       = "SELECT happened_at, host, value AS prompt_tokens, attrs FROM server_events WHERE event = 'prompt_truncated' ORDER BY happened_at DESC LIMIT 50"
-- labels         = ["host", "model"]
-- threshold      = 1
-- unit           = "count"
-- window         = "15m"
-- [columns]
-- tick  = "instant that the window ends at; UTC"
-- host  = "machine that the log is of"
-- model = "the only model that was loaded then; '(unknown)' when nothing tells"
-- value = "prompts that were cut; count"
WITH
cut AS (
  SELECT * FROM recent_server_events WHERE event = 'prompt_truncated'
),
resident AS (
  SELECT source, ready_offset, next_offset, coalesce(model, model_blob) AS model
  FROM model_loads
  WHERE runners = 1 AND ready_offset IS NOT NULL
)
SELECT
  tick,
  cut.host,
  coalesce(CASE WHEN cut.byte_offset < coalesce(next_offset, 9223372036854775807) THEN resident.model END, '(unknown)') AS model,
  count(*) AS value
FROM cut
ASOF LEFT JOIN resident ON resident.source = cut.source AND cut.byte_offset >= resident.ready_offset
GROUP BY ALL
HAVING count(*) >= threshold()
