-- Restores of whole ECS instances: which system, to which region, with or without a backup first.
SELECT j.restore_id, j.restore_type, j.status, j.created_time_utc, j.source_instance_id, j.target_instance_id,
       u.instance_name, u.os_name, u.destination_region_id, u.do_copy, u.do_backup
  FROM v_restore_job_udm AS u JOIN v_restore_job AS j USING (restore_id)
 WHERE u.is_readable
 ORDER BY j.created_time DESC, j.restore_id
 LIMIT 50;
