-- title: Open restores
-- order: 80
-- Restores that are open and for how long they have been open, the oldest first.
-- Every job, children too (parent_id tells). Whatever the period; without the jobs that the service no longer lists. Open
-- counts from CreatedTime, quiet from the last change.
SELECT
    restore_id,
    status,
    restore_type,
    created_time_utc AS created_utc,
    CASE WHEN created_time > 0 THEN :now - created_time END AS open_seconds,
    CASE WHEN updated_time > 0 THEN :now - updated_time END AS quiet_seconds,
    progress_percent,
    region_id,
    vault_id,
    source_instance_id,
    parent_id
FROM v_restore_open
ORDER BY CASE WHEN created_time > 0 THEN created_time END IS NULL, created_time, restore_id;
