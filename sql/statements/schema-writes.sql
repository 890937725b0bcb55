-- Each table of ours, and statements for all that a sync may write to it.
SELECT m.name,
    printf('INSERT INTO "%w" DEFAULT VALUES; UPDATE "%w" SET %s;%s', m.name, m.name,
        group_concat(printf('"%w" = "%w"', c.name, c.name)),
        iif(m.name IN ('restore_job', 'restore_job_change'), '', printf(' DELETE FROM "%w"', m.name)))
FROM main.sqlite_master AS m, pragma_table_info(m.name) AS c
WHERE m.type = 'table' AND m.name <> 'sync_allowed_trigger'
GROUP BY m.name;
