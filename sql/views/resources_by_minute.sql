-- [view]
-- purpose = "what each host used, minute by minute, from samples of it; minutes without samples have no row"
-- grain   = ["minute_utc", "host"]
-- needs   = ["resource_samples"]
-- [columns]
-- minute_utc             = "start of the minute; UTC"
-- host                   = "machine"
-- samples                = "samples taken in it"
-- cpu_ratio              = "mean use of all cores; 0 to 1"
-- max_cpu_ratio          = "highest use; 0 to 1"
-- memory_bytes           = "mean memory in use; bytes"
-- memory_ratio           = "highest share of the memory in use; 0 to 1"
-- memory_available_bytes = "least memory that could be had without swapping; bytes"
-- gpu_ratio              = "mean use of the busiest GPU; 0 to 1"
-- max_gpu_ratio          = "highest use of a GPU; 0 to 1"
-- gpu_memory_bytes       = "most memory in use on all GPUs; bytes"
-- gpu_memory_total_bytes = "memory of all GPUs; bytes"
-- gpu_power_w            = "mean power of all GPUs; W"
-- gpu_energy_j           = "energy of all GPUs; J"
-- gpu_temperature_c      = "highest temperature of a GPU; degrees Celsius"
-- disk_ratio             = "share of the disk of the store in use; 0 to 1"
-- disk_read_bytes        = "read from disks; bytes"
-- disk_write_bytes       = "written to disks; bytes"
-- network_bytes          = "received and sent; bytes"
-- connections            = "most connections to the port of Ollama"
-- models_loaded          = "most models that Ollama held in memory"
-- models_total           = "models that Ollama has"
-- available_ratio        = "share of the samples at which Ollama answered; null where it was not asked; 0 to 1"
SELECT
  make_timestamptz(epoch_us(happened_at) // 60000000 * 60000000) AS minute_utc,
  host,
  CAST(count(*) AS BIGINT) AS samples,
  CAST(avg(cpu_ratio) AS DOUBLE) AS cpu_ratio,
  CAST(max(cpu_ratio) AS DOUBLE) AS max_cpu_ratio,
  CAST(avg(memory_bytes) AS BIGINT) AS memory_bytes,
  CAST(max(memory_ratio) AS DOUBLE) AS memory_ratio,
  CAST(min(memory_available_bytes) AS BIGINT) AS memory_available_bytes,
  CAST(avg(gpu_ratio) AS DOUBLE) AS gpu_ratio,
  CAST(max(gpu_ratio) AS DOUBLE) AS max_gpu_ratio,
  CAST(max(gpu_memory_bytes) AS BIGINT) AS gpu_memory_bytes,
  CAST(max(gpu_memory_total_bytes) AS BIGINT) AS gpu_memory_total_bytes,
  CAST(avg(gpu_power_w) AS DOUBLE) AS gpu_power_w,
  CAST(sum(gpu_energy_j) AS DOUBLE) AS gpu_energy_j,
  CAST(max(gpu_temperature_c) AS DOUBLE) AS gpu_temperature_c,
  CAST(max(disk_ratio) AS DOUBLE) AS disk_ratio,
  CAST(sum(disk_read_bytes) AS BIGINT) AS disk_read_bytes,
  CAST(sum(disk_write_bytes) AS BIGINT) AS disk_write_bytes,
  CAST(sum(network_bytes) AS BIGINT) AS network_bytes,
  CAST(max(connections) AS BIGINT) AS connections,
  CAST(max(models_loaded) AS BIGINT) AS models_loaded,
  CAST(max(models_total) AS BIGINT) AS models_total,
  CAST(avg(CAST(is_available AS INTEGER)) AS DOUBLE) AS available_ratio
FROM resource_samples
WHERE scope = 'host'
GROUP BY minute_utc, host
ORDER BY minute_utc, host
