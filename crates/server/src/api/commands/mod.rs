//! Commands whose answer was lost.

pub mod get;
