-- title: Vanished records
-- order: 100
-- Jobs that the service listed once and lists no longer, when that was noticed, and whether it was announced by ExpireTime.
-- Every job, children too (parent_id tells), whose absence was noticed in the period. "early" means before ExpireTime:
-- somebody may have removed evidence.
SELECT
    CASE WHEN j.missing_since BETWEEN 1 AND 253402300799 THEN datetime(j.missing_since, 'unixepoch') END AS missing_since_utc,
    j.restore_id,
    CASE WHEN j.expire_time > 0 THEN CASE WHEN j.expire_time <= j.missing_since THEN 'expired' ELSE 'early' END END AS reason,
    CASE WHEN j.expire_time BETWEEN 1 AND 253402300799 THEN datetime(j.expire_time, 'unixepoch') END AS expire_utc,
    j.restore_type,
    j.status,
    CASE WHEN j.created_time BETWEEN 1 AND 253402300799 THEN datetime(j.created_time, 'unixepoch') END AS created_utc,
    CASE WHEN j.complete_time BETWEEN 1 AND 253402300799 THEN datetime(j.complete_time, 'unixepoch') END AS complete_utc,
    s.account_id,
    s.region_id,
    s.edition,
    j.vault_id,
    j.parent_id
FROM v_restore_job AS j
JOIN sync_source AS s ON s.source_id = j.source_id
WHERE j.missing_since IS NOT NULL AND j.missing_since BETWEEN :since AND :until
ORDER BY j.missing_since DESC, j.restore_id;
