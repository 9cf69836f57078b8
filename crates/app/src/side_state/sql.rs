//! Every statement of side state. The same text runs on SQLite and PostgreSQL, but for what is said at the end of
//! only one of them; a test prepares each on both.

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)+) => {
        $($(#[$doc])* pub(super) const $name: &str = $text;)+
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str)] = &[$((stringify!($name), $text)),+];
    };
}

statements! {
    CREATE_MIGRATIONS = "CREATE TABLE IF NOT EXISTS state_migrations (version BIGINT PRIMARY KEY NOT NULL)";
    SCHEMA_VERSION = "SELECT COALESCE(MAX(version), 0) FROM state_migrations";
    RECORD_MIGRATION = "INSERT INTO state_migrations (version) VALUES ($1)";

    META = "SELECT value FROM meta WHERE key = $1";
    INSERT_META = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
    PUT_META = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";

    INSERT_SUBJECT_KEY = "INSERT INTO subject_keys (subject, generation, wrapped, wrapping_generation) \
        VALUES ($1, $2, $3, $4) ON CONFLICT (subject, generation) DO NOTHING";
    SUBJECT_KEY = "SELECT generation, wrapped, wrapping_generation FROM subject_keys WHERE subject = $1 AND generation = $2";
    ANY_SUBJECT_KEY = "SELECT generation FROM subject_keys LIMIT 1";
    DESTROY_SUBJECT_KEYS = "UPDATE subject_keys SET wrapped = NULL, destroyed_at = $2 WHERE subject = $1 AND wrapped IS NOT NULL";
    KEYS_WRAPPED_BEFORE = "SELECT generation, wrapped, wrapping_generation, subject FROM subject_keys \
        WHERE wrapping_generation < $1 AND wrapped IS NOT NULL LIMIT $2";
    REWRAP_SUBJECT_KEY = "UPDATE subject_keys SET wrapped = $3, wrapping_generation = $4 \
        WHERE subject = $1 AND generation = $2 AND wrapped IS NOT NULL";

    INSERT_CREDENTIAL = "INSERT INTO credentials (credential, password_phc, totp_sealed) \
        VALUES ($1, $2, $3) ON CONFLICT (credential) DO NOTHING";
    CREDENTIAL = "SELECT password_phc, totp_sealed FROM credentials WHERE credential = $1";
    SET_PASSWORD = "UPDATE credentials SET password_phc = $2 WHERE credential = $1";
    ADVANCE_TOTP = "UPDATE credentials SET totp_last_step = $2 \
        WHERE credential = $1 AND (totp_last_step IS NULL OR totp_last_step < $2)";
    DELETE_CREDENTIAL = "DELETE FROM credentials WHERE credential = $1";

    ADMIT_SIGN_IN = "INSERT INTO sign_in_failures (address_fp, at) SELECT $1, $2 \
        WHERE (SELECT COUNT(*) FROM sign_in_failures WHERE address_fp = $1 AND at > $3) < $4";
    OLDEST_SIGN_IN_FAILURE = "SELECT at FROM sign_in_failures WHERE address_fp = $1 AND at > $2 ORDER BY at LIMIT 1";
    CLEAR_SIGN_IN_FAILURES = "DELETE FROM sign_in_failures WHERE address_fp = $1";
    PURGE_SIGN_IN_FAILURES = "DELETE FROM sign_in_failures WHERE at <= $1";

    INSERT_API_SECRET = "INSERT INTO api_secrets (secret, secret_hash) VALUES ($1, $2) ON CONFLICT (secret) DO NOTHING";
    API_SECRET = "SELECT secret_hash FROM api_secrets WHERE secret = $1";
    API_SECRETS = "SELECT secret_hash, secret FROM api_secrets";
    DELETE_API_SECRET = "DELETE FROM api_secrets WHERE secret = $1";

    INSERT_GATEWAY_CREDENTIAL = "INSERT INTO gateway_credentials (credential, gateway, credential_hash) \
        SELECT $1, $2, $3 WHERE (SELECT COUNT(*) FROM gateway_credentials) < $4 \
        ON CONFLICT (credential) DO UPDATE SET gateway = excluded.gateway";
    GATEWAY_CREDENTIALS = "SELECT credential, gateway, credential_hash FROM gateway_credentials";
    DELETE_GATEWAY_CREDENTIAL = "DELETE FROM gateway_credentials WHERE credential = $1";
    DELETE_GATEWAY_CREDENTIALS_OF = "DELETE FROM gateway_credentials WHERE gateway = $1";

    INSERT_SIGN_UP = "INSERT INTO sign_ups (id, address_fp, payload, known, created_at, expires_at) \
        SELECT $1, $2, $3, $4, $5, $6 WHERE (SELECT COUNT(*) FROM sign_ups) < $7 ON CONFLICT (id) DO NOTHING";
    SIGN_UP = "SELECT address_fp, payload, known, expires_at FROM sign_ups WHERE id = $1 AND expires_at > $2";
    DELETE_SIGN_UP = "DELETE FROM sign_ups WHERE id = $1";
    PURGE_SIGN_UPS = "DELETE FROM sign_ups WHERE expires_at <= $1";

    INSERT_SESSION = "INSERT INTO sessions (token_hash, session, owner_kind, owner, created_at, last_used_at, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $5, $6)";
    DELETE_OLDEST_SESSIONS = "DELETE FROM sessions WHERE token_hash IN (SELECT token_hash FROM sessions \
        WHERE owner = $1 AND owner_kind = $2 ORDER BY created_at DESC LIMIT 1000 OFFSET $3)";
    SESSION = "SELECT session, owner_kind, owner, last_used_at, expires_at FROM sessions \
        WHERE token_hash = $1 AND expires_at > $2 AND last_used_at > $3";
    TOUCH_SESSION = "UPDATE sessions SET last_used_at = $2 WHERE token_hash = $1 AND last_used_at < $2";
    DELETE_SESSION = "DELETE FROM sessions WHERE session = $1";
    DELETE_SESSIONS_OF = "DELETE FROM sessions WHERE owner = $1 AND owner_kind = $2";
    PURGE_SESSIONS = "DELETE FROM sessions WHERE expires_at <= $1";

    /// Counts the try and, when it is right, marks the use; one statement, so that of any number of racing
    /// tries one wins. No row comes back when the code was used by another command or tries have run out.
    TRY_CODE = "INSERT INTO code_uses (challenge, tries, used_by, used_at, expires_at) VALUES ($1, 1, $2, $3, $4) \
        ON CONFLICT (challenge) DO UPDATE SET tries = code_uses.tries + 1, used_by = excluded.used_by, used_at = excluded.used_at \
        WHERE code_uses.used_by IS NULL AND code_uses.tries < $5 RETURNING tries";
    CODE_USE = "SELECT tries, used_by FROM code_uses WHERE challenge = $1";
    RELEASE_CODE = "UPDATE code_uses SET used_by = NULL, used_at = NULL WHERE challenge = $1 AND used_by = $2";
    TAKE_OVER_CODE = "UPDATE code_uses SET used_by = $3, used_at = $4 WHERE challenge = $1 AND used_by = $2";
    PURGE_CODE_USES = "DELETE FROM code_uses WHERE expires_at <= $1";

    TAKE_BUDGET = "INSERT INTO mail_budget (intent, address_fp, budget, at) SELECT $1, $2, $3, $4 \
        WHERE (SELECT COUNT(*) FROM mail_budget WHERE address_fp = $2 AND budget = $3 AND at > $5) < $6 \
        ON CONFLICT (intent) DO NOTHING";
    BUDGET_TAKEN = "SELECT at FROM mail_budget WHERE intent = $1";
    BUDGET_OLDEST = "SELECT at FROM mail_budget WHERE address_fp = $1 AND budget = $2 AND at > $3 ORDER BY at LIMIT 1";
    PURGE_MAIL_BUDGET = "DELETE FROM mail_budget WHERE at <= $1";

    INSERT_MAIL = "INSERT INTO outbox (intent, kind, payload, cause, state, attempts, due_at, expires_at) \
        VALUES ($1, $2, $3, $4, 'due', 0, $5, $6) ON CONFLICT (intent) DO NOTHING";
    DUE_MAILS = "SELECT intent, kind, payload, cause, state, attempts, due_at, expires_at FROM outbox \
        WHERE due_at <= $1 AND state <> 'failed' ORDER BY due_at LIMIT $2";
    QUEUED_MAIL = "SELECT intent, kind, payload, cause, state, attempts, due_at, expires_at FROM outbox WHERE intent = $1";
    NEXT_DUE = "SELECT MIN(due_at) FROM outbox WHERE state <> 'failed'";
    COUNT_MAILS = "SELECT COUNT(*) FROM outbox";
    POSTPONE_MAIL = "UPDATE outbox SET attempts = $2, due_at = $3 WHERE intent = $1";
    MARK_MAIL_SENT = "UPDATE outbox SET state = 'sent', attempts = $2 WHERE intent = $1";
    SET_MAIL_ASIDE = "UPDATE outbox SET state = 'failed' WHERE intent = $1";
    /// Mails about sign-ups and those set aside; others end with an outcome in the log.
    PURGE_MAILS = "DELETE FROM outbox WHERE (cause IS NULL OR state = 'failed') AND expires_at <= $1";
    DELETE_MAIL = "DELETE FROM outbox WHERE intent = $1";

    /// The earlier of two instants: whoever asks never puts off what is due.
    PLAN_CHECK = "INSERT INTO contact_checks (account, epoch, occasion, due_at, seen, at) VALUES ($1, $2, $3, $4, '[]', $5) \
        ON CONFLICT (account, epoch) DO UPDATE SET occasion = excluded.occasion, due_at = excluded.due_at \
        WHERE contact_checks.due_at IS NULL OR contact_checks.due_at > excluded.due_at";
    /// Unless something is due already, or the first look is meant and there was one.
    ENSURE_CHECK = "INSERT INTO contact_checks (account, epoch, occasion, due_at, seen, at) VALUES ($1, $2, $3, $4, '[]', $5) \
        ON CONFLICT (account, epoch) DO UPDATE SET occasion = excluded.occasion, due_at = excluded.due_at \
        WHERE contact_checks.due_at IS NULL AND excluded.occasion <> 'declared'";
    CHECK_DUE_AT = "SELECT due_at FROM contact_checks WHERE account = $1 AND epoch = $2 AND due_at IS NOT NULL";
    DUE_CHECKS = "SELECT account, epoch, occasion, due_at, seen FROM contact_checks \
        WHERE due_at <= $1 ORDER BY due_at LIMIT $2";
    NEXT_CHECK_DUE = "SELECT MIN(due_at) FROM contact_checks WHERE due_at > $1";
    COUNT_CHECKS = "SELECT COUNT(*) FROM contact_checks";
    SETTLE_CHECK = "UPDATE contact_checks SET occasion = $3, due_at = $4, seen = $5, at = $6 WHERE account = $1 AND epoch = $2";
    POSTPONE_CHECK = "UPDATE contact_checks SET due_at = $3 WHERE account = $1 AND epoch = $2";
    DELETE_CHECK = "DELETE FROM contact_checks WHERE account = $1 AND epoch = $2";
    PURGE_CHECKS = "DELETE FROM contact_checks WHERE due_at IS NULL AND at <= $1";

    TAKE_CHECK_BUDGET = "INSERT INTO contact_check_budget (budget, counted, at) SELECT $1, $2, $3 \
        WHERE (SELECT COUNT(*) FROM contact_check_budget WHERE budget = $1 AND counted = $2 AND at > $4) < $5";
    COUNT_CHECK_BUDGET = "SELECT COUNT(*) FROM contact_check_budget WHERE budget = $1 AND counted = $2 AND at > $3";
    CHECK_BUDGET_OLDEST = "SELECT at FROM contact_check_budget WHERE budget = $1 AND counted = $2 AND at > $3 \
        ORDER BY at LIMIT 1";
    PURGE_CHECK_BUDGET = "DELETE FROM contact_check_budget WHERE at <= $1";
}

