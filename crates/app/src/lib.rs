//! What the portal does with its rules: use cases and workers over the log, side state, clock, ids, keys
//! and mail.

pub mod clock;
pub mod codes;
pub mod ids;
pub mod keyring;
pub mod secret;
pub mod tokens;
