-- How old is what this copy says? A row a source and scope (empty: the source as a whole); verdict is 'proved' when a sync proved it
-- within two hours and nothing unproved was stored since, 'old' when the last proof is older, 'not proved' when something was, 'never'
-- without a proof. note says what has read a source that was never proved as a whole.
SELECT account_id, region_id, edition, scope,
       CASE WHEN seconds_since_proved IS NULL THEN 'never' WHEN NOT proved THEN 'not proved'
            WHEN seconds_since_proved > 7200 THEN 'old' ELSE 'proved' END AS verdict, source_note AS note,
       last_proved_utc, last_outcome, last_finished_utc, last_error, jobs, open_jobs, missing_jobs
  FROM v_sync_health
 ORDER BY seconds_since_proved IS NULL DESC, seconds_since_proved DESC, account_id, region_id, edition, scope;
