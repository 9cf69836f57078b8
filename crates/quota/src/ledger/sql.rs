//! Every statement of the ledger; a test prepares each on the engine it runs on.

/// Statements with the same text on both engines.
pub(super) mod both {
    pub(crate) const MIGRATIONS: &str =
        "CREATE TABLE IF NOT EXISTS quota_migrations (version BIGINT PRIMARY KEY NOT NULL)";
    pub(crate) const SCHEMA_VERSION: &str = "SELECT COALESCE(MAX(version), 0) FROM quota_migrations";
    pub(crate) const RECORD_MIGRATION: &str = "INSERT INTO quota_migrations (version) VALUES ($1)";
    pub(crate) const LATEST: &str = "SELECT COALESCE(MAX(latest), 0) FROM quota_pools";
    pub(crate) const RECALLED: &str = "SELECT pool FROM quota_pools WHERE recall_until > $1 LIMIT 10000";
}

/// The embedded engine takes pools one by one: a statement costs it a few microseconds.
pub(super) mod sqlite {
    pub(crate) const ACCOUNT: &str = "SELECT latest, recall_until, state FROM quota_pools WHERE pool = $1";
    pub(crate) const PUT: &str = "INSERT INTO quota_pools (pool, latest, recall_until, state) \
        VALUES ($1, $2, $3, $4) ON CONFLICT (pool) DO UPDATE \
        SET latest = excluded.latest, recall_until = excluded.recall_until, state = excluded.state";
    pub(crate) const VERSION: &str = "SELECT sqlite_version()";
}

/// The shared engine takes all pools of a batch at once: a statement costs it a round trip.
pub(super) mod postgres {
    pub(crate) const LOCK_SCHEMA: &str = "SELECT pg_advisory_xact_lock(7226452139241)";
    pub(crate) const NOW: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
    pub(crate) const MAKE: &str = "INSERT INTO quota_pools (pool, latest, recall_until, state) \
        SELECT pool, 0, 0, ''::bytea FROM unnest($1::bytea[]) AS pool ORDER BY pool ON CONFLICT DO NOTHING";
    /// In the order of keys, so that two nodes never wait for each other.
    pub(crate) const LOCK: &str = "SELECT pool, latest, recall_until, state FROM quota_pools \
        WHERE pool = ANY($1::bytea[]) ORDER BY pool FOR UPDATE";
    pub(crate) const PEEK: &str = "SELECT pool, latest, recall_until, state FROM quota_pools \
        WHERE pool = ANY($1::bytea[])";
    pub(crate) const PUT: &str = "UPDATE quota_pools AS p \
        SET latest = n.latest, recall_until = n.recall_until, state = n.state \
        FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bytea[]) AS n (pool, latest, recall_until, state) \
        WHERE p.pool = n.pool";
}
