//! The quota on several nodes: simulated schedules, and real engines that share a PostgreSQL.

mod shared_ledger;
mod simulation;
mod usage;
