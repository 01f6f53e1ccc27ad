-- [view]
-- purpose = "the slices of time that charts are drawn in: equal ones, 240 at most, over the range that was asked for, else over the requests"
-- grain   = []
-- needs   = ["date_sums"]
-- keep    = true
-- [columns]
-- first_utc = "start of the range: that was asked for, else the end of the first request of a model; UTC"
-- last_utc  = "end of the range: that was asked for, else now where a start was, else the end of the last request; UTC"
-- slice_ns  = "length of a slice; slices begin at multiples of it since 1970 UTC; ns"
WITH
extent AS (
  SELECT
    coalesce(epoch_us(getvariable('since_utc')), epoch_us(min(first_seen))) AS first_us,
    CASE
      WHEN getvariable('until_utc') IS NOT NULL
        THEN least(epoch_us(getvariable('until_utc')), greatest(epoch_us(now_utc()), epoch_us(max(last_seen))))
      WHEN getvariable('since_utc') IS NOT NULL THEN greatest(epoch_us(now_utc()), epoch_us(max(last_seen)))
      ELSE epoch_us(max(last_seen))
    END AS last_us
  FROM date_sums
  HAVING count(first_seen) > 0
),
step AS (
  SELECT unnest([
    5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2419200, 7257600, 31536000, 315360000
  ]) AS length_s
)
SELECT
  make_timestamptz(first_us) AS first_utc,
  make_timestamptz(last_us) AS last_utc,
  CAST(1000000000 * coalesce(min(length_s) FILTER (WHERE (last_us - first_us) / 240e6 < length_s), 3153600000) AS BIGINT) AS slice_ns
FROM extent
CROSS JOIN step
GROUP BY first_us, last_us
