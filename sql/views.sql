-- Views for people and BI tools. hbrsync re-creates them whenever their text here changes; views and tables of
-- other names are never touched. Written for old readers too: nothing newer than SQLite 3.25 with JSON functions.
--
-- Texts of times are UTC, 'YYYY-MM-DD HH:MM:SS', NULL where the time is NULL, 0 or beyond the year 9999. The last of several times is
-- the last of those that have a text.
-- An empty text of the service is NULL here: it means none. (SELECT x WHERE x <> '') is nullif(x, '') that keeps the declared type,
-- by which readers choose how long a text may be. In the tables the two stay apart.
-- Views with a row a job hold every job. The aggregates (v_restore_daily, v_restore_by_vault, v_restore_by_type) count
-- top-level jobs only (ParentId NULL or ''), because a parent's numbers may include its children's. All of them keep the jobs that
-- the service no longer lists (missing_since).
-- Sums of amounts are exact: of the upper and the lower 32 bits apart, because sum() fails when it overflows and total() is exact up
-- to 2^53 only. A sum beyond 9.2e18 is approximate, one beyond 64 bits the nearest that is not.

-- One row a job: every column of restore_job, its report and Tablestore parts, its source, and what follows from them.
-- What became of a job is said here and nowhere else; all that counts outcomes reads these columns.
-- outcome goes by settled_status, the first final status that was seen: a COMPLETE job that expires later succeeded.
--   succeeded: COMPLETE. partial: PARTIAL_COMPLETE. failed (is_failed): FAILED, EXPIRED, CLIENT_DELETED. canceled: CANCELED.
--   open: none of these, and no complete_time. other: a complete_time, and a status that this version does not know.
-- is_finished and is_success are of the status as it is now. is_finished: it has a complete_time, or a status that is final.
-- is_success: the status is COMPLETE, nothing else. is_top_level: ParentId is NULL or ''.
-- duration_seconds is NULL unless the job was started and completed, in that order. Every job has a source: LEFT JOIN leaves SQLite to
-- read the jobs in the order of the table, which is faster than source by source.
DROP VIEW IF EXISTS v_restore_job;
CREATE VIEW v_restore_job AS
SELECT
    j.restore_id,
    s.account_id,
    s.region_id,
    s.edition,
    (SELECT j.parent_id WHERE j.parent_id <> '') AS parent_id,
    (SELECT j.restore_type WHERE j.restore_type <> '') AS restore_type,
    (SELECT j.source_type WHERE j.source_type <> '') AS source_type,
    (SELECT j.status WHERE j.status <> '') AS status,
    j.settled_status,
    j.progress,
    (SELECT j.error_message WHERE j.error_message <> '') AS error_message,
    (SELECT j.error_file WHERE j.error_file <> '') AS error_file,
    j.created_time,
    j.start_time,
    j.complete_time,
    j.updated_time,
    j.expire_time,
    (SELECT j.vault_id WHERE j.vault_id <> '') AS vault_id,
    (SELECT j.snapshot_id WHERE j.snapshot_id <> '') AS snapshot_id,
    (SELECT j.snapshot_hash WHERE j.snapshot_hash <> '') AS snapshot_hash,
    (SELECT j.source_instance_id WHERE j.source_instance_id <> '') AS source_instance_id,
    (SELECT j.source_resource_id WHERE j.source_resource_id <> '') AS source_resource_id,
    (SELECT j.cluster_id WHERE j.cluster_id <> '') AS cluster_id,
    (SELECT j.target_instance_id WHERE j.target_instance_id <> '') AS target_instance_id,
    (SELECT j.target_client_id WHERE j.target_client_id <> '') AS target_client_id,
    (SELECT j.target_data_source_id WHERE j.target_data_source_id <> '') AS target_data_source_id,
    (SELECT j.target_path WHERE j.target_path <> '') AS target_path,
    (SELECT j.target_bucket WHERE j.target_bucket <> '') AS target_bucket,
    (SELECT j.target_prefix WHERE j.target_prefix <> '') AS target_prefix,
    (SELECT j.target_file_system_id WHERE j.target_file_system_id <> '') AS target_file_system_id,
    j.target_create_time,
    (SELECT j.target_instance_name WHERE j.target_instance_name <> '') AS target_instance_name,
    (SELECT j.target_table_name WHERE j.target_table_name <> '') AS target_table_name,
    j.target_time,
    j.items_total,
    j.items_done,
    j.actual_items,
    j.bytes_total,
    j.bytes_done,
    j.actual_bytes,
    j.metering_bytes_total,
    j.metering_bytes_done,
    j.speed,
    (SELECT j.storage_class WHERE j.storage_class <> '') AS storage_class,
    (SELECT j.include WHERE j.include <> '') AS include,
    (SELECT j.exclude WHERE j.exclude <> '') AS exclude,
    (SELECT j.options WHERE j.options <> '') AS options,
    (SELECT j.udm_detail WHERE j.udm_detail <> '') AS udm_detail,
    (SELECT j.failback_detail WHERE j.failback_detail <> '') AS failback_detail,
    (SELECT j.cross_account_type WHERE j.cross_account_type <> '') AS cross_account_type,
    j.cross_account_user_id,
    (SELECT j.cross_account_role_name WHERE j.cross_account_role_name <> '') AS cross_account_role_name,
    j.extra,
    j.source_id,
    j.first_run_id,
    j.changed_run_id,
    j.missing_since,
    (SELECT r.total_files WHERE r.total_files <> '') AS report_total_files,
    (SELECT r.success_files WHERE r.success_files <> '') AS report_success_files,
    (SELECT r.failed_files WHERE r.failed_files <> '') AS report_failed_files,
    (SELECT r.skipped_files WHERE r.skipped_files <> '') AS report_skipped_files,
    (SELECT r.report_task_status WHERE r.report_task_status <> '') AS report_task_status,
    r.extra AS report_extra,
    o.batch_channel_count AS ots_batch_channel_count,
    o.overwrite_existing AS ots_overwrite_existing,
    o.extra AS ots_extra,
    CASE WHEN j.created_time BETWEEN 1 AND 253402300799 THEN datetime(j.created_time, 'unixepoch') END AS created_time_utc,
    CASE WHEN j.start_time BETWEEN 1 AND 253402300799 THEN datetime(j.start_time, 'unixepoch') END AS start_time_utc,
    CASE WHEN j.complete_time BETWEEN 1 AND 253402300799 THEN datetime(j.complete_time, 'unixepoch') END AS complete_time_utc,
    CASE WHEN j.updated_time BETWEEN 1 AND 253402300799 THEN datetime(j.updated_time, 'unixepoch') END AS updated_time_utc,
    CASE WHEN j.expire_time BETWEEN 1 AND 253402300799 THEN datetime(j.expire_time, 'unixepoch') END AS expire_time_utc,
    CASE WHEN j.target_create_time BETWEEN 1 AND 253402300799 THEN datetime(j.target_create_time, 'unixepoch') END AS target_create_time_utc,
    CASE WHEN j.target_time BETWEEN 1 AND 253402300799 THEN datetime(j.target_time, 'unixepoch') END AS target_time_utc,
    CASE WHEN j.missing_since BETWEEN 1 AND 253402300799 THEN datetime(j.missing_since, 'unixepoch') END AS missing_since_utc,
    CASE WHEN j.start_time > 0 AND j.complete_time >= j.start_time
         THEN j.complete_time - j.start_time END AS duration_seconds,
    j.progress / 100.0 AS progress_percent,
    coalesce(j.complete_time > 0, 0)
        OR coalesce(j.status IN ('COMPLETE', 'PARTIAL_COMPLETE', 'FAILED', 'CANCELED', 'EXPIRED', 'CLIENT_DELETED'), 0) AS is_finished,
    coalesce(j.status = 'COMPLETE', 0) AS is_success,
    coalesce(coalesce(j.settled_status, j.status) IN ('FAILED', 'EXPIRED', 'CLIENT_DELETED'), 0) AS is_failed,
    j.parent_id IS NULL OR j.parent_id = '' AS is_top_level,
    CASE coalesce(j.settled_status, j.status)
        WHEN 'COMPLETE' THEN 'succeeded'
        WHEN 'PARTIAL_COMPLETE' THEN 'partial'
        WHEN 'FAILED' THEN 'failed'
        WHEN 'EXPIRED' THEN 'failed'
        WHEN 'CLIENT_DELETED' THEN 'failed'
        WHEN 'CANCELED' THEN 'canceled'
        ELSE CASE WHEN j.complete_time > 0 THEN 'other' ELSE 'open' END
    END AS outcome,
    CASE WHEN j.start_time > 0 AND j.complete_time > j.start_time
         THEN CAST(j.bytes_done AS REAL) / (j.complete_time - j.start_time) END AS bytes_per_second
