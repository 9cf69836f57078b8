//! The rules of the portal: pure, synchronous and total.
//!
//! A *decider* turns a command into events or a rejection; `evolve` folds events into state.
//! Nothing here knows a clock, a random source, a socket or a file: time and policy arrive in
//! [`Context`], ids and sealed fields arrive in the command.

#![expect(clippy::large_enum_variant, reason = "commands, events and states are handled one at a time")]

pub mod actor;
pub mod address;
pub mod allowance;
pub mod claim;
pub mod codec;
pub mod decider;
pub mod developer;
pub mod devgroup;
pub mod entitlements;
pub mod fields;
pub mod gateway;
pub mod group;
pub mod host;
pub mod ids;
pub mod independence;
pub mod integration;
pub mod mail;
pub mod names;
pub mod policy;
pub mod prodaccount;
pub mod prodgroup;
pub mod rejection_codes;
pub mod roster;
#[cfg(test)]
mod samples;
pub mod sealed;
pub mod staff;
#[cfg(test)]
mod table;
#[cfg(test)]
mod testing;
pub mod usagewatch;

pub use decider::{Context, Decider, Decision, Unexpected};
