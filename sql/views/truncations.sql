-- [view]
-- purpose = "prompts that were cut because they did not fit the context, and contexts that overflowed while generating, by model"
-- grain   = ["model"]
-- needs   = ["server_events", "inferences", "run_sums", "model_loads", "model_files"]
-- [columns]
-- model                 = "name as Ollama shows it: of the next run with the length that was left, else of the only model loaded; '(unknown)' when nothing tells"
-- prompts_truncated     = "prompts that were cut before they were evaluated"
-- cut_tokens            = "tokens that were cut from them"
-- longest_prompt_tokens = "longest of those prompts as it came; tokens"
-- limit_tokens          = "greatest length that was let through; tokens"
-- context_shifts        = "runs of the server log whose context overflowed while they generated: the beginning was forgotten"
-- runs                  = "runs of the server log"
-- affected_ratio        = "(prompts_truncated + context_shifts) / runs; null without runs"
-- last_seen             = "when it happened last; UTC"
WITH
run AS (
  SELECT
    source,
    byte_offset,
    happened_at,
    prompt_tokens,
    coalesce(model_files.model, inferences.model, inferences.model_blob) AS model
  FROM inferences
  LEFT JOIN model_files USING (model_blob)
  WHERE origin = 'server_log'
),
cut AS (
  SELECT
    source,
    byte_offset,
    happened_at,
    CAST(value AS BIGINT) AS prompt_tokens,
    TRY_CAST(json_extract_string(attrs, '$.limit') AS BIGINT) AS limit_tokens,
    coalesce(TRY_CAST(json_extract_string(attrs, '$.new') AS BIGINT), TRY_CAST(json_extract_string(attrs, '$.limit') AS BIGINT)) AS left_tokens
  FROM server_events
  WHERE event = 'prompt_truncated'
),
run_of_cut AS (
  SELECT cut.source, cut.byte_offset, run.model, run.byte_offset AS run_offset
  FROM cut
  ASOF JOIN (SELECT * FROM run WHERE prompt_tokens IN (SELECT left_tokens FROM cut)) AS run
    ON run.source = cut.source AND run.prompt_tokens = cut.left_tokens AND cut.byte_offset < run.byte_offset
),
cut_with_model AS (
  SELECT
    cut.*,
    -- A run farther away than some thousand lines is of a later request.
    coalesce(
      CASE WHEN run_of_cut.run_offset - cut.byte_offset < 1048576 THEN run_of_cut.model END,
      model_files.model, model_loads.model, model_loads.model_blob, '(unknown)'
    ) AS model
  FROM cut
  LEFT JOIN run_of_cut USING (source, byte_offset)
  LEFT JOIN model_loads
    ON model_loads.source = cut.source AND model_loads.runners = 1
    AND cut.byte_offset >= model_loads.ready_offset AND cut.byte_offset < coalesce(model_loads.next_offset, 9223372036854775807)
  LEFT JOIN model_files ON model_files.model_blob = model_loads.model_blob
),
cuts_per_model AS (
  SELECT
    model,
    count(*) AS prompts_truncated,
    sum(prompt_tokens - left_tokens) AS cut_tokens,
    max(prompt_tokens) AS longest_prompt_tokens,
    max(limit_tokens) AS limit_tokens,
    max(happened_at) AS last_cut
  FROM cut_with_model
  GROUP BY model
),
runs_per_model AS (
  SELECT
    coalesce(model, '(unknown)') AS model,
    sum(runs) AS runs,
    sum(context_shifts) AS context_shifts,
    max(last_shift) AS last_shift
  FROM run_sums
  GROUP BY ALL
)
SELECT
  model,
  CAST(coalesce(prompts_truncated, 0) AS BIGINT) AS prompts_truncated,
  CAST(coalesce(cut_tokens, 0) AS BIGINT) AS cut_tokens,
  CAST(longest_prompt_tokens AS BIGINT) AS longest_prompt_tokens,
  CAST(limit_tokens AS BIGINT) AS limit_tokens,
  CAST(coalesce(context_shifts, 0) AS BIGINT) AS context_shifts,
  CAST(coalesce(runs, 0) AS BIGINT) AS runs,
  CAST((coalesce(prompts_truncated, 0) + coalesce(context_shifts, 0)) / nullif(runs, 0) AS DOUBLE) AS affected_ratio,
  greatest(last_cut, last_shift) AS last_seen
FROM cuts_per_model
FULL JOIN runs_per_model USING (model)
WHERE coalesce(prompts_truncated, 0) + coalesce(context_shifts, 0) > 0
ORDER BY prompts_truncated + context_shifts DESC, model
