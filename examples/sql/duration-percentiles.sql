-- How long successful restores took, by type: median, 90th and 95th percentile (nearest rank) and the longest, in seconds.
-- Top-level jobs.
WITH ranked AS (
    SELECT restore_type, duration_seconds,
           row_number() OVER (PARTITION BY restore_type ORDER BY duration_seconds) AS place,
           count(*) OVER (PARTITION BY restore_type) AS jobs
      FROM v_restore_job
     WHERE outcome = 'succeeded' AND duration_seconds IS NOT NULL AND is_top_level
)
SELECT restore_type, jobs,
       max(CASE WHEN place = (jobs * 50 + 99) / 100 THEN duration_seconds END) AS p50_seconds,
       max(CASE WHEN place = (jobs * 90 + 99) / 100 THEN duration_seconds END) AS p90_seconds,
       max(CASE WHEN place = (jobs * 95 + 99) / 100 THEN duration_seconds END) AS p95_seconds,
       max(duration_seconds) AS longest_seconds
  FROM ranked
 GROUP BY restore_type, jobs
 ORDER BY p95_seconds DESC;
