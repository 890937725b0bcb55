-- hbrsync's data in DuckDB, and out of it as Parquet: duckdb < duckdb.sql, in the folder of a published copy named restores.db.
--
-- DuckDB's extension `sqlite` is fetched on first use. Tables are read by DuckDB itself. A view's text is SQLite's SQL, which DuckDB
-- does not all understand: sqlite_query() has SQLite itself run a SELECT, and DuckDB takes the rows (DuckDB 1.2 and later).
-- hbrsync's tests run every SELECT inside a sqlite_query() in SQLite, and those from tables too; this file has not been run in
-- DuckDB, for none was at hand. Integers of SQLite may be wider than DuckDB guesses from a column's first rows: add CAST in the
-- inner SELECT where it complains.
INSTALL sqlite;
LOAD sqlite;
ATTACH 'restores.db' AS hbr (TYPE sqlite, READ_ONLY);

-- Tables, directly.
SELECT status, count(*) AS jobs FROM hbr.restore_job GROUP BY status ORDER BY jobs DESC;

SELECT run_id, mode, outcome, proof, requests, inserted, updated FROM hbr.sync_run ORDER BY run_id DESC LIMIT 10;

-- Views, through SQLite.
SELECT * FROM sqlite_query('hbr', 'SELECT day, region_id, jobs, succeeded, partial, failed FROM v_restore_daily ORDER BY day DESC LIMIT 30');

SELECT restore_type, quantile_cont(duration_seconds, [0.5, 0.95]) AS p50_p95
  FROM sqlite_query('hbr', 'SELECT restore_type, duration_seconds FROM v_restore_job WHERE is_success AND duration_seconds IS NOT NULL')
 GROUP BY restore_type;

-- Out as Parquet: one file of jobs, one of days.
COPY (SELECT * FROM sqlite_query('hbr', 'SELECT * FROM v_restore_job')) TO 'restore-jobs.parquet' (FORMAT parquet, COMPRESSION zstd);

COPY (SELECT * FROM sqlite_query('hbr', 'SELECT * FROM v_restore_daily')) TO 'restores-daily.parquet' (FORMAT parquet, COMPRESSION zstd);
