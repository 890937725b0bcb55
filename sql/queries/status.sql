-- For `status --json`: a row a source and scope, of the regions in :regions (" cn-hangzhou cn-beijing ", '' all). Never is NULL.
WITH
health AS (
    SELECT *,
        CAST(strftime('%s', watermark_utc) AS INTEGER) AS watermark,
        CAST(strftime('%s', full_walk_utc) AS INTEGER) AS full_walk_at,
        CAST(strftime('%s', last_proved_utc) AS INTEGER) AS last_proved_at,
        CAST(strftime('%s', last_success_utc) AS INTEGER) AS last_success_at
    FROM v_sync_health
    WHERE :regions = '' OR instr(lower(:regions), ' ' || lower(region_id) || ' ') > 0
)
SELECT
    account_id,
    region_id,
    edition,
    scope,
    jobs,
    open_jobs,
    missing_jobs,
    watermark,
    full_walk_at,
    last_proved_at,
    last_success_at,
    max(:now - last_proved_at, 0) AS seconds_since_proved,
    max(:now - last_success_at, 0) AS seconds_since_success,
    max(:now - full_walk_at, 0) AS seconds_since_full_walk,
    CASE WHEN proved THEN 'proved' ELSE 'unproved' END AS proof,
    source_note AS note,
    CAST(strftime('%s', retired_utc) AS INTEGER) AS retired_at,
    last_run_id,
    last_mode,
    last_outcome,
    CASE WHEN last_run_id IS NOT NULL THEN coalesce(last_error, '') END AS last_error
FROM health
ORDER BY account_id, region_id, edition, scope;
