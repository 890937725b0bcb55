-- title: Proof of completeness
-- order: 900
-- For each source, when it was last proved that this copy holds every job the service lists, and what it holds.
-- Every job, children too, whatever the period. proved is 1 when the last complete listing was proved and nothing unproved
-- was stored since; source_proved says that of the source as a whole. jobs are those that the service should list, missing_jobs
-- those it no longer lists. A source with a time in retired_utc is synced no more since then.
SELECT
    account_id,
    CASE region_id WHEN '' THEN '(imported)' ELSE region_id END AS region_id,
    edition,
    scope,
    proved,
    last_proved_utc,
    source_proved,
    source_note,
    full_walk_utc,
    jobs,
    open_jobs,
    missing_jobs,
    last_run_id,
    last_mode,
    last_outcome,
    last_finished_utc,
    watermark_utc,
    retired_utc
FROM v_sync_health
ORDER BY account_id, region_id, edition, scope;
