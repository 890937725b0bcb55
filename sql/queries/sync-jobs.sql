-- A line for each job that is new in the run :run_id or changed in it (gone from the service and back, too), for 100 of them at most.
WITH
job AS MATERIALIZED (
    SELECT restore_id FROM restore_job WHERE first_run_id = :run_id
    UNION
    SELECT restore_id FROM restore_job_change WHERE run_id = :run_id
)
SELECT j.restore_id || CASE WHEN j.first_run_id = :run_id THEN ': new, ' || coalesce(j.status, 'no status') ELSE ': changed ' || (
        SELECT group_concat(e.key || CASE e.key WHEN 'status' THEN ' ' || coalesce(c.old_status, 'none') || ' to ' || coalesce(c.new_status, 'none')
                                                ELSE '' END, ', ')
        FROM restore_job_change AS c, json_each(c.changed) AS e
        WHERE c.restore_id = j.restore_id AND c.run_id = :run_id) END
FROM (SELECT restore_id FROM job LIMIT 100) JOIN restore_job AS j USING (restore_id)
UNION ALL
SELECT '... and ' || (n - 100) || ' more' FROM (SELECT count(*) AS n FROM job) WHERE n > 100;
