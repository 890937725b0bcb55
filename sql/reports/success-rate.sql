-- title: Success rate by month, type and vault
-- order: 40
-- page: no
-- The outcome of restores by the UTC month in which they were created, type of restore and vault, the newest month first.
-- Top-level jobs only (ParentId empty). PARTIAL_COMPLETE counts as partial, not as success; failed are FAILED, EXPIRED and
-- CLIENT_DELETED; "other" is open, or of a status this version does not know. The rate is succeeded / (succeeded + partial + failed).
SELECT
    strftime('%Y-%m', CASE WHEN created_time BETWEEN 1 AND 253402300799 THEN created_time END, 'unixepoch') AS month,
    restore_type,
    vault_id,
    count(*) AS restores,
    count(*) FILTER (WHERE status = 'COMPLETE') AS succeeded,
    count(*) FILTER (WHERE status = 'PARTIAL_COMPLETE') AS partial,
    count(*) FILTER (WHERE status IN ('FAILED', 'EXPIRED', 'CLIENT_DELETED')) AS failed,
    count(*) FILTER (WHERE status = 'CANCELED') AS canceled,
    count(*) FILTER (WHERE coalesce(status NOT IN ('COMPLETE', 'PARTIAL_COMPLETE', 'FAILED', 'EXPIRED', 'CLIENT_DELETED', 'CANCELED'), 1)) AS other,
    round(100.0 * count(*) FILTER (WHERE status = 'COMPLETE')
          / nullif(count(*) FILTER (WHERE status IN ('COMPLETE', 'PARTIAL_COMPLETE', 'FAILED', 'EXPIRED', 'CLIENT_DELETED')), 0), 1) AS success_rate_percent
FROM restore_job
WHERE coalesce(created_time, 0) BETWEEN :since AND :until AND (parent_id IS NULL OR parent_id = '')
GROUP BY 1, 2, 3
ORDER BY 1 DESC, 2, 3;
