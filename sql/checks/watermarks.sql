-- A watermark is some job's UpdatedTime, so one that no job bears tells of a lost row. The job may have gone to another source,
-- or have changed since: its history tells that.
SELECT printf('%s %s %s%s%s: the watermark %d is beyond the latest job stored, %d', account_id, region_id, edition,
    iif(restore_type <> '', ' ', ''), restore_type, updated_time, latest)
FROM (
    SELECT s.account_id, s.region_id, s.edition, w.restore_type, w.updated_time,
        (SELECT coalesce(max(j.updated_time), 0) FROM restore_job AS j
         WHERE j.source_id = w.source_id AND (w.restore_type = '' OR j.restore_type = w.restore_type)) AS latest
    FROM sync_watermark AS w
    JOIN sync_source AS s ON s.source_id = w.source_id
) AS lost
WHERE updated_time > latest
  AND NOT EXISTS (SELECT 1 FROM restore_job AS j WHERE j.updated_time = lost.updated_time)
  AND NOT EXISTS (SELECT 1 FROM restore_job_change AS c
                  WHERE CASE WHEN json_valid(c.changed) THEN json_extract(c.changed, '$.updated_time[0]') END = lost.updated_time)
ORDER BY account_id, region_id, edition, restore_type;
