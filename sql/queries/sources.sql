-- The sources, for people.
SELECT
    account_id AS account,
    CASE region_id WHEN '' THEN 'imported' ELSE region_id END AS region,
    edition,
    jobs,
    coalesce('retired ' || date(retired_utc), 'active') AS state
FROM v_sync_health
WHERE scope = ''
ORDER BY account_id, region_id, edition;
