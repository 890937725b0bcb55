-- title: Activity
-- order: 120
-- since: 30d
-- An audit trail of what happened to restores in the period (without one, the last 30 days), the newest first.
-- Every job, children too (parent_id tells). created, started and ended are the service's own times; changed (a status seen
-- to become another), vanished and listed again are when a run of hbrsync noticed it (run_id tells which).
WITH
event AS (
    SELECT
        CASE w.step WHEN 1 THEN j.created_time WHEN 2 THEN j.start_time ELSE j.complete_time END AS at,
        w.step,
        w.event,
        CASE w.step WHEN 3 THEN j.status END AS detail,
        NULL AS run_id,
        j.restore_id, j.restore_type, j.source_id, j.vault_id, j.source_instance_id, j.target_instance_id,
        j.target_bucket, j.target_file_system_id, j.target_instance_name, j.target_path, j.parent_id
    FROM v_restore_job AS j
    CROSS JOIN (SELECT 1 AS step, 'created' AS event UNION ALL SELECT 2, 'started' UNION ALL SELECT 3, 'ended') AS w
    WHERE (j.created_time BETWEEN max(:since, 1) AND :until OR j.start_time BETWEEN max(:since, 1) AND :until
           OR j.complete_time BETWEEN max(:since, 1) AND :until)
      AND CASE w.step WHEN 1 THEN j.created_time WHEN 2 THEN j.start_time ELSE j.complete_time END
          BETWEEN max(:since, 1) AND :until
    UNION ALL
    SELECT c.at, c.step, c.event, c.detail, c.run_id,
        j.restore_id, j.restore_type, j.source_id, j.vault_id, j.source_instance_id, j.target_instance_id,
        j.target_bucket, j.target_file_system_id, j.target_instance_name, j.target_path, j.parent_id
    FROM (
        SELECT observed_at AS at, 4 AS step, 'changed' AS event, restore_id, run_id,
            coalesce(old_status, '(none)') || ' to ' || coalesce(new_status, '(none)') AS detail
        FROM restore_job_change
        WHERE observed_at BETWEEN :since AND :until AND old_status IS NOT new_status
        UNION ALL
        SELECT observed_at, 5,
            CASE WHEN json_extract(changed, '$.missing_since[1]') IS NULL THEN 'listed again' ELSE 'vanished' END,
            restore_id, run_id, NULL
        FROM restore_job_change
        WHERE observed_at BETWEEN :since AND :until AND instr(changed, '"missing_since"') > 0
          AND json_type(changed, '$.missing_since') IS NOT NULL
    ) AS c
    JOIN v_restore_job AS j ON j.restore_id = c.restore_id
)
SELECT
    CASE WHEN e.at BETWEEN 1 AND 253402300799 THEN datetime(e.at, 'unixepoch') END AS time_utc,
    e.event,
    e.restore_id,
    e.detail,
    e.restore_type,
    s.account_id,
    s.region_id,
    s.edition,
    e.vault_id,
    e.source_instance_id,
    coalesce(nullif(e.target_instance_id, ''), nullif(e.target_bucket, ''), nullif(e.target_file_system_id, ''),
             nullif(e.target_instance_name, '')) AS target,
    e.target_path,
    e.parent_id,
    e.run_id
FROM event AS e
JOIN sync_source AS s ON s.source_id = e.source_id
ORDER BY e.at DESC, e.restore_id, e.step DESC;