FROM restore_job AS j
LEFT JOIN sync_source AS s ON s.source_id = j.source_id
LEFT JOIN restore_job_report AS r ON r.restore_id = j.restore_id
LEFT JOIN restore_job_ots_detail AS o ON o.restore_id = j.restore_id;

-- The Include and Exclude lists, a path a row; position counts from 0. The lists are JSON inside a text, sometimes escaped once
-- more; a text that is no JSON at all comes out as it is, as one row.
DROP VIEW IF EXISTS v_restore_job_path;
CREATE VIEW v_restore_job_path AS
SELECT l.restore_id, l.list, path.key AS position, path.value AS path
FROM (
        SELECT restore_id, 'include' AS list, include AS raw FROM restore_job WHERE include <> ''
        UNION ALL
        SELECT restore_id, 'exclude', exclude FROM restore_job WHERE exclude <> ''
    ) AS l,
    json_each(json_array(CASE
        WHEN json_valid(l.raw) THEN CASE json_type(l.raw) WHEN 'text' THEN json_extract(l.raw, '$') ELSE l.raw END
        WHEN json_valid('"' || l.raw || '"') THEN json_extract('"' || l.raw || '"', '$')
        ELSE l.raw
    END)) AS unescaped,
    json_each(CASE
        WHEN json_valid(unescaped.value)
        THEN CASE json_type(unescaped.value) WHEN 'array' THEN unescaped.value WHEN 'null' THEN '[]' ELSE json_array(l.raw) END
        WHEN json_valid(l.raw) THEN json_array(unescaped.value)
        ELSE json_array(l.raw)
    END) AS path;

