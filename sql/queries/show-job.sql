-- One job, as v_restore_job has it: for programs.
SELECT * FROM v_restore_job WHERE restore_id = :id;
