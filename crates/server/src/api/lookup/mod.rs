//! What customers see of an integration.

pub mod card;
pub mod get;
