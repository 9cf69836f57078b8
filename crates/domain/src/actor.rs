//! Who acts, as far as rules and envelopes care. Never a name or an address.

use crate::ids::{DeveloperId, SessionId, StaffId};

/// The acting principal of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A signed-in developer.
    Developer(DeveloperId, SessionId),
    /// A signed-in member of staff.
    Staff(StaffId, SessionId),
    /// Whoever holds a code or looks an integration up.
    Anonymous,
    /// The operator on the machine itself.
    Operator,
    /// The portal's own workers.
    System,
}
