-- The SQL by which `publish --tables` makes a table of each view of views.sql, whose text is ?1: with the rows of the view's own text;
-- those after it read that table. A column that is one of a table keeps its declared type, a computed one gets it here. The indexes
-- are on what readers join and filter by.
WITH
own AS (
    SELECT rowid AS place, name, substr(sql, instr(sql, ' AS') + 3) AS text
    FROM sqlite_master
    WHERE type = 'view' AND instr(?1, 'CREATE VIEW ' || name || ' AS') > 0
),
col AS (
    SELECT o.place, o.name AS view, c.name,
        CASE WHEN c.type IN ('BIGINT', 'INTEGER', 'TEXT') THEN c.type
             WHEN c.name IN ('progress_percent', 'bytes_per_second', 'average_duration_seconds') THEN 'REAL'
             WHEN c.name GLOB 'is_*' OR c.name IN (
                 'proved', 'source_proved', 'position',
                 'do_copy', 'do_backup', 'app_consistent', 'enable_fs_freeze', 'enable_writers', 'ecs_deleted', 'allocate_public_ip',
                 'boot_after_restore', 'force_restore', 'uefi_boot', 'use_hot_add') THEN 'INTEGER'
             WHEN c.name GLOB '*_seconds' OR c.name GLOB 'seconds_*' OR c.name GLOB '*jobs' OR c.name GLOB 'bytes_*'
                  OR c.name GLOB 'items_*' OR c.name GLOB '*_retention' OR c.name IN (
                 'succeeded', 'partial', 'failed', 'canceled', 'open', 'other', 'cpu', 'memory_in_mb') THEN 'BIGINT'
             ELSE 'TEXT' END AS type,
        c.name IN ('restore_id', 'parent_id', 'vault_id', 'created_time', 'complete_time', 'observed_at', 'day') AS indexed
    FROM own AS o, pragma_table_info(o.name) AS c
),
definition AS (
    SELECT view, group_concat(printf('"%w" %s', name, type), ', ') AS columns,
        coalesce(group_concat(CASE WHEN indexed THEN printf('CREATE INDEX %s_%s ON %s (%s);', view, name, view, name) END, ''), '') AS indexes
    FROM col
    GROUP BY view
)
SELECT group_concat(sql, '')
FROM (
    SELECT printf('DROP VIEW %s; CREATE TABLE %s (%s); INSERT INTO %s %s;%s', o.name, o.name, d.columns, o.name, o.text, d.indexes) AS sql
    FROM own AS o
    JOIN definition AS d ON d.view = o.name
    ORDER BY o.place
);
