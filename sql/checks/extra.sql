-- What is kept of fields that this version does not know is a JSON object.
SELECT printf('job %s: extra is not a JSON object', restore_id)
FROM (
    SELECT restore_id, extra FROM restore_job WHERE extra IS NOT NULL
    UNION ALL
    SELECT restore_id, extra FROM restore_job_report WHERE extra IS NOT NULL
    UNION ALL
    SELECT restore_id, extra FROM restore_job_ots_detail WHERE extra IS NOT NULL
)
WHERE CASE WHEN json_valid(extra) THEN json_type(extra) <> 'object' ELSE 1 END;
