-- [view]
-- purpose = "what each host used in each slice of time: resources_by_minute for charts, over the samples that there are"
-- grain   = ["host", "slice_utc"]
-- needs   = ["resources_by_minute"]
-- [columns]
-- host                   = "machine"
-- slice_utc              = "start of the slice; UTC; slices without samples have no row"
-- slice_ns               = "length of the slice: 240 of them at most from the first sample to the last, of one minute at least; ns"
-- cpu_ratio              = "mean use of all cores; 0 to 1"
-- max_cpu_ratio          = "highest use; 0 to 1"
-- memory_ratio           = "highest share of the memory in use; 0 to 1"
-- memory_available_bytes = "least memory that could be had without swapping; bytes"
-- gpu_ratio              = "mean use of the busiest GPU; 0 to 1"
-- gpu_memory_bytes       = "most memory in use on all GPUs; bytes"
-- gpu_memory_total_bytes = "memory of all GPUs; bytes"
-- gpu_power_w            = "mean power of all GPUs; W"
-- disk_ratio             = "share of the disk of the store in use; 0 to 1"
-- network_bytes          = "received and sent; bytes"
-- connections            = "most connections to the port of Ollama"
-- models_loaded          = "most models that Ollama held in memory"
WITH
extent AS (
  SELECT
    min(epoch_us(minute_utc)) AS first_us,
    max(epoch_us(minute_utc)) AS last_us
  FROM resources_by_minute
),
minute AS (
  SELECT
    resources_by_minute.*,
    greatest(CAST(ceil((last_us - first_us) / 144e8) AS BIGINT), 1) * 60000000 AS step_us
  FROM resources_by_minute
  CROSS JOIN extent
)
SELECT
  host,
  make_timestamptz(epoch_us(minute_utc) // step_us * step_us) AS slice_utc,
  CAST(1000 * step_us AS BIGINT) AS slice_ns,
  CAST(avg(cpu_ratio) AS DOUBLE) AS cpu_ratio,
  max(max_cpu_ratio) AS max_cpu_ratio,
  max(memory_ratio) AS memory_ratio,
  min(memory_available_bytes) AS memory_available_bytes,
  CAST(avg(gpu_ratio) AS DOUBLE) AS gpu_ratio,
  max(gpu_memory_bytes) AS gpu_memory_bytes,
  max(gpu_memory_total_bytes) AS gpu_memory_total_bytes,
  CAST(avg(gpu_power_w) AS DOUBLE) AS gpu_power_w,
  max(disk_ratio) AS disk_ratio,
  CAST(sum(network_bytes) AS BIGINT) AS network_bytes,
  max(connections) AS connections,
  max(models_loaded) AS models_loaded
FROM minute
GROUP BY host, epoch_us(minute_utc) // step_us, step_us
ORDER BY host, slice_utc
