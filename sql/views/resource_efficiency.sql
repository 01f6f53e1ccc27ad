-- [view]
-- purpose = "resources used per request and per token, hour by hour; hours without samples of the host have no row"
-- grain   = ["hour_utc", "host"]
-- needs   = ["resource_samples", "model_requests"]
-- [columns]
-- hour_utc               = "start of the hour; UTC"
-- host                   = "machine"
-- sampled_ns             = "time that the samples tell of; ns"
-- requests               = "requests of models that ended in the hour, of logs of this host"
-- generated_tokens       = "tokens that they generated; null when none tells"
-- gpu_energy_j           = "energy of the GPUs over the sampled time; J"
-- joules_per_request     = "gpu_energy_j / requests; J"
-- joules_per_token       = "gpu_energy_j / generated_tokens; J"
-- kwh_per_million_tokens = "the same for a million tokens: times the price of a kilowatt hour it is their cost; kWh"
-- cpu_ns_per_request     = "use of all cores times time / requests; ns"
-- network_bytes_per_request = "received and sent / requests; bytes"
WITH sampled_hours AS (
  SELECT
    epoch_us(happened_at) // 3600000000 AS hour,
    host,
    sum(interval_ns) AS sampled_ns,
    sum(gpu_energy_j) AS gpu_energy_j,
    sum(cpu_ratio * interval_ns) AS cpu_ns,
    sum(network_bytes) AS network_bytes
  FROM resource_samples
  WHERE scope = 'host'
  GROUP BY ALL
),
request_hours AS (
  SELECT
    epoch_us(happened_at) // 3600000000 AS hour,
    host,
    count(*) AS requests,
    sum(generated_tokens) AS generated_tokens
  FROM model_requests
  GROUP BY ALL
)
SELECT
  make_timestamptz(sampled_hours.hour * 3600000000) AS hour_utc,
  sampled_hours.host AS host,
  CAST(sampled_hours.sampled_ns AS BIGINT) AS sampled_ns,
  CAST(coalesce(request_hours.requests, 0) AS BIGINT) AS requests,
  CAST(request_hours.generated_tokens AS BIGINT) AS generated_tokens,
  CAST(sampled_hours.gpu_energy_j AS DOUBLE) AS gpu_energy_j,
  CAST(sampled_hours.gpu_energy_j / nullif(request_hours.requests, 0) AS DOUBLE) AS joules_per_request,
  CAST(sampled_hours.gpu_energy_j / nullif(request_hours.generated_tokens, 0) AS DOUBLE) AS joules_per_token,
  CAST(sampled_hours.gpu_energy_j / nullif(request_hours.generated_tokens, 0) * 1e6 / 3.6e6 AS DOUBLE) AS kwh_per_million_tokens,
  CAST(sampled_hours.cpu_ns / nullif(request_hours.requests, 0) AS BIGINT) AS cpu_ns_per_request,
  CAST(sampled_hours.network_bytes / nullif(request_hours.requests, 0) AS DOUBLE) AS network_bytes_per_request
FROM sampled_hours
LEFT JOIN request_hours
  ON sampled_hours.hour = request_hours.hour AND sampled_hours.host = request_hours.host
ORDER BY hour_utc, host
