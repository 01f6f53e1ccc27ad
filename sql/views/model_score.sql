-- [view]
-- purpose = "a score of 0 to 10 for each model, with the four components that it is made of"
-- grain   = ["model"]
-- needs   = ["requests_without_loads", "date_sums"]
-- [columns]
-- model             = "name as Ollama shows it; the file's first 12 hex digits where no name is known; requests of no known model have no score"
-- requests          = "requests, failed ones included"
-- success_ratio     = "successes / requests; 0 to 1"
-- p95_ns            = "95th percentile of latency of successes; ns"
-- tokens_per_second = "generated tokens / generation time, over all successes; 1/s; null when nothing tells"
-- load_ratio        = "load time / latency, over the successes that tell their load time; 0 to 1; null when none tells"
-- success_points    = "10 * (1 - 5 * failed share), at least 0: one failure in five requests is 0"
-- latency_points    = "10 at a p95 of 1 s or less, 0 at 60 s or more, logarithmic between: 10 * (1 - ln(p95 / 1 s) / ln(60)); null without a success"
-- speed_points      = "10 at 50 tokens/s or more, 0 at 2 or less, logarithmic between: 10 * ln(speed / 2) / ln(25); null when not known"
-- load_points       = "10 * (1 - 2 * load_ratio), at least 0: half of the time spent on loading is 0; null when not known"
-- components        = "how many of the four components are known"
-- score             = "mean of the known components, weighted 35 % success, 25 % latency, 25 % speed, 15 % load; 0 to 10"
WITH
sums_per_model AS (
  SELECT
    model,
    sum(requests) AS requests,
    sum(successes) AS successes,
    1e9 * sum(timed_tokens) / nullif(sum(timed_ns), 0) AS speed,
    sum(wait_load_ns) / nullif(sum(wait_latency_ns), 0) AS load_ratio
  FROM date_sums
  WHERE model <> '(unknown)'
  GROUP BY ALL
),
percentiles_per_model AS (
  SELECT
    shown AS model,
    quantile_cont(latency_ns, 0.95) AS p95_ns
  FROM requests_without_loads
  WHERE success
  GROUP BY ALL
),
points AS (
  SELECT
    *,
    -- least and greatest pass over nulls: what is not known must not become the end of its scale.
    greatest(10 - 50 * (requests - successes) / requests, 0) AS success_points,
    CASE WHEN p95_ns IS NOT NULL THEN least(greatest(10 * (1 - ln(greatest(p95_ns, 1) / 1e9) / ln(60)), 0), 10) END AS latency_points,
    CASE WHEN speed > 0 THEN least(greatest(10 * ln(speed / 2) / ln(25), 0), 10) END AS speed_points,
    CASE WHEN load_ratio IS NOT NULL THEN greatest(10 * (1 - 2 * load_ratio), 0) END AS load_points
  FROM sums_per_model
  LEFT JOIN percentiles_per_model USING (model)
),
weighed AS (
  SELECT
    *,
    list_filter(
      [
        {'points': success_points, 'weight': 35}, {'points': latency_points, 'weight': 25},
        {'points': speed_points, 'weight': 25}, {'points': load_points, 'weight': 15}
      ],
      lambda component: component.points IS NOT NULL
    ) AS known
  FROM points
)
SELECT
  model,
  CAST(requests AS BIGINT) AS requests,
  CAST(successes / requests AS DOUBLE) AS success_ratio,
  CAST(round(p95_ns) AS BIGINT) AS p95_ns,
  CAST(speed AS DOUBLE) AS tokens_per_second,
  CAST(CASE WHEN load_ratio > 1 THEN 1 ELSE load_ratio END AS DOUBLE) AS load_ratio,
  CAST(success_points AS DOUBLE) AS success_points,
  CAST(latency_points AS DOUBLE) AS latency_points,
  CAST(speed_points AS DOUBLE) AS speed_points,
  CAST(load_points AS DOUBLE) AS load_points,
  CAST(len(known) AS BIGINT) AS components,
  CAST(
    list_sum(list_transform(known, lambda component: component.points * component.weight))
      / list_sum(list_transform(known, lambda component: component.weight)) AS DOUBLE
  ) AS score
FROM weighed
ORDER BY score DESC, model
