-- The sources, for programs.
SELECT
    account_id,
    region_id,
    edition,
    jobs,
    open_jobs,
    proved,
    CAST(strftime('%s', last_proved_utc) AS INTEGER) AS last_proved_at,
    CAST(strftime('%s', retired_utc) AS INTEGER) AS retired_at
FROM v_sync_health
WHERE scope = ''
ORDER BY account_id, region_id, edition;
