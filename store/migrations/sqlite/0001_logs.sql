-- One row a record. The columns up to `host` are the record's own keys; the rest is its envelope.
CREATE TABLE logs (
    id             INTEGER PRIMARY KEY,
    timestamp      TEXT    NOT NULL,
    level          TEXT    NOT NULL,
    logger         TEXT    NOT NULL,
    message        TEXT    NOT NULL,
    trace_id       TEXT,
    span_id        TEXT,
    parent_span_id TEXT,
    request_id     TEXT,
    user_id        TEXT,
    session_id     TEXT,
    tenant_id      TEXT,
    context        TEXT    NOT NULL,
    metrics        TEXT    NOT NULL,
    error          TEXT,
    stack_trace    TEXT,
    environment    TEXT    NOT NULL,
    version        TEXT    NOT NULL,
    host           TEXT    NOT NULL,
    duration_ms    REAL,
    kind           TEXT    NOT NULL CHECK (kind IN ('span', 'event')),
    boot_id        BLOB    NOT NULL,
    seq            INTEGER NOT NULL,
    start_us       INTEGER,
    timestamp_us   INTEGER NOT NULL,
    created_at     TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    UNIQUE (boot_id, seq)
);

-- The records of a trace, and the traces that begin with a prefix.
CREATE INDEX logs_by_trace ON logs (trace_id) WHERE trace_id IS NOT NULL;
-- The newest records, the newest trace, and whatever is asked for a span of time.
CREATE INDEX logs_by_time ON logs (timestamp_us);
-- The trace of a request id.
CREATE INDEX logs_by_request ON logs (request_id) WHERE request_id IS NOT NULL;
-- What happened to a user.
CREATE INDEX logs_by_user ON logs (user_id, timestamp_us) WHERE user_id IS NOT NULL;
-- Failures are few among many records: their own small index finds them without reading the rest.
CREATE INDEX logs_failures ON logs (timestamp_us) WHERE level IN ('ERROR', 'CRITICAL');

-- One row that a durable flush rewrites: a commit with synchronous=FULL syncs all before it.
CREATE TABLE ragspan_sync (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    marks INTEGER NOT NULL
);
INSERT INTO ragspan_sync (id, marks) VALUES (1, 0);