-- The members of Options, one a row, of the object's first level; type is json_each's. A text that is not a JSON object comes
-- out as it is, as one row without a name.
DROP VIEW IF EXISTS v_restore_job_option;
CREATE VIEW v_restore_job_option AS
SELECT
    j.restore_id,
    CASE typeof(member.key) WHEN 'text' THEN member.key END AS name,
    member.value AS value,
    member.type AS type
FROM restore_job AS j,
    json_each(json_array(CASE
        WHEN json_valid(j.options) THEN CASE json_type(j.options) WHEN 'text' THEN json_extract(j.options, '$') ELSE j.options END
        WHEN json_valid('"' || j.options || '"') THEN json_extract('"' || j.options || '"', '$')
        ELSE j.options
    END)) AS unescaped,
    json_each(CASE
        WHEN json_valid(unescaped.value)
        THEN CASE json_type(unescaped.value) WHEN 'object' THEN unescaped.value WHEN 'null' THEN '[]' ELSE json_array(j.options) END
        ELSE json_array(j.options)
    END) AS member
WHERE j.options <> '';

-- UdmDetail (restores of whole ECS instances) as columns: JSON inside a text, in the API page's own example escaped twice.
-- Up to ecs_deleted they are the members of that example, then those of CreateRestoreJob (which also spells forceRestore foreceRestore).
-- is_readable is 0, and all else NULL, where the text is not a JSON object. Booleans are 0 or 1. json_each(json_array(x)) is a row that
-- holds x: computed once a job, where a subquery would be computed again for each column.
DROP VIEW IF EXISTS v_restore_job_udm;
CREATE VIEW v_restore_job_udm AS
SELECT
    j.restore_id,
    detail.value IS NOT NULL AS is_readable,
    nullif(json_extract(detail.value, '$.doCopy'), '') AS do_copy,
    nullif(json_extract(detail.value, '$.doBackup'), '') AS do_backup,
    nullif(json_extract(detail.value, '$.instanceName'), '') AS instance_name,
    nullif(json_extract(detail.value, '$.appConsistent'), '') AS app_consistent,
    nullif(json_extract(detail.value, '$.destinationRegionId'), '') AS destination_region_id,
    nullif(json_extract(detail.value, '$.destinationRetention'), '') AS destination_retention,
    nullif(json_extract(detail.value, '$.enableFsFreeze'), '') AS enable_fs_freeze,
    nullif(json_extract(detail.value, '$.enableWriters'), '') AS enable_writers,
    nullif(json_extract(detail.value, '$.osName'), '') AS os_name,
    nullif(json_extract(detail.value, '$.osNameEn'), '') AS os_name_en,
    nullif(json_extract(detail.value, '$.osType'), '') AS os_type,
    nullif(json_extract(detail.value, '$.platform'), '') AS platform,
    nullif(json_extract(detail.value, '$.diskIdList'), '') AS disk_id_list,
    nullif(json_extract(detail.value, '$.backupVaultId'), '') AS backup_vault_id,
    nullif(json_extract(detail.value, '$.backupRetention'), '') AS backup_retention,
    nullif(json_extract(detail.value, '$.snapshotGroup'), '') AS snapshot_group,
    nullif(json_extract(detail.value, '$.timeoutInSeconds'), '') AS timeout_in_seconds,
    nullif(json_extract(detail.value, '$.preScriptPath'), '') AS pre_script_path,
    nullif(json_extract(detail.value, '$.postScriptPath'), '') AS post_script_path,
    nullif(json_extract(detail.value, '$.ecsDeleted'), '') AS ecs_deleted,
    nullif(json_extract(detail.value, '$.sourceInstanceId'), '') AS source_instance_id,
    nullif(json_extract(detail.value, '$.targetInstanceId'), '') AS target_instance_id,
    nullif(json_extract(detail.value, '$.restoredName'), '') AS restored_name,
    nullif(json_extract(detail.value, '$.restoredHostName'), '') AS restored_host_name,
    nullif(json_extract(detail.value, '$.restoredNetwork'), '') AS restored_network,
    nullif(json_extract(detail.value, '$.securityGroup'), '') AS security_group,
    nullif(json_extract(detail.value, '$.privateIpAddress'), '') AS private_ip_address,
    nullif(json_extract(detail.value, '$.allocatePublicIp'), '') AS allocate_public_ip,
    nullif(json_extract(detail.value, '$.instanceType'), '') AS instance_type,
    nullif(json_extract(detail.value, '$.diskCategory'), '') AS disk_category,
    nullif(json_extract(detail.value, '$.diskPerformanceLevel'), '') AS disk_performance_level,
    nullif(json_extract(detail.value, '$.bootAfterRestore'), '') AS boot_after_restore,
    nullif(coalesce(json_extract(detail.value, '$.forceRestore'), json_extract(detail.value, '$.foreceRestore')), '') AS force_restore,
    detail.value AS detail
