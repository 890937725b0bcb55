-- One job, a field a row, without fields that are absent or empty: for people. Left out are those of show-details.sql, and what says the
-- same in another form.
SELECT e.key AS field,
    CASE
        WHEN e.key LIKE '%\_time' ESCAPE '\' OR e.key = 'missing_since'
        THEN CASE WHEN e.value BETWEEN 1 AND 253402300799 THEN datetime(e.value, 'unixepoch') ELSE e.value END
        WHEN e.key LIKE '%percent' THEN printf('%.1f %%', e.value)
        WHEN e.key = 'duration_seconds'
        THEN printf('%d d %02d:%02d:%02d', e.value / 86400, e.value / 3600 % 24, e.value / 60 % 60, e.value % 60)
        WHEN e.key LIKE '%bytes%' AND abs(e.value) >= 1024
        THEN CASE WHEN e.value >= 1 << 50 THEN printf('%.1f PiB', e.value / 1125899906842624.0)
                  WHEN e.value >= 1 << 40 THEN printf('%.1f TiB', e.value / 1099511627776.0)
                  WHEN e.value >= 1 << 30 THEN printf('%.1f GiB', e.value / 1073741824.0)
                  WHEN e.value >= 1 << 20 THEN printf('%.1f MiB', e.value / 1048576.0)
                  ELSE printf('%.1f KiB', e.value / 1024.0) END || printf(' (%,d)', e.value)
        WHEN e.key = 'bytes_per_second' THEN printf('%.1f', e.value)
        WHEN e.type = 'integer' AND e.key NOT LIKE '%id' THEN printf('%,d', e.value)
        ELSE e.value
    END AS field_value
FROM v_restore_job AS j, json_each(json_patch(json_object( -- a function takes 127 arguments at most: two objects
    'restore_id', j.restore_id, 'account_id', j.account_id, 'region_id', j.region_id, 'edition', j.edition,
    'parent_id', j.parent_id, 'restore_type', j.restore_type, 'source_type', j.source_type, 'status', j.status,
    'settled_status', j.settled_status, 'error_message', j.error_message, 'error_file', j.error_file,
    'created_time', j.created_time, 'start_time', j.start_time, 'complete_time', j.complete_time,
    'updated_time', j.updated_time, 'expire_time', j.expire_time, 'vault_id', j.vault_id, 'snapshot_id', j.snapshot_id,
    'snapshot_hash', j.snapshot_hash, 'source_instance_id', j.source_instance_id, 'source_resource_id', j.source_resource_id,
    'cluster_id', j.cluster_id, 'target_instance_id', j.target_instance_id, 'target_client_id', j.target_client_id,
    'target_data_source_id', j.target_data_source_id, 'target_path', j.target_path, 'target_bucket', j.target_bucket,
    'target_prefix', j.target_prefix, 'target_file_system_id', j.target_file_system_id,
    'target_create_time', j.target_create_time, 'target_instance_name', j.target_instance_name,
    'target_table_name', j.target_table_name, 'target_time', j.target_time), json_object(
    'items_total', j.items_total, 'items_done', j.items_done, 'actual_items', j.actual_items,
    'bytes_total', j.bytes_total, 'bytes_done', j.bytes_done, 'actual_bytes', j.actual_bytes,
    'metering_bytes_total', j.metering_bytes_total, 'metering_bytes_done', j.metering_bytes_done,
    'speed', j.speed, 'storage_class', j.storage_class,
    'cross_account_type', j.cross_account_type, 'cross_account_user_id', j.cross_account_user_id,
    'cross_account_role_name', j.cross_account_role_name, 'extra', j.extra, 'first_run_id', j.first_run_id,
    'changed_run_id', j.changed_run_id, 'missing_since', j.missing_since, 'report_total_files', j.report_total_files,
    'report_success_files', j.report_success_files, 'report_failed_files', j.report_failed_files,
    'report_skipped_files', j.report_skipped_files, 'report_task_status', j.report_task_status,
    'report_extra', j.report_extra, 'ots_batch_channel_count', j.ots_batch_channel_count,
    'ots_overwrite_existing', j.ots_overwrite_existing, 'ots_extra', j.ots_extra, 'duration_seconds', j.duration_seconds,
    'progress_percent', j.progress_percent, 'outcome', j.outcome, 'bytes_per_second', j.bytes_per_second))) AS e
WHERE j.restore_id = :id AND e.value <> '' AND NOT (e.key LIKE '%\_time' ESCAPE '\' AND e.value = 0)
ORDER BY e.id;
