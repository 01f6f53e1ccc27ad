-- [view]
-- purpose = "where the time of each model's requests goes: load, prompt evaluation, generation, and the rest"
-- grain   = ["model"]
-- needs   = ["date_sums"]
-- [columns]
-- model                = "name as Ollama shows it; the file's first 12 hex digits where no name is known; '(unknown)' when nothing tells"
-- requests             = "successful requests that tell at least one of the parts; a part that they do not tell is 0"
-- latency_mean_ns      = "mean latency; ns"
-- load_mean_ns         = "mean time of scheduling and loading; ns"
-- prompt_eval_mean_ns  = "mean time of prompt evaluation; ns"
-- eval_mean_ns         = "mean time of generation; ns"
-- other_mean_ns        = "mean of the rest: queue and transport; ns"
-- load_ratio           = "load / sum of the four parts; 0 to 1"
-- prompt_eval_ratio    = "prompt evaluation / sum of the four parts; 0 to 1"
-- eval_ratio           = "generation / sum of the four parts; 0 to 1"
-- other_ratio          = "rest / sum of the four parts; 0 to 1"
-- inference_mean_ns    = "mean time of prompt evaluation and generation together; ns"
-- load_per_inference   = "load time / inference time"
WITH per_model AS (
  SELECT
    model,
    sum(parted) AS requests,
    sum(parted_latency_ns) / sum(parted) AS latency_ns,
    coalesce(sum(parted_load_ns), 0) / sum(parted) AS load_ns,
    coalesce(sum(parted_prompt_ns), 0) / sum(parted) AS prompt_eval_ns,
    coalesce(sum(parted_eval_ns), 0) / sum(parted) AS eval_ns,
    sum(parted_other_ns) / sum(parted) AS other_ns
  FROM date_sums
  WHERE parted > 0
  GROUP BY ALL
)
SELECT
  model,
  CAST(requests AS BIGINT) AS requests,
  CAST(round(latency_ns) AS BIGINT) AS latency_mean_ns,
  CAST(round(load_ns) AS BIGINT) AS load_mean_ns,
  CAST(round(prompt_eval_ns) AS BIGINT) AS prompt_eval_mean_ns,
  CAST(round(eval_ns) AS BIGINT) AS eval_mean_ns,
  CAST(round(other_ns) AS BIGINT) AS other_mean_ns,
  CAST(load_ns / nullif(load_ns + prompt_eval_ns + eval_ns + other_ns, 0) AS DOUBLE) AS load_ratio,
  CAST(prompt_eval_ns / nullif(load_ns + prompt_eval_ns + eval_ns + other_ns, 0) AS DOUBLE) AS prompt_eval_ratio,
  CAST(eval_ns / nullif(load_ns + prompt_eval_ns + eval_ns + other_ns, 0) AS DOUBLE) AS eval_ratio,
  CAST(other_ns / nullif(load_ns + prompt_eval_ns + eval_ns + other_ns, 0) AS DOUBLE) AS other_ratio,
  CAST(round(prompt_eval_ns + eval_ns) AS BIGINT) AS inference_mean_ns,
  CAST(load_ns / nullif(prompt_eval_ns + eval_ns, 0) AS DOUBLE) AS load_per_inference
FROM per_model
ORDER BY requests DESC, model
