-- Which paths were restored, how often, and where to the last time. Every job, children too.
-- A job without an Include list restored everything of its snapshot and is not here.
WITH included AS (
    SELECT p.path, j.restore_id, j.status, j.created_time_utc, j.target_instance_id, j.target_path,
           count(*) OVER (PARTITION BY p.path) AS times,
           row_number() OVER (PARTITION BY p.path ORDER BY j.created_time DESC, j.restore_id) AS newest
      FROM v_restore_job_path AS p JOIN v_restore_job AS j USING (restore_id)
     WHERE p.list = 'include'
)
SELECT path, times, created_time_utc AS last_utc, restore_id AS last_restore_id, status AS last_status,
       target_instance_id AS last_target_instance_id, target_path AS last_target_path
  FROM included
 WHERE newest = 1
 ORDER BY times DESC, path
 LIMIT 100;
