-- title: Throughput
-- order: 60
-- How fast restores moved data, by type: all bytes over all seconds, and the rates of single restores.
-- Top-level jobs only (ParentId empty), outcome succeeded or partial, created in the period, that took at least a
-- second from StartTime to CompleteTime and restored at least a byte. Percentiles are nearest-rank. Amounts below 0 or
-- beyond 2^53 bytes are not believed.
WITH
ran AS (
    SELECT restore_type, bytes_done, complete_time - start_time AS seconds,
        bytes_done / (complete_time - start_time) AS rate
    FROM v_restore_job
    WHERE coalesce(created_time, 0) BETWEEN :since AND :until AND is_top_level
      AND outcome IN ('succeeded', 'partial') AND start_time > 0 AND complete_time > start_time
      AND bytes_done BETWEEN 1 AND 9007199254740992
),
ranked AS (
    SELECT restore_type, bytes_done, seconds, rate,
        row_number() OVER by_rate AS place,
        count(*) OVER (PARTITION BY restore_type) AS restores
    FROM ran
    WINDOW by_rate AS (PARTITION BY restore_type ORDER BY rate)
)
SELECT
    restore_type,
    restores,
    bytes_restored,
    running_seconds,
    bytes_restored / running_seconds AS overall_bytes_per_second,
    p5_bytes_per_second,
    p50_bytes_per_second,
    max_bytes_per_second
FROM (
    SELECT
        restore_type,
        restores,
        coalesce(CASE WHEN total(bytes_done) < 9.2e18
                      THEN (sum(bytes_done >> 32) << 32) + sum(bytes_done & 4294967295)
                      ELSE CAST(total(bytes_done) AS INTEGER) END, 0) AS bytes_restored,
        CAST(total(seconds) AS INTEGER) AS running_seconds,
        min(CASE WHEN place >= (restores * 5 + 99) / 100 THEN rate END) AS p5_bytes_per_second,
        min(CASE WHEN place >= (restores * 50 + 99) / 100 THEN rate END) AS p50_bytes_per_second,
        max(rate) AS max_bytes_per_second
    FROM ranked
    GROUP BY restore_type
)
ORDER BY bytes_restored DESC, restore_type;
