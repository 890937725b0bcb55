SELECT count(*) FROM restore_job AS j
WHERE j.parent_id <> '' AND NOT EXISTS (SELECT 1 FROM restore_job AS p WHERE p.restore_id = j.parent_id);
