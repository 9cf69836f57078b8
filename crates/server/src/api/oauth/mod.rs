//! Tokens for integrations, by the standard protocol and in its own form (RFC 6749, section 4.4).

pub mod token;
