//! Sign-ups: what waits for the proof of an address.

pub mod prove;
pub mod start;
