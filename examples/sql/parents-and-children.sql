-- Jobs that have children, with what the children say: do parent and children agree?
-- The views that add up leave the children out, because a parent's numbers may include theirs.
-- The sum of bytes is exact, and the nearest number beyond 64 bits.
SELECT p.restore_id, p.region_id, p.restore_type, p.status, count(*) AS children, sum(c.outcome = 'succeeded') AS children_succeeded,
       sum(c.outcome = 'partial') AS children_partial,
       sum(c.outcome = 'failed') AS children_failed, p.bytes_done,
       CASE WHEN abs(total(c.bytes_done)) < 9.2e18
            THEN (sum(c.bytes_done >> 32) << 32) + sum(c.bytes_done & 4294967295)
            ELSE CAST(total(c.bytes_done) AS INTEGER) END AS children_bytes_done
  FROM v_restore_job AS p JOIN v_restore_job AS c ON c.parent_id = p.restore_id
 GROUP BY p.restore_id
 ORDER BY children DESC, p.restore_id
 LIMIT 50;
