//! The HTTP API: one folder a noun, one file an operation, and the table that registers, guards and
//! documents all of them.

pub mod accounts;
pub mod allowances;
pub(crate) mod answer;
pub mod checks;
pub mod commands;
pub mod contact;
pub mod contacts;
pub mod door;
mod endpoint;
pub mod gateways;
pub mod groups;
pub mod integrations;
pub mod lookup;
pub mod mail;
pub mod me;
pub mod notices;
pub mod oauth;
pub mod openapi;
pub(crate) mod parse;
pub mod policy;
pub mod production_groups;
pub mod promotions;
pub mod proofs;
pub mod quota;
mod routes;
pub mod schemas;
pub mod service;
pub mod sessions;
pub mod sign_ups;
pub mod sites;
#[cfg(test)]
mod tests;
pub mod timeline;
pub mod usage;
pub mod values;

pub use endpoint::{Endpoint, Shape, Who};
pub use routes::ROUTES;
pub(crate) use routes::{register, register_below};
