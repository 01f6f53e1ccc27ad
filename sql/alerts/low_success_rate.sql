-- [alert]
-- needs           = ["recent_model_requests"]
-- severity        = "high"
-- summary         = "{value} of the requests to models on {host} fail, more than {threshold}"
-- recommendation  = "See which errors: ollalog sql 'SELECT * FROM errors_by_type'. Then the server log around the first of them."
-- evidence        = "SELECT happened_at, model, operation, status, error_type, error FROM model_requests WHERE NOT success ORDER BY happened_at DESC LIMIT 50"
-- labels          = ["host"]
-- threshold       = 0.1
-- recovery        = 0.05
-- beyond          = ">"
-- unit            = "ratio"
-- window          = "10m"
-- for             = "2m"
-- keep_firing_for = "5m"
-- [columns]
-- tick  = "instant that the window ends at; UTC"
-- host  = "machine that the log is of; a failed request mostly does not tell its model"
-- value = "share of failures among at least ten requests; those that the client gave up (499) are left out; 0 to 1"
SELECT
  tick,
  host,
  count(*) FILTER (WHERE NOT success) / count(*) AS value
FROM recent_model_requests
WHERE coalesce(status, 0) != 499
GROUP BY ALL
HAVING count(*) >= 10 AND count(*) FILTER (WHERE NOT success) / count(*) > threshold()
