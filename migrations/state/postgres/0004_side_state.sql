-- Side state that several nodes share. Numbers are those of the file's migrations: the same number, the same tables.
-- Instants are milliseconds since 1970, UTC; ids are the 16 bytes of their UUID; fingerprints and hashes are 32 bytes.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value BYTEA NOT NULL
);

-- A destroyed key keeps its row, so that "erased" and "lost" can be told apart.
CREATE TABLE subject_keys (
    subject             BYTEA NOT NULL,
    generation          BIGINT NOT NULL,
    wrapped             BYTEA,
    wrapping_generation BIGINT NOT NULL,
    destroyed_at        BIGINT,
    PRIMARY KEY (subject, generation)
);

CREATE TABLE credentials (
    credential     BYTEA PRIMARY KEY,
    password_phc   TEXT NOT NULL,
    totp_sealed    BYTEA,
    totp_last_step BIGINT
);

CREATE TABLE sign_ups (
    id         BYTEA PRIMARY KEY,
    address_fp BYTEA NOT NULL,
    payload    BYTEA NOT NULL,
    known      BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sign_ups_by_expiry ON sign_ups (expires_at);

CREATE TABLE sessions (
    token_hash   BYTEA PRIMARY KEY,
    session      BYTEA NOT NULL UNIQUE,
    owner_kind   TEXT NOT NULL,
    owner        BYTEA NOT NULL,
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE INDEX sessions_by_owner ON sessions (owner, created_at);

CREATE TABLE code_uses (
    challenge  BYTEA PRIMARY KEY,
    tries      BIGINT NOT NULL,
    used_by    BYTEA,
    used_at    BIGINT,
    expires_at BIGINT NOT NULL
);

-- The door looks a presented secret up by its keyed hash.
CREATE TABLE api_secrets (
    secret      BYTEA PRIMARY KEY,
    secret_hash BYTEA NOT NULL
);
CREATE INDEX api_secrets_by_hash ON api_secrets (secret_hash);

CREATE TABLE mail_budget (
    intent     BYTEA PRIMARY KEY,
    address_fp BYTEA NOT NULL,
    budget     TEXT NOT NULL,
    at         BIGINT NOT NULL
);
CREATE INDEX mail_budget_by_address ON mail_budget (address_fp, budget, at);

CREATE TABLE outbox (
    intent     BYTEA PRIMARY KEY,
    kind       TEXT NOT NULL,
    payload    BYTEA NOT NULL,
    cause      BYTEA,
    state      TEXT NOT NULL,
    attempts   BIGINT NOT NULL,
    due_at     BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX outbox_by_due ON outbox (due_at);

CREATE TABLE sign_in_failures (
    address_fp BYTEA NOT NULL,
    at         BIGINT NOT NULL
);
CREATE INDEX sign_in_failures_by_address ON sign_in_failures (address_fp, at);

-- Whose credential a keyed hash is. Which of them are live is told by the log.
CREATE TABLE gateway_credentials (
    credential      BYTEA PRIMARY KEY,
    gateway         BYTEA NOT NULL,
    credential_hash BYTEA NOT NULL UNIQUE
);

-- Looks at the mail hosts of contacts: when the next one is due, and what the latest ones came to, as codes without
-- anything about a person. One row for each declaration of a contact.
CREATE TABLE contact_checks (
    account  BYTEA NOT NULL,
    epoch    BIGINT NOT NULL,
    occasion TEXT NOT NULL,
    due_at   BIGINT,
    seen     TEXT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (account, epoch)
);
CREATE INDEX contact_checks_by_due ON contact_checks (due_at);

-- What counts against how often may be looked: an account's wishes, a mail domain's hosts, all together.
CREATE TABLE contact_check_budget (
    budget  TEXT NOT NULL,
    counted BYTEA NOT NULL,
    at      BIGINT NOT NULL
);
CREATE INDEX contact_check_budget_by_counted ON contact_check_budget (budget, counted, at);
