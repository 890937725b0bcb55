-- Restores under way, the oldest first, and how long each has shown no sign of life. Every job, children too.
-- Ages count from now; a copy that was published an hour ago makes every job look an hour quieter (see stale-copy.sql).
SELECT restore_id, parent_id, region_id, restore_type, status, progress_percent, created_time_utc,
       round(age_seconds / 3600.0, 1) AS age_hours, round(quiet_seconds / 3600.0, 1) AS quiet_hours, target_instance_id
  FROM v_restore_open
 ORDER BY age_seconds DESC, restore_id
 LIMIT 50;
