INSERT INTO restore_job_change (restore_id, run_id, observed_at, updated_time, old_status, new_status, old_progress, new_progress,
    old_bytes_done, new_bytes_done, old_items_done, new_items_done, old_report_task_status, new_report_task_status, changed)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15);
