-- [view]
-- purpose = "the last state of each alert, live and as found in history"
-- grain   = ["fingerprint", "replayed"]
-- needs   = ["alerts"]
-- [columns]
-- fingerprint    = "identity of the alert: hash of rule and labels"
-- replayed       = "whether it was found in history, by the data's own time; nobody was told"
-- happened_at    = "tick at which it changed last; UTC"
-- first_seen     = "tick of its first change; UTC"
-- rule           = "rule that it is of"
-- state          = "pending, firing, resolved, or inactive: what was pending did not last"
-- severity       = "low, medium, high or critical"
-- model          = "model that it is about; null when it is about none"
-- value          = "what the rule measured, in its unit"
-- threshold      = "threshold of the rule then, in the same unit; null when it has none"
-- labels         = "what it is about, as a JSON object"
-- message        = "what is wrong, in a sentence"
-- recommendation = "what to do about it"
-- times_fired    = "how often it began to fire"
WITH numbered AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY fingerprint, replayed ORDER BY happened_at DESC, byte_offset DESC) AS age,
    min(happened_at) OVER (PARTITION BY fingerprint, replayed) AS first_seen,
    count(*) FILTER (WHERE state = 'firing') OVER (PARTITION BY fingerprint, replayed) AS times_fired
  FROM alerts
)
SELECT
  fingerprint,
  replayed,
  happened_at,
  first_seen,
  rule,
  state,
  severity,
  model,
  value,
  threshold,
  labels,
  message,
  recommendation,
  CAST(times_fired AS BIGINT) AS times_fired
FROM numbered
WHERE age = 1
ORDER BY happened_at DESC, rule, fingerprint
