-- [view]
-- purpose = "caches: how often what was asked for was there"
-- grain   = ["cache"]
-- needs   = ["signals"]
-- [columns]
-- cache     = "name of the cache"
-- hits      = "times that it was there"
-- misses    = "times that it was not"
-- hit_ratio = "hits / (hits + misses); 0 to 1"
-- last_seen = "when it was last asked; UTC"
SELECT
  name AS cache,
  CAST(count(*) FILTER (WHERE outcome = 'hit') AS BIGINT) AS hits,
  CAST(count(*) FILTER (WHERE outcome = 'miss') AS BIGINT) AS misses,
  CAST(count(*) FILTER (WHERE outcome = 'hit') / count(*) AS DOUBLE) AS hit_ratio,
  max(happened_at) AS last_seen
FROM signals
WHERE kind = 'cache'
GROUP BY name
ORDER BY hits + misses DESC, cache
