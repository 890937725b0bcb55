-- title: How long restores took
-- order: 30
-- plot: bars | Successful restores by the time from request to completion | took | restores
-- Successful restores by the time from CreatedTime to CompleteTime, in classes.
-- Top-level jobs only (ParentId empty), outcome succeeded, created in the period.
WITH
class (place, took, seconds_from, seconds_below) AS (
    VALUES (1, 'under 1 min', 0, 60), (2, '1 to 5 min', 60, 300), (3, '5 to 15 min', 300, 900),
        (4, '15 to 60 min', 900, 3600), (5, '1 to 4 h', 3600, 14400), (6, '4 to 12 h', 14400, 43200),
        (7, '12 to 24 h', 43200, 86400), (8, 'a day and more', 86400, NULL)
),
tally AS MATERIALIZED (
    SELECT
        CASE WHEN seconds < 60 THEN 1 WHEN seconds < 300 THEN 2 WHEN seconds < 900 THEN 3 WHEN seconds < 3600 THEN 4
             WHEN seconds < 14400 THEN 5 WHEN seconds < 43200 THEN 6 WHEN seconds < 86400 THEN 7 ELSE 8 END AS place,
        count(*) AS restores
    FROM (
        SELECT complete_time - created_time AS seconds FROM v_restore_job
        WHERE coalesce(created_time, 0) BETWEEN :since AND :until AND is_top_level
          AND outcome = 'succeeded' AND created_time > 0 AND complete_time >= created_time
    )
    GROUP BY 1
)
SELECT
    c.took,
    coalesce(t.restores, 0) AS restores,
    round(100.0 * coalesce(t.restores, 0) / (SELECT sum(restores) FROM tally), 1) AS share_percent
FROM class AS c
LEFT JOIN tally AS t ON t.place = c.place
ORDER BY c.place;
