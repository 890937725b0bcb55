-- Which options restores were started with, and which values how often. Every job, children too.
SELECT j.restore_type, o.name, o.type, o.value, count(*) AS jobs
  FROM v_restore_job_option AS o JOIN restore_job AS j USING (restore_id)
 GROUP BY j.restore_type, o.name, o.type, o.value
 ORDER BY jobs DESC, j.restore_type, o.name, o.value
 LIMIT 50;
