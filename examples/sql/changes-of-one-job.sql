-- Everything that was seen to change in one job, column by column, the oldest first. As written it takes the job with the
-- most changes; put a RestoreId in the place of the inner SELECT: WHERE c.restore_id = 'r-...'
SELECT c.restore_id, datetime(c.observed_at, 'unixepoch') AS seen_utc, c.run_id, e.key AS column_name,
       json_extract(e.value, '$[0]') AS old, json_extract(e.value, '$[1]') AS new
  FROM restore_job_change AS c, json_each(c.changed) AS e
 WHERE c.restore_id = (SELECT restore_id FROM restore_job_change
                        GROUP BY restore_id ORDER BY count(*) DESC, restore_id LIMIT 1)
 ORDER BY c.change_id, e.key;
