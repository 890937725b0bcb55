-- hbrsync's database, version 1: restore jobs of Alibaba Cloud Backup, and what sync remembers.
--
-- Names are those of the API (DescribeRestoreJobs2, version 2017-09-08) in snake_case. Times are UNIX
-- seconds; the views of views.sql add UTC text. What the service left out or sent as null is NULL, an
-- empty text stays '', 0 stays 0. Integer columns are guarded by CHECK instead of STRICT, which
-- SQLite older than 3.37 could not open; those that can pass 2^31 are BIGINT, because readers believe declared types.

-- What names this database in metrics and in a warehouse: one row, made with the database. A copy that publish makes has the same.
CREATE TABLE sync_database (
    database_id TEXT PRIMARY KEY NOT NULL, -- a UUID, version 4
    label       TEXT NOT NULL              -- of --database-label; the file's name unless that was given
) WITHOUT ROWID;
INSERT INTO sync_database (database_id, label)
SELECT lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-'
             || substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))),
       substr(file, 1 + length(rtrim(file, replace(file, '/', '')))) -- what follows the last slash
FROM pragma_database_list WHERE name = 'main';

-- A source is what is listed by one account in one region and edition; the other columns tell how its
-- service was found to behave: 0 unknown, 1 yes, 2 no.
CREATE TABLE sync_source (
    source_id        INTEGER PRIMARY KEY,
    account_id       TEXT NOT NULL,
    region_id        TEXT NOT NULL,
    edition          TEXT NOT NULL,               -- STANDARD or BASIC
    filters          INTEGER NOT NULL DEFAULT 0 CHECK (typeof(filters) = 'integer'),    -- Status and CompleteTime filters are honoured
    untyped          INTEGER NOT NULL DEFAULT 0 CHECK (typeof(untyped) = 'integer'),    -- a listing without RestoreType lists every type
    children         INTEGER NOT NULL DEFAULT 0 CHECK (typeof(children) = 'integer'),   -- where jobs with a ParentId are: 0 unknown, 1 in the listing, 2 none, 3 apart, 4 by parent, 5 cannot be told, 6 not any more
    id_filter        TEXT NOT NULL DEFAULT '',    -- the filter key that selects by RestoreId; '' unknown, '-' none
    page_cap         INTEGER NOT NULL DEFAULT 0 CHECK (typeof(page_cap) = 'integer'),   -- rows beyond which pages fail, 0 none met
    checked_at       INTEGER NOT NULL DEFAULT 0 CHECK (typeof(checked_at) = 'integer'), -- when these were last asked anew
    retired_at       BIGINT CHECK (typeof(retired_at) IN ('integer', 'null')), -- since when it is synced no more; NULL: it is
    UNIQUE (account_id, region_id, edition)
);

