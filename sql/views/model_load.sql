-- [view]
-- purpose = "loading of each model: cold and warm starts, what they cost, loads in the log, and the cost of switching models"
-- grain   = ["model"]
-- needs   = ["model_requests", "server_events"]
-- [columns]
-- model           = "name as Ollama shows it; '(unknown)' when the load names only a file"
-- measured        = "successful requests that tell their load time"
-- cold            = "those with a load time of 0.5 s or more: a model that is resident takes 10 to 160 ms"
-- warm            = "those with less"
-- cold_ratio      = "cold / measured; 0 to 1"
-- load_mean_ns    = "mean load time; ns"
-- load_min_ns     = "shortest load time; ns"
-- load_max_ns     = "longest load time; ns"
-- load_p50_ns     = "median load time; ns"
-- load_p95_ns     = "95th percentile of load time; ns"
-- cold_mean_ns    = "mean load time of cold starts; ns"
-- warm_mean_ns    = "mean load time of warm starts; ns"
-- cold_total_ns   = "time spent in cold starts; ns"
-- switches        = "requests right after one of another model on the same host"
-- switch_mean_ns  = "mean load time of those; ns"
-- stay_mean_ns    = "mean load time of requests right after one of the same model; ns"
-- switch_cost_ns  = "switch_mean_ns - stay_mean_ns: what a switch adds; ns; null when one of them is not known"
-- logged_loads    = "loads that the server log tells of"
-- logged_mean_ns  = "mean duration of those; ns"
WITH
request AS (
  SELECT
    model,
    load_ns,
    lag(model) OVER (PARTITION BY host ORDER BY happened_at, source, byte_offset) AS previous_model
  FROM model_requests
  WHERE success AND model IS NOT NULL
),
requests_per_model AS (
  SELECT
    model,
    count(load_ns) AS measured,
    count(*) FILTER (WHERE load_ns >= 500000000) AS cold,
    avg(load_ns) AS load_mean_ns,
    min(load_ns) AS load_min_ns,
    max(load_ns) AS load_max_ns,
    quantile_cont(load_ns, [0.5, 0.95]) AS quantiles_ns,
    avg(load_ns) FILTER (WHERE load_ns >= 500000000) AS cold_mean_ns,
    avg(load_ns) FILTER (WHERE load_ns < 500000000) AS warm_mean_ns,
    sum(load_ns) FILTER (WHERE load_ns >= 500000000) AS cold_total_ns,
    count(*) FILTER (WHERE previous_model <> model) AS switches,
    avg(load_ns) FILTER (WHERE previous_model <> model) AS switch_mean_ns,
    avg(load_ns) FILTER (WHERE previous_model = model) AS stay_mean_ns
  FROM request
  GROUP BY model
),
-- The line that ends a load names no model; newer servers name it in the next line that speaks of models.
load AS (
  SELECT
    event,
    duration_ns,
    coalesce(model, CASE WHEN lead(event) OVER lines = 'model_named' THEN lead(model) OVER lines END) AS model
  FROM server_events
  WHERE event IN ('model_load_started', 'model_loaded', 'model_named')
  WINDOW lines AS (PARTITION BY source ORDER BY byte_offset)
),
loads_per_model AS (
  SELECT
    coalesce(model, '(unknown)') AS model,
    count(*) AS logged_loads,
    avg(duration_ns) AS logged_mean_ns
  FROM load
  WHERE event = 'model_loaded'
  GROUP BY ALL
)
SELECT
  model,
  CAST(coalesce(measured, 0) AS BIGINT) AS measured,
  CAST(coalesce(cold, 0) AS BIGINT) AS cold,
  CAST(coalesce(measured - cold, 0) AS BIGINT) AS warm,
  CAST(cold / nullif(measured, 0) AS DOUBLE) AS cold_ratio,
  CAST(round(load_mean_ns) AS BIGINT) AS load_mean_ns,
  CAST(load_min_ns AS BIGINT) AS load_min_ns,
  CAST(load_max_ns AS BIGINT) AS load_max_ns,
  CAST(round(quantiles_ns[1]) AS BIGINT) AS load_p50_ns,
  CAST(round(quantiles_ns[2]) AS BIGINT) AS load_p95_ns,
  CAST(round(cold_mean_ns) AS BIGINT) AS cold_mean_ns,
  CAST(round(warm_mean_ns) AS BIGINT) AS warm_mean_ns,
  CAST(coalesce(cold_total_ns, 0) AS BIGINT) AS cold_total_ns,
  CAST(coalesce(switches, 0) AS BIGINT) AS switches,
  CAST(round(switch_mean_ns) AS BIGINT) AS switch_mean_ns,
  CAST(round(stay_mean_ns) AS BIGINT) AS stay_mean_ns,
  CAST(round(switch_mean_ns - stay_mean_ns) AS BIGINT) AS switch_cost_ns,
  CAST(coalesce(logged_loads, 0) AS BIGINT) AS logged_loads,
  CAST(round(logged_mean_ns) AS BIGINT) AS logged_mean_ns
FROM requests_per_model
FULL JOIN loads_per_model USING (model)
ORDER BY cold_total_ns DESC, model
