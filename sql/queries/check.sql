-- For `check`: a row for each threshold that was given, those in the worst state first. A threshold is a text: a number of seconds, or
-- percent; '' where there is none. state is 0 OK, 1 warning, 2 critical, 3 unknown, as monitoring plugins exit; performance is their
-- performance data, json all of it. Nothing of a retired source is an alarm, but that it succeeded or not counts.
WITH
threshold AS MATERIALIZED (
    SELECT column1 AS position, column2 AS name, column3 AS label, column4 AS unit,
        CAST(nullif(column5, '') AS REAL) AS warning, CAST(column6 AS REAL) AS critical,
        CAST(coalesce(nullif(column5, ''), column6) AS REAL) AS lower
    FROM (VALUES (1, 'max-age', 'proof_age', 's', :age_warning, :age_critical),
                 (2, 'min-success-rate', 'success_rate', '%', :rate_warning, :rate_critical),
                 (3, 'max-open', 'open_age', 's', :open_warning, :open_critical),
                 (4, 'max-drill-age', 'drill_age', 's', :drill_warning, :drill_critical))
    WHERE column6 <> ''
),

-- How long ago each source was last proved complete, as `status --max-age` counts it.
source AS MATERIALIZED (
    SELECT h.region_id || ' ' || h.edition AS place, max(h.seconds_since_proved, 0) AS age, h.source_note IS NOT NULL AS never,
        h.source_note IS NULL AND NOT h.proved AS unproved, t.lower
    FROM threshold AS t
    CROSS JOIN v_sync_health AS h
    WHERE t.name = 'max-age' AND h.scope = '' AND h.copied_by <> 'import' AND h.retired_utc IS NULL
),
proof AS (
    SELECT 'max-age' AS name, max(age) AS value,
        CASE WHEN max(unproved) THEN 2 WHEN max(never) OR count(*) = 0 THEN 3 ELSE 0 END AS floor,
        CASE WHEN count(*) = 0 THEN 'no source was ever synced'
             WHEN sum(coalesce(age > lower, 0) OR never OR unproved) = 0
             THEN count(*) || CASE count(*) WHEN 1 THEN ' source' ELSE ' sources' END || ' proved, the oldest {} ago'
             ELSE sum(coalesce(age > lower, 0) OR never OR unproved) || ' of ' || count(*) || ' sources not proved so recently: '
                 || (SELECT substr(place, 1, 60) || CASE WHEN unproved THEN ' not proved complete' WHEN never THEN ' never proved complete'
                                                         ELSE ' {} ago' END
                     FROM source ORDER BY unproved DESC, coalesce(age > lower, 0) DESC, never DESC, age DESC LIMIT 1) END AS message
    FROM source
),

-- Of the top-level jobs created in the last :over seconds, the share that succeeded, counted as in the reports.
rate AS (
    SELECT 'min-success-rate' AS name, 100.0 * succeeded / judged AS value, 0 AS floor,
        CASE WHEN judged IS NULL THEN 'no' ELSE printf('%.1f %% of %d', 100.0 * succeeded / judged, judged) END || ' restores succeeded in the last '
            || CASE WHEN :over % 86400 = 0 THEN printf('%d d', :over / 86400) ELSE printf('%.1f h', :over / 3600.0) END AS message
    FROM (
        SELECT sum(j.outcome = 'succeeded') AS succeeded, nullif(sum(j.outcome IN ('succeeded', 'partial', 'failed')), 0) AS judged
        FROM threshold AS t
        CROSS JOIN v_restore_job AS j
        WHERE t.name = 'min-success-rate' AND j.is_top_level AND j.created_time >= :now - :over
    )
),

-- For how long the oldest open job has been open.
open AS (
    SELECT 'max-open' AS name, coalesce(max(:now - created_time, 0), 0) AS value, 0 AS floor,
        CASE jobs WHEN 0 THEN 'no job open' ELSE jobs || ' open, the oldest for {}: ' || substr(restore_id, 1, 60) END AS message
    FROM (
        SELECT count(*) AS jobs, min(j.created_time) AS created_time, j.restore_id
        FROM threshold AS t
        CROSS JOIN v_restore_open AS j
        WHERE t.name = 'max-open' AND j.created_time > 0
    )
),

