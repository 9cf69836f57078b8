//! A PostgreSQL of a test's own, and ways to it that are as bad as a test wants them.

pub mod database;
pub mod postgres;
pub mod proxy;
