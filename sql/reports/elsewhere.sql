-- title: Restores to another instance or account
-- order: 90
-- Restores whose target is not where the data came from: another instance, or across accounts; the newest first.
-- Every job created in the period, children too (parent_id tells). Another instance: SourceInstanceId and TargetInstanceId
-- are both given and differ. Across accounts: CrossAccountType is CROSS_ACCOUNT, or CrossAccountUserId names another account.
SELECT
    CASE WHEN j.created_time BETWEEN 1 AND 253402300799 THEN datetime(j.created_time, 'unixepoch') END AS created_utc,
    j.restore_id,
    CASE WHEN j.other_instance AND j.other_account THEN 'instance and account'
         WHEN j.other_account THEN 'account' ELSE 'instance' END AS differs,
    j.restore_type,
    j.status,
    j.source_instance_id,
    j.target_instance_id,
    j.account_id,
    j.cross_account_user_id,
    j.cross_account_role_name,
    j.region_id,
    j.target_path,
    j.parent_id
FROM (
    SELECT j.created_time, j.restore_id, j.restore_type, j.status, j.source_instance_id, j.target_instance_id,
        j.cross_account_user_id, j.cross_account_role_name, j.target_path, j.parent_id, s.account_id, s.region_id,
        coalesce(j.source_instance_id <> '' AND j.target_instance_id <> ''
                 AND j.source_instance_id <> j.target_instance_id, 0) AS other_instance,
        coalesce(j.cross_account_type = 'CROSS_ACCOUNT', 0)
            OR coalesce(j.cross_account_user_id <> 0 AND CAST(j.cross_account_user_id AS TEXT) <> s.account_id, 0) AS other_account
    FROM v_restore_job AS j
    JOIN sync_source AS s ON s.source_id = j.source_id
    WHERE coalesce(j.created_time, 0) BETWEEN :since AND :until
) AS j
WHERE j.other_instance OR j.other_account
ORDER BY j.created_time DESC, j.restore_id;
