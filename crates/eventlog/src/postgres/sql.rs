//! Every statement of the engine; a test prepares each on a real database.

/// Rung with each commit that moves the head.
pub(super) const BELL: &str = "devportal_log";

/// For the whole life of a session. Isolation is said because a database may have another default: what is
/// looked up behind the head's lock must be seen as it is then. No time counts for COMMIT itself.
pub(super) const SESSION: &str = "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED; \
    SET synchronous_commit = on; \
    SET statement_timeout = 5000; \
    SET lock_timeout = 5000; \
    SET idle_in_transaction_session_timeout = 5000";
/// A standby answers with a past that may not be that of the log.
pub(super) const IS_STANDBY: &str = "SELECT pg_is_in_recovery()";
/// In a transaction left open, the statement begins later than the transaction. To be sent as a simple query:
/// otherwise it has several beginnings itself.
pub(super) const IS_IDLE: &str = "SELECT transaction_timestamp() = statement_timestamp()";

/// A migration takes the time it takes, and so does waiting for another node's.
pub(super) const PATIENCE: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0";
pub(super) const LOCK_SCHEMA: &str = "SELECT pg_advisory_xact_lock(7226452139242)";
pub(super) const MIGRATIONS: &str =
    "CREATE TABLE IF NOT EXISTS log_migrations (version BIGINT PRIMARY KEY NOT NULL)";
pub(super) const SCHEMA_VERSION: &str = "SELECT COALESCE(MAX(version), 0) FROM log_migrations";
pub(super) const RECORD_MIGRATION: &str = "INSERT INTO log_migrations (version) VALUES ($1)";
/// The first node makes the log; all others find it made.
pub(super) const MAKE_HEAD: &str = "INSERT INTO log_head (id, log_id, epoch, position, hash, recorded_at) \
    VALUES (1, $1, 1, 0, $2, $3) ON CONFLICT (id) DO NOTHING";

/// The columns of a head row; the last is the hash of the record at a position.
macro_rules! head {
    () => {
        "SELECT h.log_id, h.epoch, h.position, h.hash, h.recorded_at, \
         (SELECT substr(record, octet_length(record) - 31) FROM log_events WHERE position = $1) AS anchor \
         FROM log_head AS h WHERE h.id = 1"
    };
}

pub(super) const HEAD: &str = head!();
pub(super) const LOCK_HEAD: &str = concat!(head!(), " FOR UPDATE OF h");
pub(super) const HASH_AT: &str =
    "SELECT substr(record, octet_length(record) - 31) FROM log_events WHERE position = $1";

/// Where streams end, and where commands begin that are there already; those have version 0. One look into an
/// index for each, however many rows the planner believes there are.
pub(super) const LOOK_UP: &str = "SELECT k.stream AS id, e.position, e.version \
    FROM unnest($1::bytea[]) AS k (stream) CROSS JOIN LATERAL \
    (SELECT position, version FROM log_events WHERE stream = k.stream ORDER BY version DESC LIMIT 1) AS e \
    UNION ALL SELECT k.event_id, e.position, 0 \
    FROM unnest($2::bytea[]) AS k (event_id) CROSS JOIN LATERAL \
    (SELECT position FROM log_events WHERE event_id = k.event_id LIMIT 1) AS e";

/// Adds a group behind a position, moves the head and rings the bell.
pub(super) const WRITE: &str = "WITH written AS \
    (INSERT INTO log_events (position, stream, version, event_id, record) \
    SELECT $1 + n.place, n.stream, n.version, n.event_id, n.record \
    FROM unnest($2::bytea[], $3::bigint[], $4::bytea[], $5::bytea[]) \
    WITH ORDINALITY AS n (stream, version, event_id, record, place)), \
    moved AS (UPDATE log_head SET position = $6, hash = $7, recorded_at = $8 WHERE id = 1 RETURNING position) \
    SELECT pg_notify($9, position::text) FROM moved";

/// Records in an interval, each with the hash of the record at a third position: what is read must be the
/// history that the node has followed.
pub(super) const RECORDS: &str = "SELECT position, record, \
    (SELECT substr(record, octet_length(record) - 31) FROM log_events WHERE position = $3) AS anchor \
    FROM log_events WHERE position > $1 AND position <= $2 ORDER BY position";
pub(super) const RECORDS_AT: &str =
    "SELECT position, record FROM log_events WHERE position = ANY($1::bigint[]) ORDER BY position";
pub(super) const STREAM: &str = "SELECT version, record FROM log_events \
    WHERE stream = $1 AND version > $2 ORDER BY version LIMIT $3";
/// Newest first, as pages take them from the end.
pub(super) const STREAM_POSITIONS: &str = "SELECT position FROM log_events \
    WHERE stream = $1 AND version > $2 ORDER BY version DESC";
pub(super) const STREAM_VERSION: &str =
    "SELECT version FROM log_events WHERE stream = $1 ORDER BY version DESC LIMIT 1";
pub(super) const EVENT_POSITION: &str = "SELECT position FROM log_events WHERE event_id = $1";
