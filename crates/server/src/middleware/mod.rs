//! What happens around every request: `edge` outside of routing, `gate` around each operation.

pub(crate) mod access_log;
pub(crate) mod edge;
pub(crate) mod gate;
mod gateway;
