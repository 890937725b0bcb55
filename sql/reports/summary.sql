-- title: At a glance
-- order: 10
-- page: tiles
-- The outcome of the restores created in the period, how long they took from request to completion, and what to look at now.
-- Top-level jobs only (ParentId empty). The success rate is succeeded / (succeeded + partial + failed): restores
-- that were canceled, are open or other are left out. open_now, vanished and sources_not_proved are of the whole database, whatever
-- the period; what was only ever imported, or is retired, is no source there. Amounts below 0 or beyond 2^53 bytes are not believed.
WITH
job AS MATERIALIZED (
    SELECT
        outcome,
        CASE WHEN bytes_done BETWEEN 0 AND 9007199254740992 THEN bytes_done END AS bytes_done,
        CASE WHEN outcome = 'succeeded' AND created_time > 0 AND complete_time >= created_time
             THEN complete_time - created_time END AS seconds
    FROM v_restore_job
    WHERE coalesce(created_time, 0) BETWEEN :since AND :until AND is_top_level
),
took AS MATERIALIZED (SELECT seconds FROM job WHERE seconds IS NOT NULL),
tally AS (
    SELECT
        count(*) AS restores,
        count(*) FILTER (WHERE outcome = 'succeeded') AS succeeded,
        count(*) FILTER (WHERE outcome = 'partial') AS partial,
        count(*) FILTER (WHERE outcome = 'failed') AS failed,
        count(*) FILTER (WHERE outcome = 'canceled') AS canceled,
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
    (SELECT count(*) FROM v_restore_open WHERE is_top_level) AS open_now,
    (SELECT count(*) FROM v_restore_job WHERE missing_since IS NOT NULL AND is_top_level) AS vanished,
    (SELECT count(*) FROM v_sync_health
     WHERE scope = '' AND proved = 0 AND copied_by <> 'import' AND retired_utc IS NULL) AS sources_not_proved
FROM tally;
