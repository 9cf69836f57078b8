//! Commands of the operator on the machine itself. But for `keys` and `mailcheck` they open the data directory, so no server may
//! run on it.

pub(crate) mod keys;
pub(crate) mod log;
pub(crate) mod mailcheck;
pub(crate) mod serve;
pub(crate) mod staff;
