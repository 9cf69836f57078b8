-- What became of calls, counted for people: by steps of five minutes (span 1), days (2) and months (3), all UTC.
-- One text for SQLite and PostgreSQL. Instants are milliseconds since 1970 UTC; a site that was not named is ''.
-- Spans, outcomes and what stands for many sites are those of crates/quota/src/usage.rs.

CREATE TABLE quota_usage (
    pool_owner  BYTEA    NOT NULL,
    span        SMALLINT NOT NULL,
    starts_at   BIGINT   NOT NULL,
    integration BYTEA    NOT NULL,
    site        TEXT     NOT NULL,
    outcome     SMALLINT NOT NULL,
    units       BIGINT   NOT NULL,
    PRIMARY KEY (pool_owner, span, starts_at, integration, site, outcome)
);
CREATE INDEX quota_usage_by_age ON quota_usage (span, starts_at);
