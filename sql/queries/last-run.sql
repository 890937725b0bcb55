-- The greatest run, 0 when there is none.
SELECT coalesce(max(run_id), 0) FROM sync_run;
