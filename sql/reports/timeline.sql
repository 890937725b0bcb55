-- title: Restores over time
-- order: 20
-- plot: stacked | Restores each {unit}, by outcome | period_start | succeeded partial failed canceled open other
-- plot: bars | Data restored each {unit} | period_start | bytes_restored
-- Restores by outcome and the bytes they restored, by the UTC day, week (from Monday), month or year in which they were created.
-- Top-level jobs only (ParentId empty). The unit follows from the time between the first job and the last: days up to 92
-- days, weeks up to 731 days, months up to 20 years. Jobs without a CreatedTime have no place here. "other" has
-- ended with a status this version does not know. Amounts below 0 or beyond 2^53 bytes are not believed.
WITH RECURSIVE
job AS MATERIALIZED (
    SELECT created_time, outcome,
        CASE WHEN bytes_done BETWEEN 0 AND 9007199254740992 THEN bytes_done END AS bytes_done
    FROM v_restore_job
    WHERE created_time BETWEEN max(:since, 1) AND min(:until, 253402300799) AND is_top_level
),
span AS MATERIALIZED (
    SELECT CASE WHEN newest - oldest <= 92 * 86400 THEN 'day'
                WHEN newest - oldest <= 731 * 86400 THEN 'week'
                WHEN newest - oldest <= 20 * 366 * 86400 THEN 'month'
                ELSE 'year' END AS unit
    FROM (SELECT min(created_time) AS oldest, max(created_time) AS newest FROM job)
),
day AS (
    SELECT CASE (SELECT unit FROM span)
               WHEN 'day' THEN day
               WHEN 'week' THEN date(day, '-6 days', 'weekday 1')
               WHEN 'month' THEN date(day, 'start of month')
               ELSE date(day, 'start of year') END AS period_start,
        jobs, succeeded, partial, failed, canceled, open, other, bytes_restored
    FROM (
        SELECT date(created_time / 86400 * 86400, 'unixepoch') AS day,
            count(*) AS jobs,
            count(*) FILTER (WHERE outcome = 'succeeded') AS succeeded,
            count(*) FILTER (WHERE outcome = 'partial') AS partial,
            count(*) FILTER (WHERE outcome = 'failed') AS failed,
            count(*) FILTER (WHERE outcome = 'canceled') AS canceled,
            count(*) FILTER (WHERE outcome = 'open') AS open,
            count(*) FILTER (WHERE outcome = 'other') AS other,
            coalesce(CASE WHEN total(bytes_done) < 9.2e18
                          THEN (sum(bytes_done >> 32) << 32) + sum(bytes_done & 4294967295)
                          ELSE CAST(total(bytes_done) AS INTEGER) END, 0) AS bytes_restored
        FROM job GROUP BY created_time / 86400
    )
),
tally AS MATERIALIZED (
    SELECT period_start, sum(jobs) AS jobs, sum(succeeded) AS succeeded, sum(partial) AS partial, sum(failed) AS failed,
        sum(canceled) AS canceled, sum(open) AS open, sum(other) AS other,
        coalesce(CASE WHEN total(bytes_restored) < 9.2e18
                      THEN (sum(bytes_restored >> 32) << 32) + sum(bytes_restored & 4294967295)
                      ELSE CAST(total(bytes_restored) AS INTEGER) END, 0) AS bytes_restored
    FROM day GROUP BY period_start
),
gapless (period_start) AS (
    SELECT min(period_start) FROM tally WHERE (SELECT unit FROM span) <> 'year'
    UNION ALL
    SELECT date(period_start, CASE (SELECT unit FROM span) WHEN 'day' THEN '+1 day' WHEN 'week' THEN '+7 days' ELSE '+1 month' END)
    FROM gapless
    WHERE period_start < (SELECT max(period_start) FROM tally)
)
SELECT
    (SELECT unit FROM span) AS unit,
    p.period_start,
    coalesce(jobs, 0) AS restores,
    coalesce(succeeded, 0) AS succeeded,
    coalesce(partial, 0) AS partial,
    coalesce(failed, 0) AS failed,
    coalesce(canceled, 0) AS canceled,
    coalesce(open, 0) AS open,
    coalesce(other, 0) AS other,
    coalesce(bytes_restored, 0) AS bytes_restored
FROM (SELECT period_start FROM gapless WHERE period_start IS NOT NULL UNION SELECT period_start FROM tally) AS p
LEFT JOIN tally AS t ON t.period_start = p.period_start
ORDER BY p.period_start;
