-- The history of a missing mark; before the mark of missing-mark.sql, which takes the row out of the condition.
INSERT INTO restore_job_change (restore_id, run_id, observed_at, updated_time, old_status, new_status, old_progress, new_progress,
    old_bytes_done, new_bytes_done, old_items_done, new_items_done, old_report_task_status, new_report_task_status, changed)
SELECT j.restore_id, ?2, ?3, j.updated_time, j.status, j.status, j.progress, j.progress, j.bytes_done, j.bytes_done, j.items_done,
    j.items_done, r.report_task_status, r.report_task_status, json_object('missing_since', json_array(NULL, ?3))
FROM restore_job AS j
LEFT JOIN restore_job_report AS r ON r.restore_id = j.restore_id
WHERE j.row_id = ?1 AND j.source_id = ?4 AND j.missing_since IS NULL;