FROM restore_job AS j,
    json_each(json_array(CASE
        WHEN json_valid(j.udm_detail) THEN CASE json_type(j.udm_detail) WHEN 'text' THEN json_extract(j.udm_detail, '$') ELSE j.udm_detail END
        WHEN json_valid('"' || j.udm_detail || '"') THEN json_extract('"' || j.udm_detail || '"', '$')
        ELSE j.udm_detail
    END)) AS unescaped,
    json_each(json_array(CASE WHEN json_valid(unescaped.value)
        THEN CASE json_type(unescaped.value) WHEN 'object' THEN unescaped.value END END)) AS detail
WHERE j.udm_detail <> '';

-- FailbackDetail (VMware) as columns; its member "extra" is JSON inside a text once more.
DROP VIEW IF EXISTS v_restore_job_failback;
CREATE VIEW v_restore_job_failback AS
SELECT
    j.restore_id,
    detail.value IS NOT NULL AS is_readable,
    nullif(json_extract(detail.value, '$.cpu'), '') AS cpu,
    nullif(json_extract(detail.value, '$.memoryInMB'), '') AS memory_in_mb,
    nullif(json_extract(detail.value, '$.instanceId'), '') AS instance_id,
    nullif(json_extract(detail.value, '$.serverId'), '') AS server_id,
    nullif(json_extract(detail.value, '$.uefiBoot'), '') AS uefi_boot,
    nullif(json_extract(nested.value, '$.restoreVMNamePrefix'), '') AS restore_vm_name_prefix,
    nullif(json_extract(nested.value, '$.locationName'), '') AS location_name,
    nullif(json_extract(nested.value, '$.dataCenterName'), '') AS data_center_name,
    nullif(json_extract(nested.value, '$.computeResourceName'), '') AS compute_resource_name,
    nullif(json_extract(nested.value, '$.dataStoreId'), '') AS data_store_id,
    nullif(json_extract(nested.value, '$.dataStoreName'), '') AS data_store_name,
    nullif(json_extract(nested.value, '$.folderId'), '') AS folder_id,
    nullif(json_extract(nested.value, '$.resourcePoolId'), '') AS resource_pool_id,
    nullif(json_extract(nested.value, '$.networkMoReference'), '') AS network_mo_reference,
    nullif(json_extract(nested.value, '$.useHotAdd'), '') AS use_hot_add,
    detail.value AS detail
