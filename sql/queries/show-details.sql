-- The fields of one job that are JSON inside a text, which may be escaped once more: a row a member; a text that is not JSON is one row
-- without a name. The views v_restore_job_udm and so on do the same, but SQLite 3.40 does not run them in a schema that is not trusted.
SELECT u.detail, CASE typeof(m.key) WHEN 'text' THEN m.key END AS name, m.value
FROM (
    SELECT
        f.position,
        f.detail,
        f.raw,
        CASE
            WHEN json_valid(f.raw) THEN CASE json_type(f.raw) WHEN 'text' THEN json_extract(f.raw, '$') ELSE f.raw END
            WHEN json_valid('"' || f.raw || '"') THEN json_extract('"' || f.raw || '"', '$')
            ELSE f.raw
        END AS text
    FROM (
        SELECT 1 AS position, 'include' AS detail, include AS raw FROM restore_job WHERE restore_id = :id
        UNION ALL
        SELECT 2, 'exclude', exclude FROM restore_job WHERE restore_id = :id
        UNION ALL
        SELECT 3, 'options', options FROM restore_job WHERE restore_id = :id
        UNION ALL
        SELECT 4, 'udm_detail', udm_detail FROM restore_job WHERE restore_id = :id
        UNION ALL
        SELECT 5, 'failback_detail', failback_detail FROM restore_job WHERE restore_id = :id
    ) AS f
    WHERE f.raw <> ''
) AS u, json_each(CASE WHEN json_valid(u.text) THEN u.text ELSE json_array(u.raw) END) AS m
ORDER BY u.position, m.id;
