-- The beginning of what reads a stored job ?1; model.c adds the fields of the model. to_own: the job goes to the writer's source ?2,
-- because its own does not list it any more, or was never read, only imported, or is another edition than the default one, which lists it.
SELECT p0.row_id, p0.source_id = ?2, p0.missing_since,
    p0.source_id <> ?2
    AND (p0.missing_since IS NOT NULL
         OR EXISTS (SELECT 1 FROM sync_source AS s
                    JOIN sync_source AS w ON w.source_id = ?2
                    WHERE s.source_id = p0.source_id
                      AND (NOT EXISTS (SELECT 1 FROM sync_run AS r WHERE r.source_id = s.source_id AND r.mode <> 'import')
                           OR (w.edition = 'STANDARD' AND s.edition <> w.edition
                               AND s.account_id = w.account_id AND s.region_id = w.region_id)))) AS to_own
