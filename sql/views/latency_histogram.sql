-- [view]
-- purpose = "how the latencies of successful requests spread over fixed buckets, for each model and for all"
-- grain   = ["model", "bucket"]
-- needs   = ["requests_without_loads"]
-- [columns]
-- model            = "name as Ollama shows it; '(unknown)' when nothing tells; '(all)' for all models"
-- bucket           = "number of the bucket, 1 to 12"
-- above_ns         = "latencies in it are above this; ns; 0 is in the first"
-- up_to_ns         = "and up to this; ns; null: no bound"
-- requests         = "successful requests in it; 0 when none"
-- ratio            = "share of the model's successful requests; 0 to 1"
-- cumulative_ratio = "share of them up to this bucket's end; 0 to 1"
-- total            = "all successful requests of the model"
-- min_ns           = "the model's shortest latency; ns"
-- max_ns           = "the model's longest latency; ns"
WITH
bucket AS (
  SELECT bucket, above_ns, up_to_ns
  FROM (
    VALUES
      (1, 0, 1000000), (2, 1000000, 5000000), (3, 5000000, 10000000), (4, 10000000, 25000000), (5, 25000000, 50000000),
      (6, 50000000, 100000000), (7, 100000000, 250000000), (8, 250000000, 500000000), (9, 500000000, 1000000000),
      (10, 1000000000, 5000000000), (11, 5000000000, 10000000000), (12, 10000000000, NULL)
  ) AS bounds (bucket, above_ns, up_to_ns)
),
per_model_and_bucket AS (
  SELECT
    shown AS model,
    CASE
      WHEN latency_ns <= 1000000 THEN 1
      WHEN latency_ns <= 5000000 THEN 2
      WHEN latency_ns <= 10000000 THEN 3
      WHEN latency_ns <= 25000000 THEN 4
      WHEN latency_ns <= 50000000 THEN 5
      WHEN latency_ns <= 100000000 THEN 6
      WHEN latency_ns <= 250000000 THEN 7
      WHEN latency_ns <= 500000000 THEN 8
      WHEN latency_ns <= 1000000000 THEN 9
      WHEN latency_ns <= 5000000000 THEN 10
      WHEN latency_ns <= 10000000000 THEN 11
      ELSE 12
    END AS bucket,
    count(*) AS requests,
    min(latency_ns) AS min_ns,
    max(latency_ns) AS max_ns
  FROM requests_without_loads
  WHERE success AND latency_ns IS NOT NULL
  GROUP BY ALL
),
per_bucket AS (
  SELECT model, bucket, requests, min_ns, max_ns FROM per_model_and_bucket
  UNION ALL
  SELECT '(all)', bucket, sum(requests), min(min_ns), max(max_ns) FROM per_model_and_bucket GROUP BY bucket
),
per_model AS (
  SELECT model, sum(requests) AS total, min(min_ns) AS min_ns, max(max_ns) AS max_ns FROM per_bucket GROUP BY model
)
SELECT
  per_model.model,
  CAST(bucket.bucket AS BIGINT) AS bucket,
  CAST(above_ns AS BIGINT) AS above_ns,
  CAST(up_to_ns AS BIGINT) AS up_to_ns,
  CAST(coalesce(requests, 0) AS BIGINT) AS requests,
  CAST(coalesce(requests, 0) / total AS DOUBLE) AS ratio,
  CAST(sum(coalesce(requests, 0)) OVER (PARTITION BY per_model.model ORDER BY bucket.bucket) / total AS DOUBLE) AS cumulative_ratio,
  CAST(total AS BIGINT) AS total,
  CAST(per_model.min_ns AS BIGINT) AS min_ns,
  CAST(per_model.max_ns AS BIGINT) AS max_ns
FROM per_model
CROSS JOIN bucket
LEFT JOIN per_bucket ON per_bucket.model = per_model.model AND per_bucket.bucket = bucket.bucket
ORDER BY per_model.model, bucket.bucket