FROM restore_job AS j,
    json_each(json_array(CASE
        WHEN json_valid(j.failback_detail) THEN CASE json_type(j.failback_detail) WHEN 'text' THEN json_extract(j.failback_detail, '$') ELSE j.failback_detail END
        WHEN json_valid('"' || j.failback_detail || '"') THEN json_extract('"' || j.failback_detail || '"', '$')
        ELSE j.failback_detail
    END)) AS unescaped,
    json_each(json_array(CASE WHEN json_valid(unescaped.value)
        THEN CASE json_type(unescaped.value) WHEN 'object' THEN unescaped.value END END)) AS detail,
    json_each(json_array(json_extract(detail.value, '$.extra'))) AS extra,
    json_each(json_array(CASE WHEN json_valid(extra.value)
        THEN CASE json_type(extra.value) WHEN 'object' THEN extra.value END END)) AS nested
WHERE j.failback_detail <> '';

-- Top-level jobs by the UTC day on which they were created.
DROP VIEW IF EXISTS v_restore_daily;
CREATE VIEW v_restore_daily AS
SELECT
    CASE WHEN j.created_time BETWEEN 1 AND 253402300799 THEN date(j.created_time, 'unixepoch') END AS day,
    j.account_id,
    j.region_id,
    count(*) AS jobs,
    sum(j.outcome = 'succeeded') AS succeeded,
    sum(j.outcome = 'partial') AS partial,
    sum(j.outcome = 'failed') AS failed,
    sum(j.outcome = 'canceled') AS canceled,
    sum(j.outcome = 'open') AS open,
    sum(j.outcome = 'other') AS other,
    coalesce(CASE WHEN abs(total(j.bytes_done)) < 9.2e18
                  THEN (sum(j.bytes_done >> 32) << 32) + sum(j.bytes_done & 4294967295)
                  ELSE CAST(total(j.bytes_done) AS INTEGER) END, 0) AS bytes_done,
    coalesce(CASE WHEN abs(total(j.items_done)) < 9.2e18
                  THEN (sum(j.items_done >> 32) << 32) + sum(j.items_done & 4294967295)
                  ELSE CAST(total(j.items_done) AS INTEGER) END, 0) AS items_done,
    avg(j.duration_seconds) AS average_duration_seconds
FROM v_restore_job AS j
WHERE j.is_top_level
GROUP BY 1, 2, 3;

-- Top-level jobs by vault: which vaults were ever restored from, and when that last worked.
DROP VIEW IF EXISTS v_restore_by_vault;
CREATE VIEW v_restore_by_vault AS
SELECT
    j.vault_id,
    j.account_id,
    j.region_id,
    count(*) AS jobs,
    sum(j.outcome = 'succeeded') AS succeeded,
    sum(j.outcome = 'partial') AS partial,
    sum(j.outcome = 'failed') AS failed,
    sum(j.outcome = 'canceled') AS canceled,
    sum(j.outcome = 'open') AS open,
    sum(j.outcome = 'other') AS other,
    coalesce(CASE WHEN abs(total(j.bytes_done)) < 9.2e18
                  THEN (sum(j.bytes_done >> 32) << 32) + sum(j.bytes_done & 4294967295)
                  ELSE CAST(total(j.bytes_done) AS INTEGER) END, 0) AS bytes_done,
    coalesce(CASE WHEN abs(total(j.items_done)) < 9.2e18
                  THEN (sum(j.items_done >> 32) << 32) + sum(j.items_done & 4294967295)
                  ELSE CAST(total(j.items_done) AS INTEGER) END, 0) AS items_done,
    avg(j.duration_seconds) AS average_duration_seconds,
    datetime(max(CASE WHEN j.created_time BETWEEN 1 AND 253402300799 THEN j.created_time END), 'unixepoch') AS last_created_time_utc,
    datetime(max(CASE WHEN j.outcome = 'succeeded' AND j.complete_time BETWEEN 1 AND 253402300799
                      THEN j.complete_time END), 'unixepoch') AS last_success_time_utc
FROM v_restore_job AS j
WHERE j.is_top_level
GROUP BY 1, 2, 3;

