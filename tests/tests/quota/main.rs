//! The quota on several nodes: simulated schedules, real engines, and whole servers, that share a PostgreSQL.

mod bad_ways;
mod clocks;
mod manual_clock;
mod nodes;
mod servers;
mod shared_ledger;
mod simulation;
mod usage;