#[cfg(test)]
pub(super) const ON_SQLITE: &[(&str, &str)] =
    &[("SQLITE_VERSION", SQLITE_VERSION), ("TRUNCATE_WAL", TRUNCATE_WAL)];
pub(super) const SQLITE_VERSION: &str = "SELECT sqlite_version()";
pub(super) const TRUNCATE_WAL: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// Begins a write on PostgreSQL: the database may have other defaults, and a session may be pooled, so that all
/// holds for the transaction alone. No time counts for COMMIT itself.
pub(super) const TURN: &str = "SET LOCAL synchronous_commit = on; \
    SET LOCAL statement_timeout = 5000; \
    SET LOCAL lock_timeout = 5000; \
    SET LOCAL idle_in_transaction_session_timeout = 5000; \
    SELECT pg_advisory_xact_lock(7226452139243)";
/// A migration takes the time it takes, and so does waiting for another node's.
pub(super) const MIGRATION_TURN: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; \
    SELECT pg_advisory_xact_lock(7226452139243)";
pub(super) const IS_MADE: &str = "SELECT to_regclass('meta') IS NOT NULL";
/// In a transaction left open, the statement begins later than the transaction. To be sent as a simple query:
/// otherwise it has several beginnings itself.
pub(super) const IS_IDLE: &str = "SELECT transaction_timestamp() = statement_timestamp()";
pub(super) const VACUUM_KEYS: &str = "VACUUM subject_keys";
