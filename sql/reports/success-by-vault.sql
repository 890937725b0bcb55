-- title: Success rate by vault
-- order: 42
-- The outcome of the restores created in the period, by the vault they restored from, the lowest rate first.
-- Top-level jobs only (ParentId empty). PARTIAL_COMPLETE counts as partial, not as success; failed are FAILED, EXPIRED and
-- CLIENT_DELETED; "other" has ended with a status this version does not know. The rate is succeeded / (succeeded + partial + failed).
WITH
job AS MATERIALIZED (
    SELECT vault_id, outcome FROM v_restore_job
    WHERE coalesce(created_time, 0) BETWEEN :since AND :until AND is_top_level
)
SELECT
    vault_id,
    count(*) AS restores,
    count(*) FILTER (WHERE outcome = 'succeeded') AS succeeded,
    count(*) FILTER (WHERE outcome = 'partial') AS partial,
    count(*) FILTER (WHERE outcome = 'failed') AS failed,
    count(*) FILTER (WHERE outcome = 'canceled') AS canceled,
    count(*) FILTER (WHERE outcome = 'open') AS open,
    count(*) FILTER (WHERE outcome = 'other') AS other,
    round(100.0 * count(*) FILTER (WHERE outcome = 'succeeded')
          / nullif(count(*) FILTER (WHERE outcome IN ('succeeded', 'partial', 'failed')), 0), 1) AS success_rate_percent
FROM job
GROUP BY 1
ORDER BY success_rate_percent IS NULL, success_rate_percent, restores DESC, 1;
