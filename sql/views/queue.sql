-- [view]
-- purpose = "queues of recorded programs: entries, rejections, waits, length and workers"
-- grain   = ["queue"]
-- needs   = ["signals"]
-- [columns]
-- queue          = "name of the queue"
-- requests       = "entries that were put into it"
-- rejections     = "entries that it had no room for"
-- rejected_ratio = "rejections / (requests + rejections); null where neither is told; 0 to 1"
-- waits          = "entries whose wait is known"
-- mean_wait_ns   = "mean wait; ns"
-- p50_wait_ns    = "median wait; ns"
-- p95_wait_ns    = "95th percentile; ns"
-- max_wait_ns    = "longest wait; ns"
-- size           = "entries in it when its length was last told"
-- max_size       = "most entries that were told"
-- workers        = "workers that served it when last told"
-- last_seen      = "last thing told of it; UTC"
SELECT
  name AS queue,
  CAST(count(*) FILTER (WHERE kind = 'queue_request') AS BIGINT) AS requests,
  CAST(count(*) FILTER (WHERE kind = 'queue_rejection') AS BIGINT) AS rejections,
  CAST(
    count(*) FILTER (WHERE kind = 'queue_rejection') / nullif(count(*) FILTER (WHERE kind IN ('queue_request', 'queue_rejection')), 0)
    AS DOUBLE
  ) AS rejected_ratio,
  CAST(count(duration_ns) AS BIGINT) AS waits,
  CAST(avg(duration_ns) AS BIGINT) AS mean_wait_ns,
  CAST(quantile_cont(duration_ns, 0.5) AS BIGINT) AS p50_wait_ns,
  CAST(quantile_cont(duration_ns, 0.95) AS BIGINT) AS p95_wait_ns,
  CAST(max(duration_ns) AS BIGINT) AS max_wait_ns,
  CAST(arg_max(value, happened_at) FILTER (WHERE kind = 'queue_size') AS BIGINT) AS size,
  CAST(max(value) FILTER (WHERE kind = 'queue_size') AS BIGINT) AS max_size,
  CAST(arg_max(value, happened_at) FILTER (WHERE kind = 'queue_workers') AS BIGINT) AS workers,
  max(happened_at) AS last_seen
FROM signals
WHERE kind IN ('queue_request', 'queue_rejection', 'queue_wait', 'queue_size', 'queue_workers')
GROUP BY name
ORDER BY requests DESC, queue
