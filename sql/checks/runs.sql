-- What the last run of a source counted, when nothing but that one run has written since: nor one of another edition, which may have
-- taken jobs over; what was imported without an account is taken over by any.
SELECT printf('%s %s %s: %d jobs are stored, the last sync counted %d', account_id, region_id, edition, jobs, counted)
FROM (
    SELECT s.account_id, s.region_id, s.edition, r.local_count AS counted,
        (SELECT count(*) FROM restore_job AS j WHERE j.source_id = r.source_id AND j.missing_since IS NULL) AS jobs
    FROM sync_run AS r
    JOIN sync_source AS s ON s.source_id = r.source_id
    WHERE r.scope = '' AND r.outcome <> 'running' AND r.local_count IS NOT NULL AND s.account_id <> ''
      AND r.run_id = (SELECT max(o.run_id) FROM sync_run AS o
                      JOIN sync_source AS t ON t.source_id = o.source_id
                      WHERE t.account_id = s.account_id AND t.region_id = s.region_id)
      AND (SELECT count(*) FROM sync_run AS o WHERE o.source_id = r.source_id AND o.run_id = r.run_id) = 1
)
WHERE jobs <> counted
ORDER BY account_id, region_id, edition;
