-- Everything that was seen to change in one job, column by column, the oldest first. As written it takes the job with the
-- most changes; put a RestoreId in the place of the inner SELECT: WHERE restore_id = 'r-...'
SELECT restore_id, observed_at_utc, run_id, column_name, old_value, new_value
  FROM v_restore_change
 WHERE restore_id = (SELECT restore_id FROM restore_job_change
                      GROUP BY restore_id ORDER BY count(*) DESC, restore_id LIMIT 1)
 ORDER BY observed_at, run_id, column_name;
