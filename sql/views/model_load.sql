-- [view]
-- purpose = "loading of each model: cold and warm starts, what they cost, loads in the log, and the cost of switching models"
-- grain   = ["model"]
-- needs   = ["model_requests", "date_sums", "model_switches", "model_loads", "model_files"]
-- [columns]
-- model           = "name as Ollama shows it; the file's first 12 hex digits where no name is known; '(unknown)' when nothing tells"
-- measured        = "successful requests that are known to have started cold or warm: by their record's load time, or by the loads in the log"
-- cold            = "those that waited for their model to load: a logged load that their time covers, or a load time of 0.5 s or more; a model that is resident takes 10 to 160 ms"
-- warm            = "those that did not"
-- cold_ratio      = "cold / measured; 0 to 1"
-- load_mean_ns    = "mean load time of those that tell one; ns"
-- load_min_ns     = "shortest load time; ns"
-- load_max_ns     = "longest load time; ns"
-- load_p50_ns     = "median load time; ns"
-- load_p95_ns     = "95th percentile of load time; ns"
-- cold_mean_ns    = "mean load time of cold starts; ns"
-- warm_mean_ns    = "mean load time of warm starts; ns"
-- cold_total_ns   = "time spent in cold starts; ns"
-- switches        = "requests right after one of another model on the same host, at most a day later"
-- switch_mean_ns  = "mean load time of those, warm ones of the log as 0; ns"
-- stay_mean_ns    = "mean load time of requests right after one of the same model, likewise; ns"
-- switch_cost_ns  = "switch_mean_ns - stay_mean_ns: what a switch adds; ns; null when one of them is not known"
-- logged_loads    = "loads that the server log tells of"
-- logged_mean_ns  = "mean duration of those; ns"
WITH
requests_per_model AS (
  SELECT
    model,
    sum(cold_tellers) AS measured,
    sum(cold) AS cold,
    sum(load_ns) / nullif(sum(loads), 0) AS load_mean_ns,
    min(min_load_ns) AS load_min_ns,
    max(max_load_ns) AS load_max_ns,
    sum(cold_load_ns) / nullif(sum(cold_loads), 0) AS cold_mean_ns,
    sum(warm_load_ns) / nullif(sum(warm_loads), 0) AS warm_mean_ns,
    sum(cold_load_ns) AS cold_total_ns
  FROM date_sums
  WHERE model <> '(unknown)' AND successes > 0
  GROUP BY ALL
),
percentiles_per_model AS (
  SELECT
    shown AS model,
    quantile_cont(load_ns, [0.5, 0.95]) AS quantiles_ns
  FROM model_requests
  WHERE success AND load_ns IS NOT NULL
  GROUP BY ALL
),
switches_per_model AS (
  SELECT
    model,
    sum(switches) AS switches,
    sum(switch_ns) / nullif(sum(switches_measured), 0) AS switch_mean_ns,
    sum(stay_ns) / nullif(sum(stays_measured), 0) AS stay_mean_ns
  FROM model_switches
  GROUP BY model
),
loads_per_model AS (
  SELECT
    coalesce(model_files.model, model_loads.model, model_loads.model_blob, '(unknown)') AS model,
    count(*) AS logged_loads,
    avg(load_ns) AS logged_mean_ns
  FROM model_loads
  LEFT JOIN model_files USING (model_blob)
  WHERE outcome = 'loaded' AND in_range(started_at)
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
LEFT JOIN percentiles_per_model USING (model)
LEFT JOIN switches_per_model USING (model)
FULL JOIN loads_per_model USING (model)
ORDER BY cold_total_ns DESC, model
