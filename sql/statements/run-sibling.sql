-- How many jobs of a type ?6 ('': of all) another edition lists, when the same run has read the same scope of that; else -1.
SELECT coalesce(max((SELECT count(*) FROM restore_job AS j
                     WHERE j.source_id = s.source_id AND j.missing_since IS NULL AND (?6 = '' OR j.restore_type = ?6))), -1)
FROM sync_run AS r
JOIN sync_source AS s ON s.source_id = r.source_id
WHERE r.run_id = ?1 AND r.scope = ?2 AND r.outcome IN ('done', 'unproved')
  AND s.account_id = ?3 AND s.region_id = ?4 AND s.edition <> ?5;
