-- The 20 restores that took longest, with size and speed. Every job, children too; MiB are of bytes_done.
SELECT restore_id, parent_id, region_id, restore_type, status, start_time_utc,
       printf('%d:%02d:%02d', duration_seconds / 3600, duration_seconds / 60 % 60, duration_seconds % 60) AS duration,
       round(bytes_done / 1048576.0, 1) AS mib, round(bytes_per_second / 1048576.0, 2) AS mib_per_second,
       source_instance_id, target_instance_id
  FROM v_restore_job
 WHERE duration_seconds IS NOT NULL
 ORDER BY duration_seconds DESC, restore_id
 LIMIT 20;
