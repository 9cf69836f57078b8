//! What handlers take out of a request.

pub(crate) mod accept;
pub mod call;
pub mod json;
pub mod query;
pub mod strict;
#[cfg(test)]
mod tests;
pub(crate) mod token;

pub use call::{Call, Developer, Gateway, RequestId, Session, Staff};
pub use json::{Body, Json};
pub use query::PageQuery;
