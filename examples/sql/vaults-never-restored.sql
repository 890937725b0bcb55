-- Vaults from which restores were tried, and none has ever succeeded. Top-level jobs.
-- A vault from which nobody ever tried to restore has no job, so it cannot be here: compare with your list of vaults.
SELECT account_id, region_id, vault_id, jobs, partial, failed, canceled, open, other, last_created_time_utc
  FROM v_restore_by_vault
 WHERE vault_id <> '' AND succeeded = 0
 ORDER BY jobs DESC, vault_id;
