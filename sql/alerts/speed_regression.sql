-- [alert]
-- needs          = ["ticks", "speed_by_hour"]
-- severity       = "medium"
-- summary        = "{model} generates at {value} of its speed of the week before, less than {threshold}"
-- recommendation = "See what changed: ollalog sql 'SELECT * FROM versions' (a new Ollama?), model_residency (fewer layers on the GPU?), concurrency_by_minute (more at once?)."
-- evidence       = "SELECT date_trunc('hour', happened_at) AS hour, model, count(*) AS runs, 1e9 * sum(generated_tokens) / sum(eval_ns) AS tokens_per_second FROM inferences WHERE eval_ns > 0 AND generated_tokens > 0 GROUP BY ALL ORDER BY hour DESC, model LIMIT 200"
-- labels         = ["model"]
-- threshold      = 0.7
-- unit           = "ratio"
-- window         = "7d"
-- lookback       = "8d"
-- for            = "1h"
-- [columns]
-- tick  = "instant; its last whole hour counts; UTC"
-- model = "name as Ollama shows it; '(unknown)' when nothing tells"
-- value = "generated tokens / generation time of the last hour (at least 20 runs) / that of the seven days before it (at least 100 runs)"
WITH
against_the_week AS (
  SELECT
    model,
    hour,
    runs,
    generated_tokens / eval_ns AS speed,
    sum(runs) OVER week AS week_runs,
    sum(generated_tokens) OVER week / sum(eval_ns) OVER week AS week_speed
  FROM speed_by_hour
  WINDOW week AS (PARTITION BY model ORDER BY hour RANGE BETWEEN INTERVAL 7 DAY PRECEDING AND INTERVAL 1 HOUR PRECEDING)
)
SELECT
  tick,
  model,
  speed / week_speed AS value
FROM ticks
JOIN against_the_week ON hour = make_timestamptz((epoch_us(tick) // 3600000000 - 1) * 3600000000)
WHERE runs >= 20 AND week_runs >= 100 AND speed / week_speed < threshold()
