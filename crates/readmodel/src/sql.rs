//! How statements are written: as constants in the one `sql.rs` of a folder, listed so that a test can
//! prepare them all. Here are those about the file itself.

/// Declares statements as constants and lists them in `STATEMENTS`.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)+) => {
        $($(#[$doc])* pub(crate) const $name: &str = $sql;)+

        /// Name and text of every statement here.
        #[cfg(test)]
        pub(crate) const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $name)),+];
    };
}
pub(crate) use statements;

/// Tables, views and secondary indexes.
pub(crate) const SCHEMA: &str = include_str!("../../../migrations/readmodel/schema.sql");

/// The line in [`SCHEMA`] from which on it makes secondary indexes.
pub(crate) const INDEXES_FROM: &str = "-- Secondary indexes";

statements! {
    SQLITE_VERSION = "SELECT sqlite_version()";
    CHECKPOINT_READ =
        "SELECT log_id, readmodel_version, schema_hash, position, hash FROM checkpoint WHERE one = 1";
    CHECKPOINT_BEGIN =
        "INSERT INTO checkpoint (one, log_id, readmodel_version, schema_hash, position, hash)
         VALUES (1, ?1, ?2, ?3, 0, ?4)";
    CHECKPOINT_MOVE = "UPDATE checkpoint SET position = ?1, hash = ?2 WHERE one = 1 AND position < ?1";
    QUICK_CHECK = "PRAGMA quick_check(1)";
}

/// Every table with the statement that reads it whole in a fixed order, for the digest.
pub(crate) const DUMPS: &[(&str, &str)] = &[
    ("allowance", "SELECT * FROM allowance ORDER BY position"),
    ("checkpoint", "SELECT * FROM checkpoint ORDER BY one"),
    ("command", "SELECT * FROM command ORDER BY id"),
    ("dev_group", "SELECT * FROM dev_group ORDER BY position"),
    ("dev_group_member", "SELECT * FROM dev_group_member ORDER BY group_id, developer"),
    ("developer", "SELECT * FROM developer ORDER BY position"),
    ("gateway", "SELECT * FROM gateway ORDER BY position"),
    ("gateway_credential", "SELECT * FROM gateway_credential ORDER BY gateway, position"),
    ("group_site", "SELECT * FROM group_site ORDER BY place"),
    ("group_site_use", "SELECT * FROM group_site_use ORDER BY group_id, site, integration"),
    ("integration", "SELECT * FROM integration ORDER BY position"),
    ("integration_secret", "SELECT * FROM integration_secret ORDER BY integration, position"),
    ("mail_outcome", "SELECT * FROM mail_outcome ORDER BY intent"),
    ("notice", "SELECT * FROM notice ORDER BY position"),
    ("prod_account", "SELECT * FROM prod_account ORDER BY position"),
    ("prod_account_member", "SELECT * FROM prod_account_member ORDER BY account, developer"),
    ("prod_group", "SELECT * FROM prod_group ORDER BY position"),
    ("timeline", "SELECT * FROM timeline ORDER BY position"),
];
