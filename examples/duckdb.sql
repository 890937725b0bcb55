-- hbrsync's data in DuckDB, and out of it as Parquet: duckdb < duckdb.sql, in a folder with
--   restores.db         a published copy:   hbrsync --db DATABASE publish restores.db
--   restore-jobs.json   v_restore_job:      hbrsync --db DATABASE export --format json > restore-jobs.json
-- Each half works without the other. Tried with DuckDB 1.5, all but its extension `sqlite` itself (INSTALL, LOAD, ATTACH), which
-- was not at hand: tables loaded another way stood in for it.

-- 1. From an export. Nothing is fetched; DuckDB finds the types itself: integers are BIGINT, the ..._utc texts TIMESTAMP. (A column
-- with a value near the ends of 64 bits becomes HUGEINT, which Parquet keeps as DOUBLE: cast it where that matters.)
CREATE TABLE jobs AS SELECT * FROM read_json('restore-jobs.json', sample_size = -1);

SELECT restore_type, count(*) AS restores, quantile_cont(duration_seconds, [0.5, 0.95]) AS p50_p95
  FROM jobs WHERE outcome = 'succeeded' AND duration_seconds IS NOT NULL
 GROUP BY restore_type ORDER BY restores DESC;

COPY jobs TO 'restore-jobs.parquet' (FORMAT parquet, COMPRESSION zstd);

-- 2. From the database, by the extension `sqlite`, which DuckDB fetches when it is installed.
INSTALL sqlite;
LOAD sqlite;
ATTACH 'restores.db' AS hbr (TYPE sqlite, READ_ONLY);

-- Tables are read by DuckDB itself.
SELECT status, count(*) AS jobs FROM hbr.restore_job GROUP BY status ORDER BY jobs DESC;

SELECT run_id, mode, outcome, proof, requests, inserted, updated FROM hbr.sync_run ORDER BY run_id DESC LIMIT 10;

-- Views are written in SQLite's SQL, which DuckDB does not all understand: sqlite_query() has SQLite run a SELECT (DuckDB 1.2 and
-- later). Newer versions give every column of it as text, so cast what you compute with.
SELECT CAST(day AS DATE) AS day, region_id, CAST(jobs AS BIGINT) AS jobs, CAST(succeeded AS BIGINT) AS succeeded,
       CAST(partial AS BIGINT) AS partial, CAST(failed AS BIGINT) AS failed
  FROM sqlite_query('hbr', 'SELECT day, region_id, jobs, succeeded, partial, failed FROM v_restore_daily ORDER BY day DESC LIMIT 30');

SELECT restore_type, quantile_cont(CAST(duration_seconds AS BIGINT), [0.5, 0.95]) AS p50_p95
  FROM sqlite_query('hbr', 'SELECT restore_type, duration_seconds FROM v_restore_job WHERE outcome = ''succeeded'' AND duration_seconds IS NOT NULL')
 GROUP BY restore_type;

-- A table as it is, as Parquet.
COPY (SELECT * FROM hbr.restore_job_change) TO 'restore-job-changes.parquet' (FORMAT parquet, COMPRESSION zstd);
