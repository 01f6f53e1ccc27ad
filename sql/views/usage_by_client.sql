-- [view]
-- purpose = "who uses the models: requests, failures, time and tokens of each client address"
-- grain   = ["client"]
-- needs   = ["requests_without_loads", "client_sums"]
-- [columns]
-- client            = "address as logged, or its hash; '(unknown)' when nothing tells"
-- requests          = "requests of models, failed ones included"
-- successes         = "requests that went well"
-- failures          = "requests that failed"
-- ratio             = "share of all requests; 0 to 1"
-- generate_requests = "those of operation generate"
-- chat_requests     = "those of operation chat"
-- embed_requests    = "those of operation embed"
-- models            = "different models that are known to have been used"
-- p50_ns            = "median latency of successes; ns"
-- p95_ns            = "95th percentile of latency of successes; ns"
-- total_ns          = "sum of the latencies of all its requests; ns"
-- prompt_tokens     = "prompt tokens; null when no request tells"
-- generated_tokens  = "generated tokens; null when no request tells"
-- first_seen        = "end of its first request; UTC"
-- last_seen         = "end of its last request; UTC"
WITH
sums_per_client AS (
  SELECT
    coalesce(client, '(unknown)') AS client,
    sum(requests) AS requests,
    sum(successes) AS successes,
    sum(generate_requests) AS generate_requests,
    sum(chat_requests) AS chat_requests,
    sum(embed_requests) AS embed_requests,
    count(DISTINCT model) FILTER (WHERE has_model) AS models,
    sum(total_ns) AS total_ns,
    sum(prompt_tokens) AS prompt_tokens,
    sum(generated_tokens) AS generated_tokens,
    min(first_seen) AS first_seen,
    max(last_seen) AS last_seen
  FROM client_sums
  GROUP BY ALL
),
-- A column as it is: to group by what is made of it takes twice as long.
percentiles_per_client AS (
  SELECT
    client AS logged_client,
    quantile_cont(latency_ns, [0.5, 0.95]) AS quantiles_ns
  FROM requests_without_loads
  WHERE success
  GROUP BY ALL
)
SELECT
  client,
  CAST(requests AS BIGINT) AS requests,
  CAST(successes AS BIGINT) AS successes,
  CAST(requests - successes AS BIGINT) AS failures,
  CAST(requests / sum(requests) OVER () AS DOUBLE) AS ratio,
  CAST(generate_requests AS BIGINT) AS generate_requests,
  CAST(chat_requests AS BIGINT) AS chat_requests,
  CAST(embed_requests AS BIGINT) AS embed_requests,
  CAST(models AS BIGINT) AS models,
  CAST(round(quantiles_ns[1]) AS BIGINT) AS p50_ns,
  CAST(round(quantiles_ns[2]) AS BIGINT) AS p95_ns,
  CAST(total_ns AS BIGINT) AS total_ns,
  CAST(prompt_tokens AS BIGINT) AS prompt_tokens,
  CAST(generated_tokens AS BIGINT) AS generated_tokens,
  first_seen,
  last_seen
FROM sums_per_client
LEFT JOIN percentiles_per_client ON coalesce(logged_client, '(unknown)') = client
ORDER BY requests DESC, client
