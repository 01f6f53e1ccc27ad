-- [view]
-- purpose = "which record of performance.jsonl or API reply tells of the same request as which line of the server log: each fits the other and nothing else"
-- grain   = ["source", "byte_offset"]
-- needs   = ["requests", "inferences"]
-- [columns]
-- source        = "byte stream of the access line"
-- byte_offset   = "where the access line begins in its source; bytes"
-- record_source = "byte stream of the record"
-- record_offset = "where the record begins in its source; bytes"
WITH
record AS (
  SELECT
    -- One number names a row: no log reaches 2^40 bytes.
    source * 1099511627776 + byte_offset AS record_key,
    epoch_us(happened_at) AS end_us,
    total_ns,
    CASE operation WHEN 'generate' THEN 0 WHEN 'chat' THEN 1 WHEN 'embed' THEN 2 END AS operation_number
  FROM inferences
  WHERE origin <> 'server_log'
),
access AS (
  SELECT
    source * 1099511627776 + byte_offset AS access_key,
    epoch_us(ended_at) AS end_us,
    CAST(latency_ns AS DOUBLE) AS latency_ns,
    CAST(greatest(latency_ns // 100, 5000000) AS DOUBLE) AS tolerance_ns,
    CAST(latency_resolution_ns AS DOUBLE) AS resolution_ns,
    CASE operation WHEN 'generate' THEN 0 WHEN 'chat' THEN 1 WHEN 'embed' THEN 2 END AS operation_number
  FROM requests
  WHERE operation IN ('generate', 'chat', 'embed') AND method = 'POST'
),
-- A record fits an access line of its operation when it ends -2 to +1 s from it and the latencies differ by 5 ms or 1 % at
-- most, beyond what the log cuts off (at most 10 s above one minute). So it fits in one or two slices of 4 s, and in one or
-- two slices of latency (width 25 %, the logarithm shifted so that 5 ms are narrow). A slice is one number: joins are fast.
record_span AS (
  SELECT
    record_key,
    operation_number,
    end_us,
    total_ns,
    (end_us - 1000000) // 4000000 AS first_time,
    (end_us + 2000000) // 4000000 AS last_time,
    CAST(floor(4 * ln(greatest(0.98e0 * total_ns - 5e6 - CASE WHEN total_ns >= 60000000000 THEN 1e10 ELSE 0 END, 0) + 5e8)) AS BIGINT) AS first_latency,
    CAST(floor(4 * ln(1.02e0 * greatest(total_ns, 0) + 5e6 + 5e8)) AS BIGINT) AS last_latency
  FROM record
),
record_slice AS (
  SELECT record_key, end_us, total_ns, (first_time * 256 + first_latency) * 4 + operation_number AS slice
  FROM record_span
  UNION ALL
  SELECT record_key, end_us, total_ns, (last_time * 256 + first_latency) * 4 + operation_number AS slice
  FROM record_span
  WHERE last_time > first_time
  UNION ALL
  SELECT record_key, end_us, total_ns, (first_time * 256 + last_latency) * 4 + operation_number AS slice
  FROM record_span
  WHERE last_latency > first_latency
  UNION ALL
  SELECT record_key, end_us, total_ns, (last_time * 256 + last_latency) * 4 + operation_number AS slice
  FROM record_span
  WHERE last_time > first_time AND last_latency > first_latency
),
access_slice AS (
  SELECT
    access_key,
    end_us,
    latency_ns - tolerance_ns AS least_ns,
    latency_ns + coalesce(resolution_ns, 1) - 1 + tolerance_ns AS most_ns,
    ((end_us // 4000000) * 256 + CAST(floor(4 * ln(greatest(latency_ns, 0) + 5e8)) AS BIGINT)) * 4 + operation_number AS slice
  FROM access
),
candidate AS (
  SELECT access_key, record_key
  FROM access_slice
  JOIN record_slice USING (slice)
  WHERE record_slice.end_us - access_slice.end_us BETWEEN -2000000 AND 1000000 AND total_ns BETWEEN least_ns AND most_ns
),
access_with_one AS (
  SELECT access_key, any_value(record_key) AS record_key FROM candidate GROUP BY access_key HAVING count(*) = 1
),
record_with_one AS (
  SELECT record_key FROM candidate GROUP BY record_key HAVING count(*) = 1
)
SELECT
  CAST(access_key // 1099511627776 AS BIGINT) AS source,
  CAST(access_key % 1099511627776 AS BIGINT) AS byte_offset,
  CAST(record_key // 1099511627776 AS BIGINT) AS record_source,
  CAST(record_key % 1099511627776 AS BIGINT) AS record_offset
FROM access_with_one
JOIN record_with_one USING (record_key)
