-- What became of jobs in the runs after :after_run up to :last_run that ended at :since or later, a row a job: the state after the
-- last of them against the state before the first. Later runs are looked at only to take back what they changed.
-- With :people, kind also says new of those that are.
-- kind is the first that holds: failed and finished (open before, or not stored), gone, returned, new, started, changed.
WITH
final AS (
    SELECT column1 AS status, column2 AS failed
    FROM (VALUES ('COMPLETE', 0), ('PARTIAL_COMPLETE', 0), ('CANCELED', 0), ('FAILED', 1), ('EXPIRED', 1), ('CLIENT_DELETED', 1))
),
run AS MATERIALIZED (
    SELECT run_id, min(started_at) AS started_at FROM sync_run
    WHERE run_id > :after_run AND run_id <= :last_run
    GROUP BY run_id
    HAVING max(coalesce(finished_at, started_at)) >= :since
),
span AS MATERIALIZED (
    SELECT min(run_id) AS first_run, max(run_id) AS last_run FROM run
),
noticed AS MATERIALIZED (
    SELECT
        c.restore_id,
        min(c.change_id) AS first_id,
        max(c.change_id) AS last_id,
        min(c.change_id) FILTER (WHERE json_type(c.changed, '$.complete_time') IS NOT NULL) AS completed_id,
        min(c.change_id) FILTER (WHERE json_type(c.changed, '$.missing_since') IS NOT NULL) AS first_mark_id,
        max(c.change_id) FILTER (WHERE json_type(c.changed, '$.missing_since') IS NOT NULL) AS last_mark_id
    FROM restore_job_change AS c
    WHERE c.run_id BETWEEN (SELECT first_run FROM span) AND (SELECT last_run FROM span)
    GROUP BY c.restore_id
),
picked AS (
    SELECT j.restore_id, 1 AS is_new FROM restore_job AS j
    WHERE j.first_run_id BETWEEN (SELECT first_run FROM span) AND (SELECT last_run FROM span)
    UNION ALL
    SELECT n.restore_id, 0 FROM noticed AS n
    JOIN restore_job AS j ON j.restore_id = n.restore_id
    WHERE j.first_run_id IS NULL OR j.first_run_id NOT BETWEEN (SELECT first_run FROM span) AND (SELECT last_run FROM span)
),
state AS (
    SELECT
        p.restore_id,
        p.is_new,
        CASE WHEN p.is_new THEN NULL ELSE first.old_status END AS old_status,
        CASE WHEN later.change_id IS NULL THEN j.status ELSE later.old_status END AS status,
        j.settled_status,
        coalesce(CASE WHEN completed_later.change_id IS NULL THEN j.complete_time
                      ELSE json_extract(completed_later.changed, '$.complete_time[0]') END > 0, 0) AS completed,
        NOT p.is_new AND coalesce(CASE WHEN n.completed_id IS NULL THEN j.complete_time
             ELSE (SELECT json_extract(c.changed, '$.complete_time[0]') FROM restore_job_change AS c
                   WHERE c.change_id = n.completed_id) END > 0, 0) AS was_completed,
        (SELECT json_extract(c.changed, '$.missing_since[0]') FROM restore_job_change AS c
         WHERE c.change_id = n.first_mark_id) AS was_missing,
        (SELECT json_extract(c.changed, '$.missing_since[1]') FROM restore_job_change AS c
         WHERE c.change_id = n.last_mark_id) AS is_missing,
        n.last_mark_id,
        coalesce(last.observed_at, (SELECT started_at FROM run WHERE run_id = j.first_run_id)) AS observed_at,
        coalesce(last.run_id, j.first_run_id) AS run_id
    FROM picked AS p
    CROSS JOIN restore_job AS j ON j.restore_id = p.restore_id
    LEFT JOIN noticed AS n ON n.restore_id = p.restore_id
    LEFT JOIN restore_job_change AS first ON first.change_id = n.first_id
    LEFT JOIN restore_job_change AS last ON last.change_id = n.last_id
    LEFT JOIN restore_job_change AS completed_later ON completed_later.change_id = (
        SELECT min(c.change_id) FROM restore_job_change AS c
        WHERE c.restore_id = p.restore_id AND c.run_id > :last_run AND json_type(c.changed, '$.complete_time') IS NOT NULL)
    LEFT JOIN restore_job_change AS later ON later.change_id = (
        SELECT min(c.change_id) FROM restore_job_change AS c WHERE c.restore_id = p.restore_id AND c.run_id > :last_run)
),
judged AS (
    SELECT t.*,
        CASE
            WHEN coalesce(t.old_status NOT IN (SELECT status FROM final), 1) AND NOT t.was_completed
                 AND (coalesce(t.status IN (SELECT status FROM final), 0) OR t.completed)
            THEN CASE WHEN coalesce(t.settled_status, t.status) IN (SELECT status FROM final WHERE failed) THEN 'failed' ELSE 'finished' END
            WHEN t.is_missing IS NOT NULL THEN 'gone'
            WHEN t.was_missing IS NOT NULL AND t.last_mark_id IS NOT NULL THEN 'returned'
            WHEN t.is_new THEN 'new'
            WHEN t.status = 'RUNNING' AND t.old_status IS NOT 'RUNNING' THEN 'started'
            ELSE 'changed'
        END AS kind,
        (SELECT group_concat(DISTINCT e.key) FROM restore_job_change AS c, json_each(c.changed) AS e
         WHERE c.restore_id = t.restore_id
           AND c.run_id BETWEEN (SELECT first_run FROM span) AND (SELECT last_run FROM span)) AS changed_columns
    FROM state AS t
)
SELECT
    t.observed_at,
    datetime(t.observed_at, 'unixepoch') AS observed_at_utc,
    CASE WHEN :people AND t.is_new AND t.kind <> 'new' THEN 'new, ' ELSE '' END || t.kind AS kind,
    t.restore_id,
    v.restore_type,
    v.region_id,
    t.old_status,
    t.status,
    CASE WHEN t.kind = 'changed' THEN t.changed_columns ELSE v.error_message END AS detail,
    t.is_new,
    t.changed_columns,
    v.error_message,
    v.outcome,
    v.progress_percent,
    v.account_id,
    v.edition,
    v.vault_id,
    v.source_instance_id,
    v.parent_id,
    v.created_time,
    v.created_time_utc,
    v.complete_time,
    v.complete_time_utc,
    v.missing_since,
    t.run_id
FROM judged AS t
CROSS JOIN v_restore_job AS v ON v.restore_id = t.restore_id
ORDER BY t.observed_at, t.run_id, t.restore_id;
