-- The parent of one job and its children, the parent first; of a parent that is not stored, its id alone.
SELECT
    CASE WHEN j.restore_id IS NULL OR j.restore_id = p.parent_id THEN 'parent' ELSE 'child' END AS relation,
    coalesce(j.restore_id, p.parent_id) AS restore_id, j.restore_type, j.status, j.outcome,
    j.created_time, j.created_time_utc, j.complete_time, j.complete_time_utc, j.error_message
FROM (SELECT restore_id, nullif(parent_id, '') AS parent_id FROM restore_job WHERE restore_id = :id) AS p
LEFT JOIN v_restore_job AS j ON j.restore_id = p.parent_id OR j.parent_id = p.restore_id
WHERE j.restore_id IS NOT NULL OR p.parent_id IS NOT NULL
ORDER BY relation DESC, j.created_time, j.restore_id
LIMIT :limit;
