-- Retires at ?4, or revives where that is 0.
UPDATE sync_source SET retired_at = CASE WHEN ?4 <> 0 THEN coalesce(retired_at, ?4) END
WHERE ?1 IN ('', account_id) AND region_id = ?2 COLLATE NOCASE AND ?3 IN ('', edition);
