//! The service itself: liveness, readiness, description.

pub mod livez;
pub mod openapi;
pub mod readyz;
