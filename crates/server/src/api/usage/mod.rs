//! What became of a group's calls, over time.

mod chart;
mod csv;
pub mod get;
pub mod shown;
