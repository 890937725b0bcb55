INSERT INTO sync_watermark AS old (source_id, restore_type, proved, updated_time, cut_time, full_walk_at, run_id, empty_since)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (source_id, restore_type) DO UPDATE SET proved = ?3, updated_time = ?4, cut_time = ?5, full_walk_at = ?6, run_id = ?7,
    empty_since = ?8
WHERE (old.proved, old.updated_time, old.cut_time, old.full_walk_at, old.run_id, old.empty_since) IS NOT (?3, ?4, ?5, ?6, ?7, ?8);
