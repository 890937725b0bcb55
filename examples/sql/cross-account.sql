-- Restores that read the backups of another account, by account and role, with the newest of each. Every job, children too.
SELECT account_id, cross_account_user_id, cross_account_role_name, region_id, count(*) AS jobs,
       sum(outcome = 'succeeded') AS succeeded, max(created_time_utc) AS last_created_utc
  FROM v_restore_job
 WHERE cross_account_type = 'CROSS_ACCOUNT'
 GROUP BY account_id, cross_account_user_id, cross_account_role_name, region_id
 ORDER BY jobs DESC, cross_account_user_id;
