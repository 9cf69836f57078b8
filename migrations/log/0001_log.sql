-- The log on PostgreSQL. `record` is the stored form of crates/eventlog/src/record.rs, byte for byte that of every other
-- engine; the columns beside it are taken from it, to find it by.

-- The end of the log. Who appends holds this row's lock from before it looks until after it has committed, so that
-- positions have no gaps and are in the order of commits.
CREATE TABLE log_head (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    log_id      BYTEA   NOT NULL,
    -- Raised when the log is brought back from a back-up: nodes that knew it before must begin anew.
    epoch       BIGINT  NOT NULL,
    position    BIGINT  NOT NULL,
    -- Of the last record; of the log id when there is none.
    hash        BYTEA   NOT NULL,
    -- Of the last record, in milliseconds since 1970 UTC; the smallest number when there is none.
    recorded_at BIGINT  NOT NULL
);

CREATE TABLE log_events (
    position BIGINT PRIMARY KEY,
    -- The first 16 bytes of SHA-256 of the stream's name.
    stream   BYTEA  NOT NULL,
    version  BIGINT NOT NULL,
    event_id BYTEA  NOT NULL,
    record   BYTEA  NOT NULL,
    UNIQUE (stream, version),
    UNIQUE (event_id)
);
-- Most of a long record is ciphertext, which does not shrink; and its end, the hash, is read without the rest.
ALTER TABLE log_events ALTER COLUMN record SET STORAGE EXTERNAL;

CREATE FUNCTION log_events_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events of the log are never changed or removed';
END
$$;
CREATE TRIGGER log_events_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON log_events
    FOR EACH STATEMENT EXECUTE FUNCTION log_events_are_kept();
