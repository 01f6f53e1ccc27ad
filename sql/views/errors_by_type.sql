-- [view]
-- purpose = "failed requests of models by type, with the newest message"
-- grain   = ["error_type"]
-- needs   = ["requests_without_loads"]
-- [columns]
-- error_type = "the record's type, else by status: 404 invalid_model, 408 499 504 timeout, 502 connection_failed, 402 429 503 507 resource_exhausted, other 4xx and 501 invalid_request, else other"
-- failures   = "failed requests of this type"
-- ratio      = "share of all failed requests; 0 to 1"
-- models     = "models that it happened to; those that are not known count as one"
-- first_seen = "end of the first of them; UTC"
-- last_seen  = "end of the last of them; UTC"
-- example    = "newest error text; status and route where there is no text"
SELECT
  error_type,
  CAST(count(*) AS BIGINT) AS failures,
  CAST(count(*) / sum(count(*)) OVER () AS DOUBLE) AS ratio,
  CAST(count(DISTINCT coalesce(model, model_blob, '(unknown)')) AS BIGINT) AS models,
  min(happened_at) AS first_seen,
  max(happened_at) AS last_seen,
  arg_max(
    coalesce(error, 'HTTP ' || status || ' ' || route, 'no message'),
    {'has_text': error IS NOT NULL, 'happened_at': happened_at, 'source': source, 'byte_offset': byte_offset}
  ) AS example
FROM requests_without_loads
WHERE NOT success
GROUP BY error_type
ORDER BY failures DESC, error_type
