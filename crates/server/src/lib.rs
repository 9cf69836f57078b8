//! The `devportal` binary as a library: configuration, HTTP, operator commands, demo. Rules live in
//! `domain`, use cases in `app`; here requests become calls and results become answers.

pub mod cli;
pub mod config;
pub mod demo;
mod exit;
pub mod extract;
mod init;
pub mod problem;
#[cfg(test)]
mod spec;
