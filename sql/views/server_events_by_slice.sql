-- [view]
-- purpose = "what the server said happened in each slice of time: starts, loads, failures, truncations, crashes"
-- grain   = ["slice_utc", "event"]
-- needs   = ["time_slices", "server_events"]
-- [columns]
-- slice_utc = "start of the slice (see time_slices); UTC; slices without such an event have no row"
-- slice_ns  = "length of the slice; ns"
-- event     = "server_started, model_loaded, model_load_failed, prompt_truncated, request_aborted, runner_crashed, out_of_memory, ..."
-- events    = "how often"
SELECT
  make_timestamptz((epoch_us(happened_at) // (slice_ns // 1000)) * (slice_ns // 1000)) AS slice_utc,
  slice_ns,
  event,
  CAST(count(*) AS BIGINT) AS events
FROM server_events
CROSS JOIN time_slices
WHERE in_range(happened_at) AND event IS NOT NULL AND event NOT IN ('other', 'server_config', 'model_load_started', 'model_named', 'runners_counted', 'layers_offloaded')
GROUP BY ALL
ORDER BY slice_utc, event
