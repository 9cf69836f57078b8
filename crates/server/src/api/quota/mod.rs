//! What groups may use, and have used.

pub mod get;
