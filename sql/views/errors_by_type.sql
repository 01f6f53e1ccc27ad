-- [view]
-- purpose = "failed requests of models by type, with the newest message"
-- grain   = ["error_type"]
-- needs   = ["error_sums"]
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
  CAST(sum(failures) AS BIGINT) AS failures,
  CAST(sum(failures) / sum(sum(failures)) OVER () AS DOUBLE) AS ratio,
  CAST(count(DISTINCT model) AS BIGINT) AS models,
  min(first_seen) AS first_seen,
  max(last_seen) AS last_seen,
  arg_max(
    example,
    {'has_text': has_text, 'happened_at': example_at, 'source': example_source, 'byte_offset': example_offset}
  ) AS example
FROM error_sums
GROUP BY error_type
ORDER BY failures DESC, error_type