-- A restore job as last seen. Rows are never deleted: the database is the archive.
CREATE TABLE restore_job (
    row_id                  INTEGER PRIMARY KEY, -- named, so that it holds still over VACUUM
    restore_id              TEXT NOT NULL UNIQUE,
    source_id               INTEGER NOT NULL REFERENCES sync_source (source_id), -- the source that first listed the job
    parent_id               TEXT,    -- '' or NULL: a top-level job
    restore_type            TEXT,    -- ECS_FILE, OSS, NAS, COMMON_FILE_SYSTEM, OTS_TABLE, UDM_ECS_ROLLBACK, ...
    source_type             TEXT,
    status                  TEXT,    -- COMPLETE, PARTIAL_COMPLETE, FAILED, CANCELED, EXPIRED, RUNNING, ...
    settled_status          TEXT,    -- not the API's: the first final status that was seen; a later one does not change it
    progress                INTEGER CHECK (typeof(progress) IN ('integer', 'null')), -- 0 to 10000: percent times 100
    error_message           TEXT,
    error_file              TEXT,
    created_time            BIGINT CHECK (typeof(created_time) IN ('integer', 'null')),
    start_time              BIGINT CHECK (typeof(start_time) IN ('integer', 'null')),
    complete_time           BIGINT CHECK (typeof(complete_time) IN ('integer', 'null')), -- NULL or 0 while the job is open
    updated_time            BIGINT CHECK (typeof(updated_time) IN ('integer', 'null')),
    expire_time             BIGINT CHECK (typeof(expire_time) IN ('integer', 'null')),
    vault_id                TEXT,
    snapshot_id             TEXT,
    snapshot_hash           TEXT,
    source_instance_id      TEXT,
    source_resource_id      TEXT,
    cluster_id              TEXT,
    target_instance_id      TEXT,
    target_client_id        TEXT,
    target_data_source_id   TEXT,
    target_path             TEXT,
    target_bucket           TEXT,
    target_prefix           TEXT,
    target_file_system_id   TEXT,
    target_create_time      BIGINT CHECK (typeof(target_create_time) IN ('integer', 'null')),
    target_instance_name    TEXT,
    target_table_name       TEXT,
    target_time             BIGINT CHECK (typeof(target_time) IN ('integer', 'null')),
    items_total             BIGINT CHECK (typeof(items_total) IN ('integer', 'null')),
    items_done              BIGINT CHECK (typeof(items_done) IN ('integer', 'null')),
    actual_items            BIGINT CHECK (typeof(actual_items) IN ('integer', 'null')),
    bytes_total             BIGINT CHECK (typeof(bytes_total) IN ('integer', 'null')),
    bytes_done              BIGINT CHECK (typeof(bytes_done) IN ('integer', 'null')),
    actual_bytes            BIGINT CHECK (typeof(actual_bytes) IN ('integer', 'null')), -- after de-duplication
    metering_bytes_total    BIGINT CHECK (typeof(metering_bytes_total) IN ('integer', 'null')),
    metering_bytes_done     BIGINT CHECK (typeof(metering_bytes_done) IN ('integer', 'null')),
    speed                   BIGINT CHECK (typeof(speed) IN ('integer', 'null')), -- KB a second, as the service says
    storage_class           TEXT,
    include                 TEXT,    -- a JSON array in a text, see v_restore_job_path
    exclude                 TEXT,
    options                 TEXT,    -- a JSON object in a text
    udm_detail              TEXT,    -- a JSON object in a text, see v_restore_job_udm
    failback_detail         TEXT,    -- a JSON object in a text, see v_restore_job_failback
    cross_account_type      TEXT,    -- SELF_ACCOUNT or CROSS_ACCOUNT
    cross_account_user_id   BIGINT CHECK (typeof(cross_account_user_id) IN ('integer', 'null')),
    cross_account_role_name TEXT,
    extra                   TEXT,    -- JSON object: fields this version of hbrsync does not know or could not take
    first_run_id            INTEGER CHECK (typeof(first_run_id) IN ('integer', 'null')),   -- the run that first stored the job
    changed_run_id          INTEGER CHECK (typeof(changed_run_id) IN ('integer', 'null')), -- the run that last changed the row
    -- NULL while the service lists the job. (No comment after a last column: sqlite-utils adds its text there.)
    missing_since           BIGINT CHECK (typeof(missing_since) IN ('integer', 'null'))
);

-- What the service should list, in windows of complete_time: counts, and the search for what it lists no longer, are
-- answered from this index alone. Open jobs (NULL, then 0) come first in it.
CREATE INDEX restore_job_listed ON restore_job (source_id, complete_time, restore_type)
    WHERE missing_since IS NULL;
CREATE INDEX restore_job_updated ON restore_job (source_id, updated_time, restore_type);
-- Small ones, for the few rows that are in motion or gone.
CREATE INDEX restore_job_open ON restore_job (source_id, restore_type)
    WHERE complete_time IS NULL OR complete_time <= 0;
CREATE INDEX restore_job_missing ON restore_job (source_id, restore_type)
    WHERE missing_since IS NOT NULL;

-- RestoreJob.Report: keys of report files, and how far the report is.
CREATE TABLE restore_job_report (
    restore_id         TEXT PRIMARY KEY NOT NULL REFERENCES restore_job (restore_id) ON DELETE CASCADE,
    total_files        TEXT,
    success_files      TEXT,
    failed_files       TEXT,
    skipped_files      TEXT,
    report_task_status TEXT,
    extra              TEXT
);

-- RestoreJob.OtsDetail, of Tablestore jobs.
CREATE TABLE restore_job_ots_detail (
    restore_id          TEXT PRIMARY KEY NOT NULL REFERENCES restore_job (restore_id) ON DELETE CASCADE,
    batch_channel_count INTEGER CHECK (typeof(batch_channel_count) IN ('integer', 'null')),
    overwrite_existing  INTEGER CHECK (typeof(overwrite_existing) IN ('integer', 'null')
                                       AND (overwrite_existing IS NULL OR overwrite_existing IN (0, 1))),
    extra               TEXT
);

-- What changed when, a row for each change of a job that was already stored. `changed` is a JSON object,
-- column -> [old, new]; columns of the two tables above are named "table.column", and the table's name alone
-- -> [0, 1] or [1, 0] says that the part appeared or vanished. A mark of a job the service no longer lists
-- is {"missing_since": [null, time]}, its removal {"missing_since": [time, null]}.
CREATE TABLE restore_job_change (
    change_id              INTEGER PRIMARY KEY,
    restore_id             TEXT NOT NULL REFERENCES restore_job (restore_id) ON DELETE CASCADE,
    run_id                 INTEGER NOT NULL CHECK (typeof(run_id) = 'integer'),
    observed_at            BIGINT NOT NULL CHECK (typeof(observed_at) = 'integer'),
    updated_time           BIGINT CHECK (typeof(updated_time) IN ('integer', 'null')), -- the job's own, after the change
    old_status             TEXT,
    new_status             TEXT,
    old_progress           INTEGER CHECK (typeof(old_progress) IN ('integer', 'null')),
    new_progress           INTEGER CHECK (typeof(new_progress) IN ('integer', 'null')),
    old_bytes_done         BIGINT CHECK (typeof(old_bytes_done) IN ('integer', 'null')),
    new_bytes_done         BIGINT CHECK (typeof(new_bytes_done) IN ('integer', 'null')),
    old_items_done         BIGINT CHECK (typeof(old_items_done) IN ('integer', 'null')),
    new_items_done         BIGINT CHECK (typeof(new_items_done) IN ('integer', 'null')),
    old_report_task_status TEXT,
    new_report_task_status TEXT,
    changed                TEXT NOT NULL
);
CREATE INDEX restore_job_change_job ON restore_job_change (restore_id);

