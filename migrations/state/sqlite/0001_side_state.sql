-- Small, mutable, not in the log and not disposable. Instants are milliseconds since 1970, UTC; ids are the
-- 16 bytes of their UUID; fingerprints and hashes are 32 bytes.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY NOT NULL,
    value BLOB NOT NULL
);

-- A destroyed key keeps its row, so that "erased" and "lost" can be told apart.
CREATE TABLE subject_keys (
    subject             BLOB NOT NULL,
    generation          INTEGER NOT NULL,
    wrapped             BLOB,
    wrapping_generation INTEGER NOT NULL,
    destroyed_at        BIGINT,
    PRIMARY KEY (subject, generation)
);

CREATE TABLE credentials (
    credential     BLOB PRIMARY KEY NOT NULL,
    password_phc   TEXT NOT NULL,
    totp_sealed    BLOB,
    totp_last_step BIGINT
);

CREATE TABLE sign_ups (
    id         BLOB PRIMARY KEY NOT NULL,
    address_fp BLOB NOT NULL,
    payload    BLOB NOT NULL,
    known      INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sign_ups_by_expiry ON sign_ups (expires_at);

CREATE TABLE sessions (
    token_hash   BLOB PRIMARY KEY NOT NULL,
    session      BLOB NOT NULL UNIQUE,
    owner_kind   TEXT NOT NULL,
    owner        BLOB NOT NULL,
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE INDEX sessions_by_owner ON sessions (owner, created_at);

CREATE TABLE code_uses (
    challenge  BLOB PRIMARY KEY NOT NULL,
    tries      INTEGER NOT NULL,
    used_by    BLOB,
    used_at    BIGINT,
    expires_at BIGINT NOT NULL
);

CREATE TABLE api_secrets (
    secret      BLOB PRIMARY KEY NOT NULL,
    secret_hash BLOB NOT NULL
);

CREATE TABLE mail_budget (
    intent     BLOB PRIMARY KEY NOT NULL,
    address_fp BLOB NOT NULL,
    budget     TEXT NOT NULL,
    at         BIGINT NOT NULL
);
CREATE INDEX mail_budget_by_address ON mail_budget (address_fp, budget, at);

CREATE TABLE outbox (
    intent     BLOB PRIMARY KEY NOT NULL,
    kind       TEXT NOT NULL,
    payload    BLOB NOT NULL,
    cause      BLOB,
    state      TEXT NOT NULL,
    attempts   INTEGER NOT NULL,
    due_at     BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX outbox_by_due ON outbox (due_at);

CREATE TABLE sign_in_failures (
    address_fp BLOB NOT NULL,
    at         BIGINT NOT NULL
);
CREATE INDEX sign_in_failures_by_address ON sign_in_failures (address_fp, at);
