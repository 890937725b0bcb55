-- title: Restore time achieved
-- order: 50
-- rows: 100
-- How long successful restores took from request (CreatedTime) to completion, by type and amount of data: the median, the time that 95 % kept, and the longest.
-- Top-level jobs only (ParentId empty), outcome succeeded, created in the period. Percentiles are nearest-rank: times
-- that really occurred. The size is BytesDone; amounts below 0 or beyond 2^53 bytes are not believed.
WITH
took AS (
    SELECT
        restore_type,
        CASE WHEN bytes_done BETWEEN 1 AND 9007199254740992 THEN
            CASE WHEN bytes_done < 1073741824 THEN 1 WHEN bytes_done < 10737418240 THEN 2
                 WHEN bytes_done < 107374182400 THEN 3 WHEN bytes_done < 1099511627776 THEN 4 ELSE 5 END
            ELSE 0 END AS class,
        complete_time - created_time AS seconds
    FROM v_restore_job
    WHERE coalesce(created_time, 0) BETWEEN :since AND :until AND is_top_level
      AND outcome = 'succeeded' AND created_time > 0 AND complete_time >= created_time
),
ranked AS (
    SELECT restore_type, class, seconds,
        row_number() OVER by_time AS place,
        count(*) OVER (PARTITION BY restore_type, class) AS restores
    FROM took
    WINDOW by_time AS (PARTITION BY restore_type, class ORDER BY seconds)
)
SELECT
    restore_type,
    CASE class WHEN 1 THEN 'under 1 GiB' WHEN 2 THEN '1 to 10 GiB' WHEN 3 THEN '10 to 100 GiB'
               WHEN 4 THEN '100 GiB to 1 TiB' WHEN 5 THEN '1 TiB and more' ELSE 'none or unknown' END AS size_class,
    restores,
    min(CASE WHEN place >= (restores * 50 + 99) / 100 THEN seconds END) AS p50_seconds,
    min(CASE WHEN place >= (restores * 95 + 99) / 100 THEN seconds END) AS p95_seconds,
    max(seconds) AS max_seconds
FROM ranked
GROUP BY restore_type, class
ORDER BY restore_type, class;
