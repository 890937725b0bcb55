-- What failed, why, how often, and the latest example of each kind, over the last 365 days. Every job, children too.
WITH failed AS (
    SELECT restore_type, status, coalesce(error_message, '(no message)') AS message, restore_id,
           complete_time_utc, target_path, error_file,
           count(*) OVER same AS times,
           row_number() OVER (PARTITION BY restore_type, status, coalesce(error_message, '(no message)')
                              ORDER BY complete_time DESC, restore_id) AS newest
      FROM v_restore_failure
     WHERE created_time > CAST(strftime('%s', 'now', '-365 days') AS INTEGER)
    WINDOW same AS (PARTITION BY restore_type, status, coalesce(error_message, '(no message)'))
)
SELECT times, restore_type, status, message, complete_time_utc AS latest_utc, restore_id AS latest_restore_id,
       target_path AS latest_target_path, error_file AS latest_error_file
  FROM failed
 WHERE newest = 1
 ORDER BY times DESC, latest_utc DESC;
