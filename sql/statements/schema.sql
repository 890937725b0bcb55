-- How what was found in the file (temp.found) differs from the schema as made (main). Columns: weight (0 something of the user's or that
-- the next sync puts right, 1 a problem, 2 unusable, 3 in the way of a sync), text, what was added to a table of ours, whether columns.
-- A trigger may have the name of a table. The indexes of a view of ours are those of `publish --tables`.
WITH
own AS MATERIALIZED (
    SELECT m.type, m.name, f.type AS found, CASE m.type WHEN f.type THEN likeness(m.sql, f.sql) ELSE 2 END AS likeness,
        CASE m.type WHEN 'view' THEN 0 WHEN 'table' THEN 2 ELSE 1 END AS weight
    FROM main.sqlite_master AS m
    LEFT JOIN temp.found AS f ON m.name = f.name COLLATE NOCASE AND (m.type = 'trigger') = (f.type = 'trigger')
    WHERE m.name NOT LIKE 'sqlite\_%' ESCAPE '\'
),
other AS MATERIALIZED (
    SELECT f.type, substr(f.name, 1, 120) AS name, substr(f.tbl_name, 1, 120) AS tbl_name,
        f.sql LIKE '%RAISE%' AND f.sql LIKE '%IGNORE%' AS ignores,
        EXISTS (SELECT 1 FROM main.sqlite_master AS m WHERE m.type = 'table' AND m.name = f.tbl_name COLLATE NOCASE) AS is_ours,
        EXISTS (SELECT 1 FROM temp.allowed AS a
                WHERE a.name = f.name COLLATE NOCASE AND a.sql IS NULL OR a.name = f.name AND a.sql = f.sql) AS is_allowed
    FROM temp.found AS f
    WHERE NOT EXISTS (SELECT 1 FROM main.sqlite_master AS m
                      WHERE m.name = f.name COLLATE NOCASE AND (m.type = 'trigger') = (f.type = 'trigger')
                         OR m.name = f.tbl_name AND m.type = 'view' AND f.type = 'index')
)
SELECT
    CASE WHEN found IS NOT NULL AND type <> found AND type = 'view' AND found <> 'table' THEN 1
         WHEN type = 'table' AND likeness = 1 THEN 0 ELSE weight END,
    CASE WHEN found IS NULL THEN printf('the %s %s is not there%s', type, name, iif(type = 'view', '; the next sync makes it', ''))
         WHEN type = 'view' AND found = 'table'
         THEN name || ' is a table, as `publish --tables` makes it, and not a view, as a sync needs it'
         WHEN type <> found THEN printf('%s is a %s, not a %s', name, found, type)
         WHEN type = 'table' AND likeness = 1 THEN printf('the table %s has columns that are not hbrsync''s', name)
         ELSE printf('the %s %s is not as this version makes it%s', type, name,
                  iif(type = 'view', '; the next sync makes it anew', '')) END,
    CASE WHEN type = 'table' AND likeness = 1 THEN 'the columns on ' || name END,
    type = 'table' AND likeness = 1, iif(type = 'table', 0, 1), name
FROM own
WHERE likeness <> 0 AND NOT (name = 'sync_allowed_trigger' AND found IS NULL)
UNION ALL
SELECT
    CASE WHEN type = 'trigger' AND is_ours AND (ignores OR NOT is_allowed) THEN 3 ELSE 0 END,
    printf('the %s %s', type, name)
    || CASE WHEN type <> 'trigger' OR NOT is_ours THEN ' is not hbrsync''s'
            WHEN ignores THEN printf(' on %s could leave out what a sync stores: RAISE(IGNORE)', tbl_name)
            WHEN NOT is_allowed THEN printf(' on %s is not hbrsync''s, and a sync would run it', tbl_name)
            ELSE printf(' on %s is not hbrsync''s, but allowed', tbl_name) END,
    CASE WHEN is_ours AND type IN ('trigger', 'index') THEN printf('the %s %s on %s', type, name, tbl_name) END,
    0, 2, type || ' ' || name
FROM other
ORDER BY 5, 6;
