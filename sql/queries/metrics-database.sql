-- For `sync --metrics-file`: the names of the database, and the end of the last run before :run_id whose every source was done or rightly
-- skipped, 0 when there is none. A profile that could not be used leaves no record.
SELECT
    coalesce(:label, label),
    database_id,
    (SELECT coalesce(max(ended), 0)
     FROM (SELECT max(finished_at) AS ended FROM sync_run
           WHERE mode <> 'import' AND run_id <> :run_id
           GROUP BY run_id
           HAVING total(outcome NOT IN ('done', 'skipped')) = 0))
FROM sync_database
LIMIT 1;
