-- [view]
-- purpose = "how often the server log shows each HTTP status, and on which kind of request"
-- grain   = ["status"]
-- needs   = ["requests"]
-- [columns]
-- status         = "HTTP status code"
-- requests       = "requests with it"
-- ratio          = "share of all requests; 0 to 1"
-- model_requests = "those of a model operation: generate, chat, embed"
-- other_requests = "all others"
-- first_seen     = "end of the first such request; UTC"
-- last_seen      = "end of the last such request; UTC"
SELECT
  status,
  CAST(count(*) AS BIGINT) AS requests,
  CAST(count(*) / sum(count(*)) OVER () AS DOUBLE) AS ratio,
  CAST(count(*) FILTER (WHERE operation IN ('generate', 'chat', 'embed')) AS BIGINT) AS model_requests,
  CAST(count(*) FILTER (WHERE operation NOT IN ('generate', 'chat', 'embed')) AS BIGINT) AS other_requests,
  min(ended_at) AS first_seen,
  max(ended_at) AS last_seen
FROM requests
GROUP BY status
ORDER BY status
