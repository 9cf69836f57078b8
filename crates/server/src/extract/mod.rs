//! What handlers take out of a request.

pub mod json;
pub mod strict;
#[cfg(test)]
mod tests;
