//! The log's contract as tests, on every engine, and what the engines on disk promise beyond it.
#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test ends where it fails; counts are small"
)]

mod conformance;
mod formats;
mod given;
mod limits;
mod on_postgres;
mod on_sled;
mod postgres_faults;
mod tools;
