SELECT proved, updated_time, cut_time, full_walk_at, run_id, empty_since
FROM sync_watermark
WHERE source_id = ?1 AND restore_type = ?2;
