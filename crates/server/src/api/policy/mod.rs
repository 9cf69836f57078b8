//! The policy in force.

pub mod get;
