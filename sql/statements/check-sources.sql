SELECT s.account_id, s.region_id, s.edition, count(j.restore_id) - count(j.missing_since), count(j.missing_since), s.source_id
FROM sync_source AS s
LEFT JOIN restore_job AS j ON j.source_id = s.source_id
GROUP BY s.source_id
ORDER BY 1, 2, 3;
