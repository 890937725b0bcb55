UPDATE sync_source SET filters = ?2, untyped = ?3, children = ?4, id_filter = ?5, page_cap = ?6, checked_at = ?7
WHERE source_id = ?1 AND (filters, untyped, children, id_filter, page_cap, checked_at) IS NOT (?2, ?3, ?4, ?5, ?6, ?7);
