-- The service lists the job: it is not missing, and of the writer's source ?3 where that takes it.
UPDATE restore_job SET missing_since = NULL, changed_run_id = ?1, source_id = CASE WHEN ?2 THEN ?3 ELSE source_id END
WHERE restore_id = ?4;
