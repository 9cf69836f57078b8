//! The door as the table of routes knows it. Requests are answered before the router; what stands here documents
//! the door, and answers alike where the router comes first.

pub mod auth_request;
pub mod authorize;
pub mod by_method;
