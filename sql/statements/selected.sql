-- The beginning of what export and report read: hides tables and views of the same names, and leaves of them what the filter selects.
-- :lists is NULL or a JSON object: the values that a column may have; whichever where the column is not in it.
-- v_restore_job repeats the conditions of restore_job: to ask for what that holds would take reports twice as long.
-- The plus keeps the order of restore_id from being sorted out of an index of the sources.
WITH RECURSIVE
selected_source AS NOT MATERIALIZED (
    SELECT s.source_id FROM sync_source AS s
    WHERE (json_type(:lists, '$.account_id') IS NULL OR s.account_id IN (SELECT value FROM json_each(:lists, '$.account_id')))
      AND (json_type(:lists, '$.region_id') IS NULL OR s.region_id IN (SELECT value FROM json_each(:lists, '$.region_id')))
      AND (json_type(:lists, '$.edition') IS NULL OR s.edition IN (SELECT value FROM json_each(:lists, '$.edition')))
),
restore_job AS NOT MATERIALIZED (
    SELECT * FROM main.restore_job AS j
    WHERE (:from IS NULL OR j.created_time >= :from)
      AND (:before IS NULL OR j.created_time < :before)
      AND (NOT :listed_only OR j.missing_since IS NULL)
      AND (json_type(:lists, '$.vault_id') IS NULL OR j.vault_id IN (SELECT value FROM json_each(:lists, '$.vault_id')))
      AND (json_type(:lists, '$.restore_type') IS NULL OR j.restore_type IN (SELECT value FROM json_each(:lists, '$.restore_type')))
      AND (json_type(:lists, '$.status') IS NULL OR j.status IN (SELECT value FROM json_each(:lists, '$.status')))
      AND +j.source_id IN (SELECT source_id FROM selected_source)
),
v_restore_job AS NOT MATERIALIZED (
    SELECT * FROM main.v_restore_job AS j
    WHERE (:from IS NULL OR j.created_time >= :from)
      AND (:before IS NULL OR j.created_time < :before)
      AND (NOT :listed_only OR j.missing_since IS NULL)
      AND (json_type(:lists, '$.vault_id') IS NULL OR j.vault_id IN (SELECT value FROM json_each(:lists, '$.vault_id')))
      AND (json_type(:lists, '$.restore_type') IS NULL OR j.restore_type IN (SELECT value FROM json_each(:lists, '$.restore_type')))
      AND (json_type(:lists, '$.status') IS NULL OR j.status IN (SELECT value FROM json_each(:lists, '$.status')))
      AND +j.source_id IN (SELECT source_id FROM selected_source)
),
v_restore_open AS NOT MATERIALIZED (
    SELECT * FROM main.v_restore_open AS o
    WHERE EXISTS (SELECT 1 FROM restore_job AS j WHERE j.restore_id = o.restore_id)
),
v_sync_health AS (
    SELECT * FROM main.v_sync_health AS h
    WHERE h.source_id IN (SELECT source_id FROM selected_source)
      AND (json_type(:lists, '$.vault_id') IS NULL
           OR h.source_id IN (SELECT j.source_id FROM main.restore_job AS j
                              WHERE j.vault_id IN (SELECT value FROM json_each(:lists, '$.vault_id'))))
      AND (h.scope = '' OR json_type(:lists, '$.restore_type') IS NULL
           OR substr(h.scope, 13) IN (SELECT value FROM json_each(:lists, '$.restore_type')))
)
