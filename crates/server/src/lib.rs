//! server
pub mod demo;
