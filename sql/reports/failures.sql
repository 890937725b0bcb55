-- title: Failures by message
-- order: 70
-- Restores that failed or restored only a part, grouped by what the service said, with the latest of each.
-- The columns restores, failed and partial count top-level jobs (ParentId empty) created in the period; child_jobs counts the
-- others, whose message is often the cause of their parent's. The latest is by CompleteTime, else UpdatedTime, else CreatedTime.
WITH
failure AS (
    SELECT
        restore_id, status, outcome, restore_type, vault_id, is_top_level,
        nullif(error_message, '') AS message,
        coalesce(CASE WHEN complete_time BETWEEN 1 AND 253402300799 THEN complete_time END,
                 CASE WHEN updated_time BETWEEN 1 AND 253402300799 THEN updated_time END,
                 CASE WHEN created_time BETWEEN 1 AND 253402300799 THEN created_time END) AS ended
    FROM v_restore_job
    WHERE coalesce(created_time, 0) BETWEEN :since AND :until
      AND outcome IN ('failed', 'partial')
),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY message ORDER BY ended DESC, restore_id DESC) AS place FROM failure
)
SELECT
    message AS error_message,
    count(*) FILTER (WHERE is_top_level) AS restores,
    count(*) FILTER (WHERE is_top_level AND outcome = 'failed') AS failed,
    count(*) FILTER (WHERE is_top_level AND outcome = 'partial') AS partial,
    count(*) FILTER (WHERE NOT is_top_level) AS child_jobs,
    datetime(max(ended), 'unixepoch') AS latest_utc,
    max(CASE WHEN place = 1 THEN restore_id END) AS latest_restore_id,
    max(CASE WHEN place = 1 THEN status END) AS latest_status,
    max(CASE WHEN place = 1 THEN restore_type END) AS latest_type,
    max(CASE WHEN place = 1 THEN vault_id END) AS latest_vault_id
FROM ranked
GROUP BY message
ORDER BY restores DESC, child_jobs DESC, message;