-- Top-level jobs by type of restore and of source.
DROP VIEW IF EXISTS v_restore_by_type;
CREATE VIEW v_restore_by_type AS
SELECT
    j.restore_type,
    j.source_type,
    j.account_id,
    j.region_id,
    count(*) AS jobs,
    sum(j.outcome = 'succeeded') AS succeeded,
    sum(j.outcome = 'partial') AS partial,
    sum(j.outcome = 'failed') AS failed,
    sum(j.outcome = 'canceled') AS canceled,
    sum(j.outcome = 'open') AS open,
    sum(j.outcome = 'other') AS other,
    coalesce(CASE WHEN abs(total(j.bytes_done)) < 9.2e18
                  THEN (sum(j.bytes_done >> 32) << 32) + sum(j.bytes_done & 4294967295)
                  ELSE CAST(total(j.bytes_done) AS INTEGER) END, 0) AS bytes_done,
    coalesce(CASE WHEN abs(total(j.items_done)) < 9.2e18
                  THEN (sum(j.items_done >> 32) << 32) + sum(j.items_done & 4294967295)
                  ELSE CAST(total(j.items_done) AS INTEGER) END, 0) AS items_done,
    avg(j.duration_seconds) AS average_duration_seconds,
    datetime(max(CASE WHEN j.created_time BETWEEN 1 AND 253402300799 THEN j.created_time END), 'unixepoch') AS last_created_time_utc,
    datetime(max(CASE WHEN j.outcome = 'succeeded' AND j.complete_time BETWEEN 1 AND 253402300799
                      THEN j.complete_time END), 'unixepoch') AS last_success_time_utc
FROM v_restore_job AS j
WHERE j.is_top_level
GROUP BY 1, 2, 3, 4;

-- Jobs that failed, or succeeded only in part; children too (parent_id tells).
DROP VIEW IF EXISTS v_restore_failure;
CREATE VIEW v_restore_failure AS
SELECT
    restore_id, parent_id, account_id, region_id, edition, restore_type, source_type, status, error_message, error_file,
    vault_id, snapshot_id, source_instance_id, target_instance_id, target_client_id, target_path, target_bucket,
    target_file_system_id, target_instance_name, target_table_name,
    created_time, complete_time, created_time_utc, start_time_utc, complete_time_utc, duration_seconds,
    items_total, items_done, bytes_total, bytes_done, progress_percent,
    report_failed_files, report_skipped_files, report_task_status, missing_since, outcome, is_top_level
FROM v_restore_job
WHERE outcome IN ('failed', 'partial');

-- Jobs that are open and still listed by the service; children too, those of a retired source not: nobody asks about them. (The terms on complete_time only repeat what open means, for the
-- index restore_job_open.) age_seconds counts from created_time,
-- quiet_seconds from the last sign of life.
DROP VIEW IF EXISTS v_restore_open;
CREATE VIEW v_restore_open AS
SELECT
    restore_id, parent_id, account_id, region_id, edition, restore_type, source_type, status, progress_percent,
    vault_id, snapshot_id, source_instance_id, target_instance_id, target_client_id, target_path,
    created_time, start_time, updated_time, created_time_utc, start_time_utc, updated_time_utc,
    items_total, items_done, bytes_total, bytes_done,
    CASE WHEN created_time > 0 THEN CAST(strftime('%s', 'now') AS INTEGER) - created_time END AS age_seconds,
    CASE WHEN updated_time > 0 THEN CAST(strftime('%s', 'now') AS INTEGER) - updated_time END AS quiet_seconds,
    is_top_level
FROM v_restore_job
WHERE (complete_time IS NULL OR complete_time <= 0) AND outcome = 'open' AND missing_since IS NULL
  AND source_id NOT IN (SELECT source_id FROM sync_source WHERE retired_at IS NOT NULL);

-- What changed in jobs that were already stored, a changed column a row: old_value and new_value as they are in the table. What is new
-- has no row here, see first_run_id. column_name is that of restore_job; "table.column" for the report and Tablestore parts, their table
-- alone (0 to 1, 1 to 0) where the part appeared or vanished. missing_since: gone from the service, or listed again. observed_at is
-- when the run saw it, not when it happened.
-- json_each alone is what every SQLite runs in a view of a schema that it does not trust, as hbrsync's commands do not.
DROP VIEW IF EXISTS v_restore_change;
CREATE VIEW v_restore_change AS
SELECT
    c.restore_id,
    c.run_id,
    c.observed_at,
    CASE WHEN c.observed_at BETWEEN 1 AND 253402300799 THEN datetime(c.observed_at, 'unixepoch') END AS observed_at_utc,
    s.account_id,
    s.region_id,
    s.edition,
    (SELECT j.restore_type WHERE j.restore_type <> '') AS restore_type,
    (SELECT j.vault_id WHERE j.vault_id <> '') AS vault_id,
    c.old_status,
    c.new_status,
    pair.key AS column_name,
    old.value AS old_value,
    new.value AS new_value
