UPDATE sync_run SET outcome = 'crashed', finished_at = ?1, proof = 'unproved',
    error = coalesce(error, 'the process ended before the run did')
WHERE outcome = 'running';
