UPDATE restore_job SET missing_since = ?3, changed_run_id = ?2
WHERE row_id = ?1 AND source_id = ?4 AND missing_since IS NULL;
