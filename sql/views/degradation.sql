-- [view]
-- purpose = "whether a model gets slower: slope of hourly figures, and change from the first to the second half of its time"
-- grain   = ["model"]
-- needs   = ["requests_without_loads", "date_sums", "slice_sums"]
-- [columns]
-- model                             = "name as Ollama shows it; the file's first 12 hex digits where no name is known; '(unknown)' when nothing tells"
-- hours                             = "hours with successful requests"
-- first_seen                        = "end of its first successful request; UTC"
-- last_seen                         = "end of its last successful request; UTC"
-- p50_slope_ns_per_day              = "slope of the hourly median latency; ns per day; null below 6 hours with requests or 1 day between them"
-- p95_slope_ns_per_day              = "slope of the hourly 95th percentile of latency; ns per day; null as above"
-- tokens_per_second_slope_per_day   = "slope of the hourly generation speed; 1/s per day; null as above"
-- p50_change_ratio                  = "median latency of the second half / first half - 1: 0.2 is 20 % slower; null below 10 successes in a half"
-- p95_change_ratio                  = "the same of the 95th percentile"
-- tokens_per_second_change_ratio    = "the same of generation speed: -0.2 is 20 % slower"
WITH
span AS (
  SELECT
    model,
    min(first_success) AS first_seen,
    max(last_success) AS last_seen,
    min(first_success) + (max(last_success) - min(first_success)) / 2 AS middle
  FROM date_sums
  WHERE successes > 0
  GROUP BY model
),
per_model_and_hour AS (
  SELECT
    model,
    (epoch_us(slice_utc) // 3600000000) / 24 AS day_number,
    [p50_ns, p95_ns] AS quantiles_ns,
    1e9 * timed_tokens / nullif(eval_ns, 0) AS speed
  FROM slice_sums
  WHERE slice_ns = 3600000000000 AND NOT is_total AND successes > 0
),
slope AS (
  SELECT
    model,
    count(*) AS hours,
    count(*) >= 6 AND max(day_number) - min(day_number) >= 1 AS enough,
    count(speed) >= 6 AND max(day_number) FILTER (WHERE speed IS NOT NULL) - min(day_number) FILTER (WHERE speed IS NOT NULL) >= 1 AS enough_speeds,
    regr_slope(quantiles_ns[1], day_number) AS p50_slope,
    regr_slope(quantiles_ns[2], day_number) AS p95_slope,
    regr_slope(speed, day_number) AS speed_slope
  FROM per_model_and_hour
  GROUP BY model
),
half AS (
  SELECT
    shown AS model,
    happened_at >= middle AS is_second,
    count(*) AS successes,
    quantile_cont(latency_ns, [0.5, 0.95]) AS quantiles_ns,
    1e9 * sum(generated_tokens) FILTER (WHERE eval_ns > 0) / nullif(sum(eval_ns) FILTER (WHERE generated_tokens IS NOT NULL), 0) AS speed
  FROM requests_without_loads AS request
  JOIN span ON span.model = shown
  WHERE success
  GROUP BY ALL
),
change AS (
  SELECT
    before.model,
    after.quantiles_ns[1] / nullif(before.quantiles_ns[1], 0) - 1 AS p50_change,
    after.quantiles_ns[2] / nullif(before.quantiles_ns[2], 0) - 1 AS p95_change,
    after.speed / nullif(before.speed, 0) - 1 AS speed_change
  FROM half AS before
  JOIN half AS after ON after.model = before.model AND after.is_second AND NOT before.is_second
  WHERE before.successes >= 10 AND after.successes >= 10
)
SELECT
  span.model,
  CAST(hours AS BIGINT) AS hours,
  first_seen,
  last_seen,
  CAST(CASE WHEN enough THEN p50_slope END AS DOUBLE) AS p50_slope_ns_per_day,
  CAST(CASE WHEN enough THEN p95_slope END AS DOUBLE) AS p95_slope_ns_per_day,
  CAST(CASE WHEN enough_speeds THEN speed_slope END AS DOUBLE) AS tokens_per_second_slope_per_day,
  CAST(p50_change AS DOUBLE) AS p50_change_ratio,
  CAST(p95_change AS DOUBLE) AS p95_change_ratio,
  CAST(speed_change AS DOUBLE) AS tokens_per_second_change_ratio
FROM span
JOIN slope USING (model)
LEFT JOIN change USING (model)
ORDER BY span.model
