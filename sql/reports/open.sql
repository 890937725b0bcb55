-- title: Open restores
-- order: 80
-- Restores that are not finished and for how long they have been open, the oldest first.
-- Every job, children too (parent_id tells). Whatever the period; without the jobs that the service no longer lists. Open
-- counts from CreatedTime, quiet from the last change.
SELECT
    j.restore_id,
    j.status,
    j.restore_type,
    CASE WHEN j.created_time BETWEEN 1 AND 253402300799 THEN datetime(j.created_time, 'unixepoch') END AS created_utc,
    CASE WHEN j.created_time > 0 THEN :now - j.created_time END AS open_seconds,
    CASE WHEN j.updated_time > 0 THEN :now - j.updated_time END AS quiet_seconds,
    j.progress / 100.0 AS progress_percent,
    s.region_id,
    j.vault_id,
    j.source_instance_id,
    j.parent_id
FROM restore_job AS j
JOIN sync_source AS s ON s.source_id = j.source_id
WHERE (j.complete_time IS NULL OR j.complete_time <= 0) AND j.missing_since IS NULL
  AND coalesce(j.status NOT IN ('COMPLETE', 'PARTIAL_COMPLETE', 'FAILED', 'CANCELED', 'EXPIRED', 'CLIENT_DELETED'), 1)
ORDER BY CASE WHEN j.created_time > 0 THEN j.created_time END IS NULL, j.created_time, j.restore_id;
