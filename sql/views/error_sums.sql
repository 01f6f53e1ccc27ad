-- [view]
-- purpose = "failed requests of each UTC date, type and model: what errors_by_type adds up"
-- grain   = ["date_utc", "error_type", "model"]
-- needs   = ["requests_without_loads"]
-- by_date = true
-- [columns]
-- date_utc       = "UTC date that the requests ended on"
-- error_type     = "kind of failure (see errors_by_type)"
-- model          = "name as Ollama shows it; the file's first 12 hex digits where no name is known; '(unknown)' when nothing tells"
-- failures       = "failed requests of it"
-- first_seen     = "end of the first of them; UTC"
-- last_seen      = "end of the last one; UTC"
-- example        = "newest message of the day; where none has a text the answer of the last"
-- has_text       = "whether that is a message"
-- example_at     = "end of the request that it is of; UTC"
-- example_source = "byte stream of that request"
-- example_offset = "where its line begins in its source; bytes"
WITH failure AS (
  SELECT
    CAST(make_timestamp(epoch_us(happened_at)) AS DATE) AS date_utc,
    error_type,
    shown AS model,
    count(*) AS failures,
    min(happened_at) AS first_seen,
    max(happened_at) AS last_seen,
    arg_max(
      coalesce(error, 'HTTP ' || status || ' ' || route, 'no message'),
      {'has_text': error IS NOT NULL, 'happened_at': happened_at, 'source': source, 'byte_offset': byte_offset}
    ) AS example,
    max({'has_text': error IS NOT NULL, 'happened_at': happened_at, 'source': source, 'byte_offset': byte_offset}) AS place
  FROM requests_without_loads
  WHERE NOT success
  GROUP BY ALL
)
SELECT
  date_utc,
  error_type,
  model,
  CAST(failures AS BIGINT) AS failures,
  first_seen,
  last_seen,
  example,
  place.has_text AS has_text,
  place.happened_at AS example_at,
  place.source AS example_source,
  place.byte_offset AS example_offset
FROM failure
