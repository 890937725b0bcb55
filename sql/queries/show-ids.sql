-- The job, or, where it is not stored, every job.
SELECT restore_id FROM restore_job
WHERE restore_id = :id OR NOT EXISTS (SELECT 1 FROM restore_job WHERE restore_id = :id);
