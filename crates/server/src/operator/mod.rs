//! Commands of the operator on the machine itself. They open the data directory, so no server may run on it.

pub(crate) mod log;
pub(crate) mod serve;
pub(crate) mod staff;
