-- For `sync --metrics-file`: a row a sample, those of a metric together. All are gauges; a label that a metric does not have is NULL, and
-- the labels are named in src/cli/sync_metrics.c in the order of the columns. Of sources that are not retired.
-- What has not happened yet is 0, and not left out: a rule on a series that appears with its first event misses that. Statuses and vaults
-- are the service's texts: an unknown one could be anything, a secret included, and there could be any number of them.
WITH
run AS MATERIALIZED (
    SELECT account_id, region_id, edition, scope, proof = 'proved' AS proved, inserted, updated, missing
    FROM sync_run JOIN sync_source USING (source_id)
    WHERE run_id = :run_id
),
health AS MATERIALIZED (
    SELECT account_id, region_id, edition, scope, proved, open_jobs, missing_jobs,
        coalesce(CAST(strftime('%s', last_proved_utc) AS INTEGER), 0) AS last_proved_at,
        coalesce(CAST(strftime('%s', last_success_utc) AS INTEGER), 0) AS last_success_at
    FROM v_sync_health
    WHERE retired_utc IS NULL
),
source AS (
    SELECT source_id, account_id, region_id, edition FROM sync_source WHERE retired_at IS NULL
),
open AS (
    SELECT account_id, region_id, edition, max(age_seconds) AS age FROM v_restore_open GROUP BY 1, 2, 3
),
known(status) AS (
    VALUES ('CREATED'), ('QUEUED'), ('RUNNING'), ('CANCELING'), ('COMPLETE'), ('PARTIAL_COMPLETE'), ('FAILED'), ('CANCELED'), ('EXPIRED'),
        ('CLIENT_DELETED'), ('other')
),
listed AS (
    SELECT source_id, CASE WHEN status IN known THEN status ELSE 'other' END AS status, count(*) AS jobs
    FROM restore_job
    WHERE missing_since IS NULL
    GROUP BY 1, 2
),
-- Materialized, because SQLite reads all parts of a job that it groups.
restored AS MATERIALIZED (
    SELECT source_id,
        CASE WHEN vault_id GLOB 'v-*' AND length(vault_id) < 65 AND vault_id NOT GLOB '*[^A-Za-z0-9_-]*' THEN vault_id ELSE 'other' END AS vault_id,
        CASE outcome WHEN 'succeeded' THEN complete_time END AS done
    FROM v_restore_job
    WHERE vault_id <> '' AND is_top_level
),
vault AS (
    SELECT account_id, region_id, vault_id, coalesce(max(done), 0) AS done
    FROM restored JOIN source USING (source_id)
    GROUP BY 1, 2, 3
    ORDER BY 4 LIMIT 1000
)
SELECT 'last_run_proved' AS name, 'Whether the last sync of the scope was proved complete.' AS help,
    account_id, region_id, edition, scope, NULL AS status, NULL AS vault_id, proved AS value FROM run
UNION ALL
SELECT 'last_run_inserted_rows', 'Jobs that the last sync added.',
    account_id, region_id, edition, scope, NULL, NULL, inserted FROM run
UNION ALL
SELECT 'last_run_updated_rows', 'Jobs that the last sync changed.',
    account_id, region_id, edition, scope, NULL, NULL, updated FROM run
UNION ALL
SELECT 'last_run_missing_rows', 'Jobs that the last sync found to be no longer listed.',
    account_id, region_id, edition, scope, NULL, NULL, missing FROM run
UNION ALL
SELECT 'schema_version', 'The version of the database''s schema.', NULL, NULL, NULL, NULL, NULL, NULL, user_version FROM pragma_user_version
UNION ALL
SELECT 'source_proved', 'Whether what is stored of the scope is proved complete.',
    account_id, region_id, edition, scope, NULL, NULL, proved FROM health
UNION ALL
SELECT 'source_last_proved_timestamp_seconds', 'When the scope was last proved complete, UNIX time, 0 never.',
    account_id, region_id, edition, scope, NULL, NULL, last_proved_at FROM health
UNION ALL
SELECT 'source_last_success_timestamp_seconds', 'When a sync of the scope last ended well, UNIX time, 0 never.',
    account_id, region_id, edition, scope, NULL, NULL, last_success_at FROM health
UNION ALL
SELECT 'source_open_jobs', 'Jobs that are not finished.',
    account_id, region_id, edition, scope, NULL, NULL, open_jobs FROM health
UNION ALL
SELECT 'source_missing_jobs', 'Stored jobs that the service no longer lists.',
    account_id, region_id, edition, scope, NULL, NULL, missing_jobs FROM health
UNION ALL
SELECT 'source_oldest_open_job_age_seconds', 'How long ago the oldest job that is not finished was created, 0 when there is none.',
    account_id, region_id, edition, NULL, NULL, NULL, coalesce(age, 0) FROM source LEFT JOIN open USING (account_id, region_id, edition)
UNION ALL
SELECT 'jobs', 'Stored jobs that the service lists.',
    account_id, region_id, edition, NULL, status, NULL, coalesce(jobs, 0) FROM source JOIN known LEFT JOIN listed USING (source_id, status)
UNION ALL
SELECT 'vault_last_success_timestamp_seconds', 'When a restore from the vault last succeeded, UNIX time, 0 never.',
    account_id, region_id, NULL, NULL, NULL, vault_id, done FROM vault;
