-- Removes runs that found nothing and ended before ?1. A run goes when a later one makes it needless to v_sync_health: one of the same
-- source and scope that is worth as much there. Filters are many, and any later run of the source is worth as much as one of theirs.
-- What refers to a run means its row of the same source, or any where there is none.
WITH
run AS NOT MATERIALIZED (
    SELECT rowid AS row, *, max((proof = 'proved') * 2, seen > 0 OR outcome = 'crashed') AS worth FROM sync_run
),
idle AS MATERIALIZED (
    SELECT r.run_id, r.source_id, r.row
    FROM run AS r
    WHERE r.inserted + r.updated + r.missing + r.returned = 0 AND r.finished_at < ?1
      AND EXISTS (SELECT 1 FROM run AS n
                  WHERE n.source_id = r.source_id AND n.run_id > r.run_id
                    AND (n.scope = r.scope OR (r.scope <> '' AND (r.scope NOT GLOB 'RestoreType=*'
                                                                  OR substr(r.scope, 13) GLOB '*[^A-Za-z0-9_]*')))
                    AND (r.mode = 'import' OR (n.mode <> 'import' AND (n.scope <> r.scope OR n.worth >= r.worth))))
),
referred AS MATERIALIZED (
    SELECT first_run_id AS run_id, source_id FROM restore_job
    UNION
    SELECT changed_run_id, source_id FROM restore_job
    UNION
    SELECT c.run_id, j.source_id FROM restore_job_change AS c JOIN restore_job AS j ON j.restore_id = c.restore_id
    UNION
    SELECT run_id, source_id FROM sync_watermark
)
DELETE FROM sync_run
WHERE rowid IN (SELECT row FROM idle
                WHERE NOT EXISTS (SELECT 1 FROM referred AS f
                                  WHERE f.run_id = idle.run_id
                                    AND (f.source_id = idle.source_id
                                         OR NOT EXISTS (SELECT 1 FROM sync_run AS o
                                                        WHERE o.run_id = f.run_id AND o.source_id = f.source_id))));
