-- The quota ledger: what is leased and used of each pool. One text for SQLite and PostgreSQL.
-- Instants are milliseconds since 1970 UTC. `state` is the account in the form of crates/quota/src/codec.rs.

CREATE TABLE quota_pools (
    pool         BYTEA  PRIMARY KEY NOT NULL,
    latest       BIGINT NOT NULL,
    recall_until BIGINT NOT NULL,
    state        BYTEA  NOT NULL
);
CREATE INDEX quota_pools_by_recall ON quota_pools (recall_until) WHERE recall_until > 0;
CREATE INDEX quota_pools_by_latest ON quota_pools (latest);
