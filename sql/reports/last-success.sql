-- title: Last successful restore of each instance
-- order: 110
-- Evidence of restore drills: for each instance that was ever restored from, when that last succeeded and with which job, the longest ago first.
-- Top-level jobs only (ParentId empty), created in the period. The instance is SourceInstanceId, else SourceResourceId;
-- jobs that name neither are left out. Only the outcome succeeded is success.
WITH
tally AS (
    SELECT
        j.account_id,
        j.region_id,
        coalesce(nullif(j.source_instance_id, ''), nullif(j.source_resource_id, '')) AS instance_id,
        count(*) AS restores,
        count(*) FILTER (WHERE j.outcome = 'succeeded') AS succeeded,
        max(CASE WHEN j.created_time BETWEEN 1 AND 253402300799 THEN j.created_time END) AS last_attempt,
        -- the latest success as one text that sorts: its time in 19 digits, 0 for one that cannot be shown, then its id
        max(CASE WHEN j.outcome = 'succeeded'
                 THEN printf('%019d', CASE WHEN j.complete_time BETWEEN 1 AND 253402300799 THEN j.complete_time ELSE 0 END)
                      || j.restore_id END) AS latest
    FROM v_restore_job AS j
    WHERE coalesce(j.created_time, 0) BETWEEN :since AND :until AND j.is_top_level
    GROUP BY 1, 2, 3
)
SELECT
    t.instance_id,
    t.account_id,
    t.region_id,
    CASE WHEN l.complete_time BETWEEN 1 AND 253402300799 THEN datetime(l.complete_time, 'unixepoch') END AS last_success_utc,
    CASE WHEN l.complete_time BETWEEN 1 AND 253402300799 THEN (:now - l.complete_time) / 86400 END AS days_ago,
    l.restore_id AS last_success_restore_id,
    l.restore_type AS last_success_type,
    CASE WHEN l.created_time > 0 AND l.complete_time >= l.created_time
         THEN l.complete_time - l.created_time END AS last_success_seconds,
    CASE WHEN l.bytes_done BETWEEN 0 AND 9007199254740992 THEN l.bytes_done END AS last_success_bytes,
    t.restores,
    t.succeeded,
    datetime(t.last_attempt, 'unixepoch') AS last_attempt_utc
FROM tally AS t
LEFT JOIN v_restore_job AS l ON l.restore_id = substr(t.latest, 20)
WHERE t.instance_id IS NOT NULL
ORDER BY last_success_utc IS NOT NULL, last_success_utc, t.account_id, t.region_id, t.instance_id;
