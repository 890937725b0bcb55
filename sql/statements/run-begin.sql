-- A run as it begins; the columns are in the order in which run-end.sql, too, takes them.
INSERT INTO sync_run (run_id, source_id, scope, mode, outcome, started_at, finished_at, requests, retries, throttled, pages, seen,
    inserted, updated, unchanged, stale, missing, returned, rejected, unknown_fields, total_count, local_count, open_jobs, proof,
    proof_detail, watermark, error)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27);
