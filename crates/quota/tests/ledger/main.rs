//! The engine on real ledgers: an SQLite file, and a PostgreSQL of the tests' own.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod engine;
mod given;
mod postgres;
