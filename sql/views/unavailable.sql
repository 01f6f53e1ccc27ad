-- [view]
-- purpose = "requests of models that were answered 503, by cause: the server's own queue was full, or something behind it was not there"
-- grain   = ["cause"]
-- needs   = ["requests"]
-- [columns]
-- cause      = "queue_full: refused within 0.1 s, which is how Ollama answers beyond OLLAMA_MAX_QUEUE; upstream: it took longer, as when a cloud model is overloaded"
-- requests   = "requests answered 503"
-- clients    = "different clients that got it"
-- max_ns     = "longest of their latencies; ns"
-- first_seen = "end of the first of them; UTC"
-- last_seen  = "end of the last of them; UTC"
SELECT
  CASE WHEN latency_ns < 100000000 THEN 'queue_full' ELSE 'upstream' END AS cause,
  CAST(count(*) AS BIGINT) AS requests,
  CAST(count(DISTINCT client) AS BIGINT) AS clients,
  max(latency_ns) AS max_ns,
  min(ended_at) AS first_seen,
  max(ended_at) AS last_seen
FROM requests
WHERE status = 503 AND method = 'POST' AND operation IN ('generate', 'chat', 'embed')
GROUP BY cause
ORDER BY cause
