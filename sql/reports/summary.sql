-- title: At a glance
-- order: 10
-- page: tiles
-- The outcome of the restores created in the period, how long they took from request to completion, and what to look at now.
-- Top-level jobs only (ParentId empty). The success rate is succeeded / (succeeded + partial + failed): restores
-- that were canceled or are not finished are left out. open_now, vanished and sources_not_proved are of the whole database, whatever
-- the period; what was only ever imported is no source there. Amounts below 0 or beyond 2^53 bytes are not believed.
WITH
job AS MATERIALIZED (
    SELECT
        status,
        CASE WHEN bytes_done BETWEEN 0 AND 9007199254740992 THEN bytes_done END AS bytes_done,
        CASE WHEN status = 'COMPLETE' AND created_time > 0 AND complete_time >= created_time
             THEN complete_time - created_time END AS seconds
    FROM restore_job
    WHERE coalesce(created_time, 0) BETWEEN :since AND :until AND (parent_id IS NULL OR parent_id = '')
),
took AS MATERIALIZED (SELECT seconds FROM job WHERE seconds IS NOT NULL),
tally AS (
    SELECT
        count(*) AS restores,
        count(*) FILTER (WHERE status = 'COMPLETE') AS succeeded,
        count(*) FILTER (WHERE status = 'PARTIAL_COMPLETE') AS partial,
        count(*) FILTER (WHERE status IN ('FAILED', 'EXPIRED', 'CLIENT_DELETED')) AS failed,
        count(*) FILTER (WHERE status = 'CANCELED') AS canceled,
        coalesce(CASE WHEN total(bytes_done) < 9.2e18
                      THEN (sum(bytes_done >> 32) << 32) + sum(bytes_done & 4294967295)
                      ELSE CAST(total(bytes_done) AS INTEGER) END, 0) AS bytes_restored
    FROM job
)
SELECT
    restores,
    CASE WHEN succeeded + partial + failed > 0
         THEN round(100.0 * succeeded / (succeeded + partial + failed), 1) END AS success_rate_percent,
    succeeded,
    partial,
    failed,
    canceled,
    bytes_restored,
    (SELECT seconds FROM took ORDER BY seconds
     LIMIT 1 OFFSET (SELECT max((count(*) * 50 + 99) / 100 - 1, 0) FROM took)) AS restore_time_p50_seconds,
    (SELECT seconds FROM took ORDER BY seconds
     LIMIT 1 OFFSET (SELECT max((count(*) * 95 + 99) / 100 - 1, 0) FROM took)) AS restore_time_p95_seconds,
    (SELECT count(*) FROM restore_job
     WHERE (complete_time IS NULL OR complete_time <= 0) AND missing_since IS NULL
       AND (parent_id IS NULL OR parent_id = '')
       AND coalesce(status NOT IN ('COMPLETE', 'PARTIAL_COMPLETE', 'FAILED', 'CANCELED', 'EXPIRED', 'CLIENT_DELETED'), 1)) AS open_now,
    (SELECT count(*) FROM restore_job
     WHERE missing_since IS NOT NULL AND (parent_id IS NULL OR parent_id = '')) AS vanished,
    (SELECT count(*) FROM sync_source AS s
     WHERE EXISTS (SELECT 1 FROM sync_run AS r WHERE r.source_id = s.source_id AND r.mode <> 'import')
       AND (NOT EXISTS (SELECT 1 FROM sync_watermark AS w WHERE w.source_id = s.source_id AND w.proved = 1)
            OR EXISTS (SELECT 1 FROM sync_watermark AS w WHERE w.source_id = s.source_id AND w.proved = 0))) AS sources_not_proved
FROM tally;
