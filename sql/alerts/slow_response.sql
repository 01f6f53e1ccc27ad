-- [alert]
-- needs           = ["recent_model_requests"]
-- severity        = "high"
-- summary         = "{model} answers slowly: p95 of the latency is {value}, more than {threshold}"
-- recommendation  = "See where the time goes: ollalog report --model NAME. Load: keep the model loaded (OLLAMA_KEEP_ALIVE). Queue: more OLLAMA_NUM_PARALLEL, or a second server. Generation: a smaller model or quantisation, and check that all layers are on the GPU."
-- evidence        = "SELECT happened_at, model, operation, latency_ns / 1e9 AS latency_s, load_ns / 1e9 AS load_s, eval_ns / 1e9 AS eval_s, generated_tokens FROM model_requests WHERE success AND latency_ns > 30e9 ORDER BY happened_at DESC LIMIT 50"
-- labels          = ["model"]
-- threshold       = 30000
-- recovery        = 25000
-- beyond          = ">"
-- unit            = "ms"
-- window          = "5m"
-- for             = "5m"
-- keep_firing_for = "5m"
-- no_data         = "ok"
-- [columns]
-- tick  = "instant that the window ends at; UTC"
-- model = "name as Ollama shows it; '(unknown)' when nothing tells"
-- value = "95th percentile of the latency of at least three successful requests; ms"
WITH
succeeded AS (
  SELECT
    tick,
    coalesce(model, model_blob, '(unknown)') AS model,
    latency_ns
  FROM recent_model_requests
  WHERE success
),
-- A percentile is beyond the threshold only where more than 5 % are, which is much sooner counted.
suspect AS (
  SELECT
    tick,
    model
  FROM succeeded
  GROUP BY ALL
  HAVING count(*) >= 3 AND 20 * count(*) FILTER (WHERE latency_ns / 1e6 > threshold()) > count(*) - 1
)
SELECT
  tick,
  model,
  quantile_cont(latency_ns, 0.95) / 1e6 AS value
FROM succeeded
SEMI JOIN suspect USING (tick, model)
GROUP BY ALL
HAVING quantile_cont(latency_ns, 0.95) / 1e6 > threshold()
