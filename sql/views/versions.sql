-- [view]
-- purpose = "each run of the server: its Ollama version, requests of models, latency and speed"
-- grain   = ["host", "session"]
-- needs   = ["requests_without_loads", "date_sums", "run_sums", "server_events"]
-- [columns]
-- host              = "machine that the log is of"
-- session           = "server run; '(unknown)' for requests before the first known start, and for records that fit no access line"
-- version           = "Ollama version that the server printed when it began to listen; null when the log has no such line"
-- started_at        = "when the server said that it started; UTC"
-- last_seen         = "end of its last request of a model; UTC; null when there was none"
-- requests          = "requests of models, failed ones included"
-- failures          = "those that failed"
-- p50_ns            = "median latency of successes; ns"
-- p95_ns            = "95th percentile of latency of successes; ns"
-- tokens_per_second = "generated tokens / generation time, of the runs that the log measured, else of records; 1/s"
WITH
start AS (
  SELECT
    host,
    session,
    any_value(json_extract_string(attrs, '$.version') ORDER BY happened_at) AS version,
    min(happened_at) AS started_at
  FROM server_events
  WHERE event = 'server_started' AND session IS NOT NULL
  GROUP BY host, session
),
requests_per_session AS (
  SELECT
    host,
    coalesce(session, '(unknown)') AS session,
    max(last_seen) AS last_seen,
    sum(requests) AS requests,
    sum(requests - successes) AS failures,
    1e9 * sum(timed_tokens) / nullif(sum(timed_ns), 0) AS speed
  FROM date_sums
  GROUP BY ALL
),
-- A column as it is: to group by what is made of it takes twice as long.
percentiles_per_session AS (
  SELECT
    host,
    session AS logged_session,
    quantile_cont(latency_ns, [0.5, 0.95]) AS quantiles_ns
  FROM requests_without_loads
  WHERE success
  GROUP BY ALL
),
runs_per_session AS (
  SELECT
    host,
    coalesce(session, '(unknown)') AS session,
    1e9 * sum(timed_tokens) / nullif(sum(eval_ns), 0) AS speed
  FROM run_sums
  GROUP BY ALL
)
SELECT
  host,
  session,
  version,
  started_at,
  last_seen,
  CAST(coalesce(requests, 0) AS BIGINT) AS requests,
  CAST(coalesce(failures, 0) AS BIGINT) AS failures,
  CAST(round(quantiles_ns[1]) AS BIGINT) AS p50_ns,
  CAST(round(quantiles_ns[2]) AS BIGINT) AS p95_ns,
  CAST(coalesce(runs_per_session.speed, requests_per_session.speed) AS DOUBLE) AS tokens_per_second
FROM start
FULL JOIN (
  SELECT requests_per_session.*, quantiles_ns
  FROM requests_per_session
  LEFT JOIN percentiles_per_session
    ON percentiles_per_session.host IS NOT DISTINCT FROM requests_per_session.host
    AND coalesce(logged_session, '(unknown)') = requests_per_session.session
) AS requests_per_session USING (host, session)
FULL JOIN runs_per_session USING (host, session)
WHERE in_range(coalesce(last_seen, started_at))
ORDER BY started_at NULLS FIRST, host, session