-- How long ago each vault (:instances 1: each instance) was last restored from with success; without any, since the first attempt.
place AS MATERIALIZED (
    SELECT
        CASE WHEN :instances THEN coalesce(nullif(j.source_instance_id, ''), nullif(j.source_resource_id, '')) ELSE j.vault_id END AS place,
        :now - coalesce(max(CASE WHEN j.outcome = 'succeeded' AND j.complete_time > 0 THEN j.complete_time END),
                        min(CASE WHEN j.created_time > 0 THEN j.created_time END)) AS age,
        max(j.outcome = 'succeeded') = 0 AS never, t.lower
    FROM threshold AS t
    CROSS JOIN v_restore_job AS j
    WHERE t.name = 'max-drill-age' AND j.is_top_level
      AND j.source_id NOT IN (SELECT source_id FROM sync_source WHERE retired_at IS NOT NULL)
    GROUP BY 1, j.account_id, j.region_id
),
drill AS (
    SELECT 'max-drill-age' AS name, max(max(age), 0) AS value, CASE WHEN max(age) IS NULL THEN 3 ELSE 0 END AS floor,
        CASE WHEN max(age) IS NULL THEN 'nothing was ever restored'
             ELSE sum(age > lower) || ' of ' || count(*) || CASE WHEN :instances THEN ' instances' ELSE ' vaults' END
                 || ' without a recent successful restore, the longest for {}: '
                 || (SELECT substr(place, 1, 60) || CASE WHEN never THEN ' (never)' ELSE '' END
                     FROM place WHERE place <> '' ORDER BY age DESC, place LIMIT 1) END AS message
    FROM place
    WHERE place <> ''
),
judged AS (
    SELECT t.*, f.value, f.floor, f.message,
        CASE WHEN f.value IS NULL THEN 0
             WHEN t.unit = 's' AND f.value > t.critical OR t.unit = '%' AND f.value < t.critical THEN 2
             WHEN t.unit = 's' AND f.value > t.warning OR t.unit = '%' AND f.value < t.warning THEN 1
             ELSE 0 END AS level
    FROM threshold AS t
    JOIN (SELECT * FROM proof UNION ALL SELECT * FROM rate UNION ALL SELECT * FROM open UNION ALL SELECT * FROM drill) AS f ON f.name = t.name
),
answer AS MATERIALIZED (
    SELECT
        position, name,
        -- an alarm is worse than not to know
        CASE WHEN floor = 2 OR level = 2 THEN 2 WHEN level = 1 THEN 1 ELSE floor END AS state,
        replace(message, '{}', CASE WHEN value IS NULL THEN '' WHEN value < 120 THEN CAST(value AS INTEGER) || ' s' WHEN value < 7200 THEN CAST(value / 60 AS INTEGER) || ' min'
            WHEN value < 172800 THEN CAST(value / 3600 AS INTEGER) || ' h' ELSE CAST(value / 86400 AS INTEGER) || ' d' END) AS message,
        value, warning, critical, CASE unit WHEN 's' THEN 'seconds' ELSE 'percent' END AS unit,
        '''' || label || '''=' || CASE WHEN value IS NULL THEN 'U' ELSE printf(CASE unit WHEN 's' THEN '%d' ELSE '%.1f' END, value) || unit END
            || ';' || CASE WHEN warning IS NULL THEN '' ELSE printf('%.15g', warning) || CASE unit WHEN 's' THEN '' ELSE ':' END END
            || ';' || printf('%.15g', critical) || CASE unit WHEN 's' THEN ';0' ELSE ':;0;100' END AS performance
    FROM judged
)
SELECT state, message, performance,
    json_object('name', name, 'state', state, 'message', message, 'value', value, 'warning', warning, 'critical', critical,
                'unit', unit, 'performance', performance) AS json
FROM answer
ORDER BY CASE state WHEN 2 THEN 3 WHEN 3 THEN 1 WHEN 1 THEN 2 ELSE 0 END DESC, position;