FROM restore_job_change AS c
JOIN restore_job AS j ON j.restore_id = c.restore_id
JOIN sync_source AS s ON s.source_id = j.source_id,
    json_each(c.changed) AS pair,
    json_each(pair.value) AS old,
    json_each(pair.value) AS new
WHERE old.key = 0 AND new.key = 1;

-- Each source and scope: is the copy fresh, and was it proved complete? This is the one place that says so. Scopes are '' (the source
-- as a whole; each source has this row) and 'RestoreType=...'. Runs restricted by filters prove nothing about either, imports neither.
-- A source is proved as a whole when its watermark is, or, where the service lists RestoreTypes one by one, when the last run that
-- read them all was proved and no type of it is unproved since. copied_by tells what has read the source: 'sync' (as a whole),
-- 'restore_type', 'filter' or 'import' alone. source_note is NULL once the source was proved as a whole. jobs counts what the service
-- should list. retired_utc is NULL unless the source was retired: then it is synced no more, and nothing of it is an alarm. A proof
-- or success of the source as a whole is one of each of its RestoreTypes.
DROP VIEW IF EXISTS v_sync_health;
CREATE VIEW v_sync_health AS
SELECT
    h.source_id,
    h.account_id,
    h.region_id,
    h.edition,
    h.scope,
    l.run_id AS last_run_id,
    l.mode AS last_mode,
    l.outcome AS last_outcome,
    datetime(l.started_at, 'unixepoch') AS last_started_utc,
    datetime(l.finished_at, 'unixepoch') AS last_finished_utc,
    l.proof AS last_proof,
    l.proof_detail AS last_proof_detail,
    l.error AS last_error,
    CASE h.scope WHEN '' THEN h.source_proved ELSE coalesce(w.proved, l.proof = 'proved', 0) END AS proved,
    CASE WHEN w.empty_since > 0 THEN datetime(w.empty_since, 'unixepoch') END AS empty_since_utc,
    datetime(h.last_proved_at, 'unixepoch') AS last_proved_utc,
    datetime(h.last_success_at, 'unixepoch') AS last_success_utc,
    CASE WHEN h.full_walk_at > 0 THEN datetime(h.full_walk_at, 'unixepoch') END AS full_walk_utc,
    CASE WHEN h.updated_time > 0 THEN datetime(h.updated_time, 'unixepoch') END AS watermark_utc,
    CAST(strftime('%s', 'now') AS INTEGER) - coalesce(l.finished_at, l.started_at) AS seconds_since_last_run,
    CAST(strftime('%s', 'now') AS INTEGER) - h.last_proved_at AS seconds_since_proved,
    CAST(strftime('%s', 'now') AS INTEGER) - h.last_success_at AS seconds_since_success,
    CASE WHEN h.full_walk_at > 0 THEN CAST(strftime('%s', 'now') AS INTEGER) - h.full_walk_at END AS seconds_since_full_walk,
    h.source_proved,
    datetime(h.source_proved_at, 'unixepoch') AS source_proved_utc,
    h.copied_by,
    CASE WHEN h.source_proved_at IS NULL THEN
        CASE h.copied_by WHEN 'restore_type' THEN 'copied by RestoreType only; ' WHEN 'filter' THEN 'copied by filter only; '
                         WHEN 'import' THEN 'imported only; ' ELSE '' END || 'never proved complete'
    END AS source_note,
    -- All less those that are gone: both counts are read from indexes alone.
    (SELECT count(*) FROM restore_job AS j
     WHERE j.source_id = h.source_id AND (h.restore_type = '' OR j.restore_type = h.restore_type))
        - (SELECT count(*) FROM restore_job AS j
           WHERE j.source_id = h.source_id AND j.missing_since IS NOT NULL
             AND (h.restore_type = '' OR j.restore_type = h.restore_type)) AS jobs,
    (SELECT count(*) FROM v_restore_job AS j
     WHERE j.source_id = h.source_id AND (j.complete_time IS NULL OR j.complete_time <= 0) AND j.outcome = 'open'
       AND j.missing_since IS NULL AND (h.restore_type = '' OR j.restore_type = h.restore_type)) AS open_jobs,
    (SELECT count(*) FROM restore_job AS j
     WHERE j.source_id = h.source_id AND j.missing_since IS NOT NULL
       AND (h.restore_type = '' OR j.restore_type = h.restore_type)) AS missing_jobs,
    datetime(h.retired_at, 'unixepoch') AS retired_utc
