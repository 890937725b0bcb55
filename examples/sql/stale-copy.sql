-- How old is what this copy says? A row a source and scope; verdict is 'proved' when a sync proved it within two hours,
-- 'old' when the last proof is older, 'never' without one. Imports are never proved.
SELECT account_id, region_id, edition, scope,
       CASE WHEN seconds_since_proved IS NULL THEN 'never' WHEN seconds_since_proved > 7200 THEN 'old' ELSE 'proved' END AS verdict,
       last_proved_utc, last_outcome, last_finished_utc, last_error, jobs, open_jobs, missing_jobs
  FROM v_sync_health
 ORDER BY seconds_since_proved IS NULL DESC, seconds_since_proved DESC, account_id, region_id, edition, scope;
