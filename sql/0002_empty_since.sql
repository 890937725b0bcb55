-- Version 2: it is a scope that suddenly lists nothing and is not believed at once, not the source as a whole; of
-- several RestoreTypes one may be empty. sync_source.empty_since is not used any more.
ALTER TABLE sync_watermark ADD COLUMN empty_since INTEGER NOT NULL DEFAULT 0
    CHECK (typeof(empty_since) = 'integer'); -- when it first listed nothing although jobs are stored, 0: it lists
UPDATE sync_watermark SET empty_since =
    (SELECT s.empty_since FROM sync_source AS s WHERE s.source_id = sync_watermark.source_id);
UPDATE sync_source SET empty_since = 0;
