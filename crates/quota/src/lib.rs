//! The quota: with a limit of N exactly N calls pass in any window, on any number of nodes, through crashes,
//! pauses, clock jumps and outages; and almost no call waits for a disk.
//!
//! ```text
//! call ─► cell (memory, one atomic word) ──────────────► admitted
//!           │ empty, ended or closed
//!           ▼
//!         worker (one per node, batches) ─► exchange ─► ledger (SQLite | PostgreSQL)
//! ```
//!
//! A node *leases* a slice of a pool: the ledger charges it first and durably, then it is spent from memory.
//! What is unspent goes back when the lease ends; a node that dies forfeits what it had leased, at most a
//! hundredth of the limit. The crate knows no group, no integration and no HTTP: pools are named by numbers.

pub mod account;
pub mod cell;
pub mod chain;
mod codec;
pub mod engine;
pub mod key;
pub mod ledger;
mod reach;
pub mod time;
mod turn;
pub mod usage;
pub mod view;
pub mod window;
mod worker;

pub use chain::{Chain, Grace, Limit, Link, Role, Share, Violated};
pub use engine::{Answer, Engine, Health, Options};
pub use key::{PoolKey, Purpose};
pub use ledger::{Ledger, LedgerError};
pub use time::Time;
pub use usage::Tally;
pub use view::{Examined, Standing, View};
pub use window::{Kind, Window};
pub use worker::{Notice, Worker};
