//! The engine on a real ledger.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod engine;
mod given;
mod usage;
