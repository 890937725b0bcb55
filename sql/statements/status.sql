SELECT source_id, account_id, region_id, edition, strftime('%s', retired_utc), scope, source_note, copied_by = 'import', proved, jobs,
    open_jobs, missing_jobs, strftime('%s', watermark_utc), strftime('%s', full_walk_utc), strftime('%s', last_proved_utc),
    strftime('%s', last_success_utc), last_run_id, last_mode, last_outcome, last_proof = 'proved', last_proof_detail, last_error,
    (SELECT count(DISTINCT account_id) FROM sync_source WHERE account_id <> '')
FROM v_sync_health
ORDER BY account_id, region_id, edition, scope;
