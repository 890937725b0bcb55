-- Restore drills in the last complete quarter: for each vault how many restores there were, how many worked, and the last one.
-- Vaults that were restored from at some other time only are listed with 0: their drill is overdue.
-- Top-level jobs. Months and quarters are UTC.
WITH quarter AS (
    SELECT date('now', 'start of month', '-' || ((strftime('%m', 'now') - 1) % 3) || ' months') AS this_start
), bounds AS (
    SELECT date(this_start, '-3 months') AS first_day, this_start AS end_day FROM quarter
)
SELECT b.first_day || ' to ' || date(b.end_day, '-1 day') AS quarter,
       j.account_id, j.region_id, j.vault_id,
       sum(j.created_time_utc >= b.first_day AND j.created_time_utc < b.end_day) AS restores,
       sum(j.created_time_utc >= b.first_day AND j.created_time_utc < b.end_day AND j.outcome = 'succeeded') AS succeeded,
       max(CASE WHEN j.outcome = 'succeeded' AND j.created_time_utc < b.end_day THEN j.complete_time_utc END) AS last_success_utc
  FROM v_restore_job AS j CROSS JOIN bounds AS b
 WHERE j.vault_id <> '' AND j.is_top_level AND j.created_time_utc IS NOT NULL
 GROUP BY j.account_id, j.region_id, j.vault_id
 ORDER BY succeeded, restores, last_success_utc;
