-- [view]
-- purpose = "everything in one row: the figures at the head of the dashboard"
-- grain   = []
-- needs   = ["time_slices", "requests_without_loads", "date_sums", "client_sums", "request_minutes", "truncations", "model_residency"]
-- [columns]
-- first_utc            = "end of the first request of a model; UTC"
-- last_utc             = "end of the last one; UTC"
-- requests             = "requests of models, failed ones included"
-- successes            = "requests that went well"
-- failures             = "requests that failed"
-- error_ratio          = "failures / requests; 0 to 1"
-- requests_per_minute  = "requests / length of the range (see time_slices); 1/min; null when that is no time"
-- p50_ns               = "median latency of successes; ns"
-- p95_ns               = "95th percentile of latency of successes; ns"
-- first_token_p50_ns   = "median time to the first token, derived as wait plus evaluation of the prompt; ns; null when the log does not tell"
-- prompt_tokens        = "prompt tokens; null when no request tells"
-- generated_tokens     = "generated tokens; null when no request tells"
-- tokens_per_second    = "generated tokens / generation time, over all successes; 1/s"
-- in_flight_max        = "most requests of a machine at the same time"
-- prompts_truncated    = "prompts that were cut because they did not fit the context"
-- context_shifts       = "runs whose context overflowed while they generated"
-- models               = "different models that are known to have been used"
-- models_loaded        = "different models of a machine that were loaded at the end, as far as its logs tell"
-- clients              = "different clients"
WITH
request AS (
  SELECT
    min(first_seen) AS first_utc,
    max(last_seen) AS last_utc,
    sum(requests) AS requests,
    sum(successes) AS successes,
    sum(prompt_tokens) AS prompt_tokens,
    sum(generated_tokens) AS generated_tokens,
    1e9 * sum(timed_tokens) / nullif(sum(timed_ns), 0) AS speed,
    count(DISTINCT model) FILTER (WHERE model <> '(unknown)') AS models
  FROM date_sums
  HAVING count(*) > 0
),
percentile AS (
  SELECT
    quantile_cont(latency_ns, [0.5, 0.95]) AS quantiles_ns,
    median(wait_ns + prompt_eval_ns) AS first_token_ns
  FROM requests_without_loads
  WHERE success
),
client AS (
  SELECT count(DISTINCT client) AS clients FROM client_sums
),
flight AS (
  SELECT max(in_flight_max) AS in_flight_max FROM request_minutes
),
cut AS (
  SELECT
    sum(prompts_truncated) AS prompts_truncated,
    sum(context_shifts) AS context_shifts
  FROM truncations
),
resident AS (
  SELECT count(DISTINCT (host, model)) AS models_loaded FROM model_residency WHERE ended_by = 'loaded'
)
SELECT
  request.first_utc,
  request.last_utc,
  CAST(requests AS BIGINT) AS requests,
  CAST(successes AS BIGINT) AS successes,
  CAST(requests - successes AS BIGINT) AS failures,
  CAST((requests - successes) / requests AS DOUBLE) AS error_ratio,
  CAST(requests * 6e7 / nullif(epoch_us(time_slices.last_utc) - epoch_us(time_slices.first_utc), 0) AS DOUBLE) AS requests_per_minute,
  CAST(round(quantiles_ns[1]) AS BIGINT) AS p50_ns,
  CAST(round(quantiles_ns[2]) AS BIGINT) AS p95_ns,
  CAST(round(first_token_ns) AS BIGINT) AS first_token_p50_ns,
  CAST(prompt_tokens AS BIGINT) AS prompt_tokens,
  CAST(generated_tokens AS BIGINT) AS generated_tokens,
  CAST(speed AS DOUBLE) AS tokens_per_second,
  CAST(in_flight_max AS BIGINT) AS in_flight_max,
  CAST(coalesce(prompts_truncated, 0) AS BIGINT) AS prompts_truncated,
  CAST(coalesce(context_shifts, 0) AS BIGINT) AS context_shifts,
  CAST(models AS BIGINT) AS models,
  CAST(models_loaded AS BIGINT) AS models_loaded,
  CAST(clients AS BIGINT) AS clients
FROM request
CROSS JOIN percentile
CROSS JOIN client
LEFT JOIN time_slices ON TRUE
CROSS JOIN flight
CROSS JOIN cut
CROSS JOIN resident