-- How far each listing got: moved only in the transaction that finishes a listing proved to be complete.
CREATE TABLE sync_watermark (
    source_id    INTEGER NOT NULL REFERENCES sync_source (source_id),
    restore_type TEXT NOT NULL,      -- '': listed without a type
    updated_time BIGINT NOT NULL CHECK (typeof(updated_time) = 'integer'), -- the greatest UpdatedTime stored by it
    full_walk_at BIGINT NOT NULL CHECK (typeof(full_walk_at) = 'integer'), -- when the last proved full walk ended
    run_id       INTEGER NOT NULL CHECK (typeof(run_id) = 'integer'),
    cut_time     BIGINT NOT NULL CHECK (typeof(cut_time) = 'integer'),     -- the service's time when the listing began
    proved       INTEGER NOT NULL CHECK (proved IN (0, 1)),                 -- 0: unproved rows were stored since
    empty_since  BIGINT NOT NULL DEFAULT 0 CHECK (typeof(empty_since) = 'integer'), -- when it first listed nothing although jobs are stored, 0: it lists
    PRIMARY KEY (source_id, restore_type)
) WITHOUT ROWID;

-- One row a run, source and scope; written when it starts, closed when it ends.
CREATE TABLE sync_run (
    run_id         INTEGER NOT NULL CHECK (typeof(run_id) = 'integer'),
    source_id      INTEGER NOT NULL REFERENCES sync_source (source_id),
    scope          TEXT NOT NULL,    -- '' unrestricted, 'RestoreType=...', or the filters
    mode           TEXT NOT NULL,    -- full, delta, import
    outcome        TEXT NOT NULL,    -- running, done, unproved, failed, interrupted, skipped, crashed
    started_at     BIGINT NOT NULL CHECK (typeof(started_at) = 'integer'),
    finished_at    BIGINT CHECK (typeof(finished_at) IN ('integer', 'null')), -- NULL while running
    requests       INTEGER NOT NULL CHECK (typeof(requests) = 'integer'),
    retries        INTEGER NOT NULL CHECK (typeof(retries) = 'integer'),
    throttled      INTEGER NOT NULL CHECK (typeof(throttled) = 'integer'),
    pages          INTEGER NOT NULL CHECK (typeof(pages) = 'integer'),
    seen           INTEGER NOT NULL CHECK (typeof(seen) = 'integer'),
    inserted       INTEGER NOT NULL CHECK (typeof(inserted) = 'integer'),
    updated        INTEGER NOT NULL CHECK (typeof(updated) = 'integer'),
    unchanged      INTEGER NOT NULL CHECK (typeof(unchanged) = 'integer'),
    stale          INTEGER NOT NULL CHECK (typeof(stale) = 'integer'),          -- older than the row stored
    missing        INTEGER NOT NULL CHECK (typeof(missing) = 'integer'),        -- marked by this run
    returned       INTEGER NOT NULL CHECK (typeof(returned) = 'integer'),       -- marks removed
    rejected       INTEGER NOT NULL CHECK (typeof(rejected) = 'integer'),       -- without a usable RestoreId
    unknown_fields INTEGER NOT NULL CHECK (typeof(unknown_fields) = 'integer'), -- values that went to extra
    total_count    INTEGER CHECK (typeof(total_count) IN ('integer', 'null')),  -- the service's TotalCount
    local_count    INTEGER CHECK (typeof(local_count) IN ('integer', 'null')),  -- rows not marked missing
    open_jobs      INTEGER NOT NULL CHECK (typeof(open_jobs) = 'integer'),
    proof          TEXT NOT NULL CHECK (proof IN ('proved', 'unproved')),
    proof_detail   TEXT,
    watermark      BIGINT CHECK (typeof(watermark) IN ('integer', 'null')),
    error          TEXT,
    PRIMARY KEY (run_id, source_id, scope)
);
CREATE INDEX sync_run_scope ON sync_run (source_id, scope, run_id);
CREATE INDEX sync_run_running ON sync_run (run_id) WHERE outcome = 'running';
-- Runs that found nothing, which go after a while.
CREATE INDEX sync_run_idle ON sync_run (finished_at) WHERE inserted + updated + missing + returned = 0;
