-- [view]
-- purpose = "what became of the lines of each source: fates, noise, rejects, gaps, and how the zone of times is known"
-- grain   = ["source", "measure", "name"]
-- needs   = ["sources", "source_fates", "source_noise", "rejects", "requests"]
-- [columns]
-- source  = "byte stream that was read"
-- path    = "where it was last seen"
-- measure = "lines, fate, noise (recognised, not stored), reject, gap or tz_basis"
-- name    = "which fate, noise, reason of rejection ('format: reason'), or basis of the zone; 'lines' and 'bytes' where there is only one"
-- count   = "lines; for gap: bytes that were gone before they could be read, null when nobody knows how many"
-- ratio   = "share of the source's lines; for tz_basis share of its requests; 0 to 1; null for gap"
WITH
reject_per_reason AS (
  SELECT
    source,
    coalesce(format || ': ', '') || coalesce(reason, 'no reason') AS name,
    count(*) AS lines
  FROM rejects
  GROUP BY ALL
),
request_per_basis AS (
  SELECT
    source,
    coalesce(tz_basis, '(unknown)') AS name,
    count(*) AS lines
  FROM requests
  GROUP BY ALL
),
measure AS (
  SELECT source, 'lines' AS measure, 'lines' AS name, lines, 1 AS ratio FROM sources
  UNION ALL
  SELECT source, 'fate', fate, source_fates.lines, source_fates.lines / nullif(sources.lines, 0) FROM source_fates JOIN sources USING (source)
  UNION ALL
  SELECT source, 'noise', source_noise.kind, source_noise.lines, source_noise.lines / nullif(sources.lines, 0)
  FROM source_noise JOIN sources USING (source)
  UNION ALL
  SELECT source, 'reject', name, reject_per_reason.lines, reject_per_reason.lines / nullif(sources.lines, 0)
  FROM reject_per_reason LEFT JOIN sources USING (source)
  UNION ALL
  SELECT source, 'gap', 'bytes', gap_bytes, NULL FROM sources
  UNION ALL
  SELECT source, 'tz_basis', name, lines, lines / sum(lines) OVER (PARTITION BY source) FROM request_per_basis
)
SELECT
  measure.source,
  sources.path,
  measure.measure,
  measure.name,
  CAST(measure.lines AS BIGINT) AS count,
  CAST(measure.ratio AS DOUBLE) AS ratio
FROM measure
LEFT JOIN sources ON sources.source = measure.source
ORDER BY measure.source, measure.measure, measure.name
