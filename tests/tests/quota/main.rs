//! The quota on several nodes: simulated schedules, real engines, and whole servers, that share a PostgreSQL.

mod servers;
mod shared_ledger;
mod simulation;
mod usage;
