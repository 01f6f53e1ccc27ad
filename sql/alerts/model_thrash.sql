-- [alert]
-- needs          = ["recent_model_loads"]
-- severity       = "medium"
-- summary        = "models on {host} are loaded again and again: {value} times in half an hour a model came back that had been there before"
-- recommendation = "Keep them loaded longer (OLLAMA_KEEP_ALIVE), allow more at once (OLLAMA_MAX_LOADED_MODELS) if memory permits, use one num_ctx for all requests of a model, or send requests of one model together."
-- evidence       = "SELECT * FROM model_thrash"
-- labels         = ["host"]
-- threshold      = 6
-- unit           = "count"
-- window         = "30m"
-- [columns]
-- tick  = "instant that the window ends at; UTC"
-- host  = "machine that the log is of"
-- value = "loads in the window, less one for each different model; count"
SELECT
  tick,
  host,
  count(*) - count(DISTINCT coalesce(model_blob, model, '')) AS value
FROM recent_model_loads
WHERE outcome = 'loaded'
GROUP BY ALL
HAVING count(*) - count(DISTINCT coalesce(model_blob, model, '')) >= threshold()
