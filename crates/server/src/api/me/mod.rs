//! Oneself.

pub mod get;
