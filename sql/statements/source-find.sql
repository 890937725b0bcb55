SELECT source_id, filters, untyped, children, id_filter, page_cap, checked_at, retired_at
FROM sync_source
WHERE account_id = ?1 AND region_id = ?2 AND edition = ?3;
