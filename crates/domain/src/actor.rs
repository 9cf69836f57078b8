//! Who acts, as far as rules and envelopes care. Never a name or an address.

use crate::ids::{DeveloperId, GatewayId, SessionId, StaffId};

/// The acting principal of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A signed-in developer.
    Developer(DeveloperId, SessionId),
    /// A signed-in member of staff.
    Staff(StaffId, SessionId),
    /// A gateway, on behalf of the institution whose calls it sees.
    Gateway(GatewayId),
    /// Whoever holds a code or looks an integration up.
    Anonymous,
    /// The operator on the machine itself.
    Operator,
    /// The portal's own workers.
    System,
}
