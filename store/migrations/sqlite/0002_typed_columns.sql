-- The values that queries ask for, as columns of their own, so that no query reads JSON. They are NULL where a record has
-- no such value. `is_local_root` is NULL only in rows whose typed columns are not filled yet.
ALTER TABLE logs ADD COLUMN operation           TEXT;
ALTER TABLE logs ADD COLUMN status              TEXT;
ALTER TABLE logs ADD COLUMN layer               TEXT;
ALTER TABLE logs ADD COLUMN is_local_root       INTEGER;
ALTER TABLE logs ADD COLUMN model               TEXT;
ALTER TABLE logs ADD COLUMN input_tokens        INTEGER;
ALTER TABLE logs ADD COLUMN cached_input_tokens INTEGER;
ALTER TABLE logs ADD COLUMN cache_write_tokens  INTEGER;
ALTER TABLE logs ADD COLUMN output_tokens       INTEGER;
ALTER TABLE logs ADD COLUMN reasoning_tokens    INTEGER;
ALTER TABLE logs ADD COLUMN total_tokens        INTEGER;
ALTER TABLE logs ADD COLUMN llm_calls           INTEGER;
ALTER TABLE logs ADD COLUMN cost_nanos          INTEGER;
ALTER TABLE logs ADD COLUMN error_type          TEXT;
ALTER TABLE logs ADD COLUMN error_fingerprint   TEXT;
ALTER TABLE logs ADD COLUMN error_span_id       TEXT;
ALTER TABLE logs ADD COLUMN score_name          TEXT;
ALTER TABLE logs ADD COLUMN score               REAL;

-- The rows whose typed columns may not be filled: those from `first_id` to `last_id`. The writer fills some after each
-- batch, the newest first, and moves `last_id` down.
CREATE TABLE ragspan_backfill (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    first_id INTEGER NOT NULL,
    last_id  INTEGER NOT NULL
);
INSERT INTO ragspan_backfill (id, first_id, last_id) SELECT 1, 1, coalesce(max(id), 0) FROM logs;

-- A program that knows only version 1 may still be writing. The rows that it inserts are filled later.
CREATE TRIGGER logs_to_fill AFTER INSERT ON logs WHEN NEW.is_local_root IS NULL BEGIN
    UPDATE ragspan_backfill SET
        first_id = CASE WHEN last_id < first_id THEN NEW.id ELSE min(first_id, NEW.id) END,
        last_id = max(last_id, NEW.id)
    WHERE id = 1;
END;
