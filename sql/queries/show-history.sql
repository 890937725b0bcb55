-- What is known to have happened to one job, the oldest first: created, started, ended and expires are the service's own times, all
-- else is when a run of hbrsync noticed it. A change has a row for each column; of these the last :limit. With :people, times
-- among the values are UTC text.
SELECT h.at, CASE WHEN h.at BETWEEN 1 AND 253402300799 THEN datetime(h.at, 'unixepoch') END AS at_utc,
    h.event, h.run_id, h.column_name,
    CASE WHEN h.is_time AND h.old_value BETWEEN 1 AND 253402300799 THEN datetime(h.old_value, 'unixepoch') ELSE h.old_value END AS old_value,
    CASE WHEN h.is_time AND h.new_value BETWEEN 1 AND 253402300799 THEN datetime(h.new_value, 'unixepoch') ELSE h.new_value END AS new_value
FROM (
    SELECT CASE w.step WHEN 1 THEN j.created_time WHEN 2 THEN j.start_time WHEN 3 THEN j.complete_time ELSE j.expire_time END AS at,
        w.step, w.event, NULL AS run_id, 0 AS change_id, NULL AS column_name, NULL AS old_value, NULL AS new_value, 0 AS is_time
    FROM restore_job AS j
    CROSS JOIN (SELECT 1 AS step, 'created' AS event UNION ALL SELECT 2, 'started' UNION ALL SELECT 3, 'ended' UNION ALL SELECT 6, 'expires') AS w
    WHERE j.restore_id = :id
    UNION ALL
    SELECT min(r.started_at), 4, 'first stored', r.run_id, 0, NULL, NULL, NULL, 0
    FROM restore_job AS j
    JOIN sync_run AS r ON r.run_id = j.first_run_id
    WHERE j.restore_id = :id
    GROUP BY r.run_id
    UNION ALL
    SELECT * FROM (
        SELECT c.observed_at, 5,
            CASE WHEN e.key <> 'missing_since' THEN 'changed'
                 WHEN json_extract(e.value, '$[1]') IS NULL THEN 'listed again' ELSE 'gone from the service' END,
            c.run_id, c.change_id, e.key, json_extract(e.value, '$[0]'), json_extract(e.value, '$[1]'),
            :people AND (e.key LIKE '%\_time' ESCAPE '\' OR e.key = 'missing_since')
        FROM restore_job_change AS c, json_each(c.changed) AS e
        WHERE c.restore_id = :id
        ORDER BY c.change_id DESC
        LIMIT :limit)
) AS h
WHERE h.at > 0
ORDER BY h.at, h.step, h.change_id, h.column_name;
