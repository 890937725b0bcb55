UPDATE sync_run SET mode = ?4, outcome = ?5, started_at = ?6, finished_at = ?7, requests = ?8, retries = ?9, throttled = ?10,
    pages = ?11, seen = ?12, inserted = ?13, updated = ?14, unchanged = ?15, stale = ?16, missing = ?17, returned = ?18,
    rejected = ?19, unknown_fields = ?20, total_count = ?21, local_count = ?22, open_jobs = ?23, proof = ?24, proof_detail = ?25,
    watermark = ?26, error = ?27
WHERE run_id = ?1 AND source_id = ?2 AND scope = ?3;