FROM (
    SELECT s.source_id, s.account_id, s.region_id, s.edition, s.retired_at, s.source_proved_at, s.copied_by, c.restore_type, c.scope,
        CASE WHEN s.by_type
             THEN NOT EXISTS (SELECT 1 FROM sync_watermark AS w WHERE w.source_id = s.source_id AND w.proved = 0)
             ELSE coalesce((SELECT w.proved FROM sync_watermark AS w
                            WHERE w.source_id = s.source_id AND w.restore_type = ''), 0) END AS source_proved,
        (SELECT min(w.full_walk_at) FROM sync_watermark AS w
         WHERE w.source_id = s.source_id AND (w.restore_type = c.restore_type OR (c.scope = '' AND s.by_type))) AS full_walk_at,
        (SELECT max(w.updated_time) FROM sync_watermark AS w
         WHERE w.source_id = s.source_id AND (w.restore_type = c.restore_type OR (c.scope = '' AND s.by_type))) AS updated_time,
        (SELECT max(r.run_id) FROM sync_run AS r
         WHERE r.source_id = s.source_id AND r.scope = c.scope) AS last_run_id,
        CASE c.scope WHEN '' THEN s.source_proved_at ELSE
            nullif(max(coalesce(s.source_proved_at, 0),
                       coalesce((SELECT r.finished_at FROM sync_run AS r
                                 WHERE r.source_id = s.source_id AND r.scope = c.scope AND r.proof = 'proved'
                                 ORDER BY r.run_id DESC LIMIT 1), 0)), 0) END AS last_proved_at,
        (SELECT r.finished_at FROM sync_run AS r
         WHERE r.source_id = s.source_id AND r.scope IN ('', c.scope) AND r.mode <> 'import' AND r.outcome IN ('done', 'skipped')
         ORDER BY r.run_id DESC LIMIT 1) AS last_success_at
    FROM (
        SELECT t.source_id, t.account_id, t.region_id, t.edition, t.retired_at,
            -- A run that died after its proof and before its end left a watermark that tells.
            coalesce(
                (SELECT r.finished_at FROM sync_run AS r
                 WHERE r.source_id = t.source_id AND r.scope = '' AND r.mode <> 'import' AND r.proof = 'proved'
                 ORDER BY r.run_id DESC LIMIT 1),
                (SELECT nullif(w.full_walk_at, 0) FROM sync_watermark AS w
                 WHERE w.source_id = t.source_id AND w.restore_type = '' AND w.proved = 1)) AS source_proved_at,
            -- No watermark of the whole, and the last run of it that read anything was proved: it read the types one by one.
            coalesce((SELECT r.proof = 'proved' FROM sync_run AS r
             WHERE r.source_id = t.source_id AND r.scope = '' AND r.mode <> 'import'
               AND (r.proof = 'proved' OR r.seen > 0 OR r.outcome = 'crashed')
             ORDER BY r.run_id DESC LIMIT 1), 0)
                AND NOT EXISTS (SELECT 1 FROM sync_watermark AS w WHERE w.source_id = t.source_id AND w.restore_type = '') AS by_type,
            CASE WHEN EXISTS (SELECT 1 FROM sync_run AS r
                              WHERE r.source_id = t.source_id AND r.scope = '' AND r.mode <> 'import') THEN 'sync'
                 WHEN EXISTS (SELECT 1 FROM sync_run AS r
                              WHERE r.source_id = t.source_id AND r.scope GLOB 'RestoreType=*'
                                AND substr(r.scope, 13) NOT GLOB '*[^A-Za-z0-9_]*') THEN 'restore_type'
                 WHEN EXISTS (SELECT 1 FROM sync_run AS r WHERE r.source_id = t.source_id AND r.mode <> 'import') THEN 'filter'
                 ELSE 'import' END AS copied_by
        FROM sync_source AS t
    ) AS s
    JOIN (
        SELECT source_id, '' AS restore_type, '' AS scope FROM sync_source
        UNION
        SELECT source_id, restore_type, CASE restore_type WHEN '' THEN '' ELSE 'RestoreType=' || restore_type END FROM sync_watermark
        UNION
        SELECT source_id, substr(scope, 13), scope FROM sync_run
        WHERE scope GLOB 'RestoreType=*' AND substr(scope, 13) NOT GLOB '*[^A-Za-z0-9_]*'
    ) AS c ON c.source_id = s.source_id
) AS h
LEFT JOIN sync_run AS l
    ON l.run_id = h.last_run_id AND l.source_id = h.source_id AND l.scope = h.scope
LEFT JOIN sync_watermark AS w
    ON w.source_id = h.source_id AND w.restore_type = h.restore_type;
