//! Every statement of the ledger; a test prepares each on the engine it runs on.

/// Units by what became of them: passed, refused, neither; and what an observed limit would have refused.
macro_rules! counts {
    () => {
        "CAST(SUM(CASE WHEN outcome IN (1, 7) THEN units ELSE 0 END) AS BIGINT), \
         CAST(SUM(CASE WHEN outcome IN (2, 3, 4, 5) THEN units ELSE 0 END) AS BIGINT), \
         CAST(SUM(CASE WHEN outcome = 8 THEN units ELSE 0 END) AS BIGINT), \
         CAST(SUM(CASE WHEN outcome = 6 THEN units ELSE 0 END) AS BIGINT)"
    };
}

/// Steps of one group.
macro_rules! steps {
    () => {
        "FROM quota_usage WHERE pool_owner = $1 AND span = $2 AND starts_at >= $3"
    };
}

/// History divided by a column, with its largest parts told apart. What an observed limit would have refused was
/// counted as passed already.
macro_rules! divided {
    ($column:literal) => {
        concat!(
            "WITH largest AS (SELECT ",
            $column,
            " ",
            steps!(),
            " GROUP BY ",
            $column,
            " ORDER BY SUM(CASE WHEN outcome = 6 THEN 0 ELSE units END) DESC, ",
            $column,
            " LIMIT $4) SELECT starts_at, ",
            counts!(),
            ", CASE WHEN ",
            $column,
            " IN (SELECT ",
            $column,
            " FROM largest) THEN ",
            $column,
            " END AS part ",
            steps!(),
            " GROUP BY starts_at, part"
        )
    };
}

/// Adds to a line that is there already.
macro_rules! or_add {
    () => {
        "ON CONFLICT (pool_owner, span, starts_at, integration, site, outcome) \
         DO UPDATE SET units = quota_usage.units + excluded.units"
    };
}

/// Statements with the same text on both engines.
pub(super) mod both {
    pub(crate) const MIGRATIONS: &str =
        "CREATE TABLE IF NOT EXISTS quota_migrations (version BIGINT PRIMARY KEY NOT NULL)";
    pub(crate) const SCHEMA_VERSION: &str = "SELECT COALESCE(MAX(version), 0) FROM quota_migrations";
    pub(crate) const RECORD_MIGRATION: &str = "INSERT INTO quota_migrations (version) VALUES ($1)";
    /// Changes nothing, and has to be committed.
    pub(crate) const TOUCH: &str = "UPDATE quota_migrations SET version = version WHERE version = 1";
    pub(crate) const LATEST: &str = "SELECT COALESCE(MAX(latest), 0) FROM quota_pools";
    pub(crate) const RECALLED: &str = "SELECT pool FROM quota_pools WHERE recall_until > $1 LIMIT 10000";
    pub(crate) const HISTORY: &str =
        concat!("SELECT starts_at, ", counts!(), " ", steps!(), " GROUP BY starts_at");
    pub(crate) const HISTORY_BY_INTEGRATION: &str = divided!("integration");
    pub(crate) const HISTORY_BY_SITE: &str = divided!("site");
    pub(crate) const HISTORY_BY_OUTCOME: &str = concat!(
        "SELECT starts_at, ",
        counts!(),
        ", CAST(outcome AS BIGINT) ",
        steps!(),
        " GROUP BY starts_at, outcome"
    );
    /// A few at a time, so that nobody waits long behind it.
    pub(crate) const FORGET: &str = "DELETE FROM quota_usage \
        WHERE (pool_owner, span, starts_at, integration, site, outcome) IN \
        (SELECT pool_owner, span, starts_at, integration, site, outcome FROM quota_usage \
        WHERE span = $1 AND starts_at < $2 LIMIT 1000)";
}

/// The embedded engine takes pools one by one: a statement costs it a few microseconds.
pub(super) mod sqlite {
    pub(crate) const ACCOUNT: &str = "SELECT latest, recall_until, state FROM quota_pools WHERE pool = $1";
    pub(crate) const PUT: &str = "INSERT INTO quota_pools (pool, latest, recall_until, state) \
        VALUES ($1, $2, $3, $4) ON CONFLICT (pool) DO UPDATE \
        SET latest = excluded.latest, recall_until = excluded.recall_until, state = excluded.state";
    pub(crate) const COUNT: &str = concat!(
        "INSERT INTO quota_usage (pool_owner, span, starts_at, integration, site, outcome, units) \
         VALUES ($1, 1, $6, $2, $3, $4, $5), ($1, 2, $7, $2, $3, $4, $5), ($1, 3, $8, $2, $3, $4, $5) ",
        or_add!()
    );
    pub(crate) const VERSION: &str = "SELECT sqlite_version()";
}

/// The shared engine takes all pools of a batch at once: a statement costs it a round trip.
pub(super) mod postgres {
    pub(crate) const LOCK_SCHEMA: &str = "SELECT pg_advisory_xact_lock(7226452139241)";
    /// Ahead of the database's own clock as long as that is behind what was recorded.
    pub(crate) const SET_CLOCK: &str = "INSERT INTO quota_clock (id, ahead_ms) \
        SELECT 1, GREATEST(0, recorded - own) FROM \
        (SELECT (SELECT COALESCE(MAX(latest), 0) FROM quota_pools) AS recorded, \
        (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS own) AS instants \
        ON CONFLICT (id) DO UPDATE SET ahead_ms = CASE WHEN excluded.ahead_ms = 0 THEN 0 \
        ELSE GREATEST(quota_clock.ahead_ms, excluded.ahead_ms) END";
    pub(crate) const NOW: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint \
        + COALESCE((SELECT ahead_ms FROM quota_clock), 0)";
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
    /// In the order of the primary key, so that two nodes never wait for each other.
    pub(crate) const COUNT: &str = concat!(
        "INSERT INTO quota_usage (pool_owner, span, starts_at, integration, site, outcome, units) \
         SELECT l.pool_owner, s.span, s.starts_at, l.integration, l.site, l.outcome, l.units \
         FROM unnest($1::bytea[], $2::bytea[], $3::text[], $4::smallint[], $5::bigint[]) \
         AS l (pool_owner, integration, site, outcome, units) \
         CROSS JOIN (VALUES (1::smallint, $6::bigint), (2, $7), (3, $8)) AS s (span, starts_at) \
         ORDER BY 1, 2, 3, 4, 5, 6 ",
        or_add!()
    );
}
