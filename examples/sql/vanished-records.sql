-- Jobs that the service lists no longer, by the day on which that was noticed, and how old they were: how long does the
-- service keep its records? Every job, children too.
SELECT date(missing_since, 'unixepoch') AS noticed, region_id, edition, count(*) AS jobs,
       min(created_time_utc) AS oldest_created_utc, max(created_time_utc) AS newest_created_utc,
       min((missing_since - created_time) / 86400) AS least_age_days, max((missing_since - created_time) / 86400) AS greatest_age_days
  FROM v_restore_job
 WHERE missing_since IS NOT NULL
 GROUP BY noticed, region_id, edition
 ORDER BY noticed DESC, region_id, edition;
