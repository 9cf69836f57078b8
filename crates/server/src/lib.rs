//! The `devportal` binary as a library: configuration, HTTP, operator commands, demo. Rules live in
//! `domain`, use cases in `app`; here requests become calls and results become answers.

pub mod api;
pub mod cli;
pub mod config;
pub mod demo;
pub mod exit;
pub mod extract;
pub mod gateway;
mod init;
mod middleware;
mod operator;
mod parts;
pub mod portal;
mod post;
mod prober;
pub mod problem;
mod reads;
#[cfg(test)]
mod spec;
pub mod startup;
#[cfg(test)]
mod tests;
