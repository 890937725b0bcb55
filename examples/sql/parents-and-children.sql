-- Jobs that have children, with what the children say: do parent and children agree?
-- The views that add up leave the children out, because a parent's numbers may include theirs.
SELECT p.restore_id, p.region_id, p.restore_type, p.status, count(*) AS children, sum(c.is_success) AS children_succeeded,
       sum(c.status IN ('FAILED', 'PARTIAL_COMPLETE')) AS children_failed, p.bytes_done, sum(c.bytes_done) AS children_bytes_done
  FROM v_restore_job AS p JOIN v_restore_job AS c ON c.parent_id = p.restore_id
 GROUP BY p.restore_id
 ORDER BY children DESC, p.restore_id
 LIMIT 50;
