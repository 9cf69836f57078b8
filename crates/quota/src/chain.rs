//! All limits that one call has to pass.

use crate::{
    cell::LEASE_UNITS_MAX,
    key::{PoolKey, Purpose},
    window::Window,
};
use std::time::Duration;

/// Parts of one pool that can have a share or a reserve.
pub const SHARES_MAX: usize = 20;

/// A number of units in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Units in a window.
    pub units: u32,
    /// The window.
    pub window: Window,
}

/// Which limit refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Violated {
    /// The pool's own.
    Pool = 0,
    /// The sum over an owner's pools.
    Owner = 1,
    /// The sum over an organisation's pools.
    Organisation = 2,
    /// The most that one part of a shared pool may use.
    Share = 3,
    /// What is left is kept for other parts of the pool.
    Reserve = 4,
}

/// What one link of a chain does with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Counts the call, and refuses beyond the limit.
    Binding(Violated),
    /// Counts what it would have let pass, and refuses nothing.
    Shadow,
    /// Counts nothing here: units of the pool are kept for this part as long as it has not used them.
    Reserved,
}

impl Role {
    /// Which limit is told to have refused; what refuses nothing stands for the pool.
    pub(crate) fn violated(self) -> Violated {
        match self {
            Self::Binding(violated) => violated,
            Self::Shadow | Self::Reserved => Violated::Pool,
        }
    }
}

/// One limit with the pool it is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Where it is counted.
    pub key: PoolKey,
    /// What it does.
    pub role: Role,
    /// How much.
    pub limit: Limit,
}

/// Calls that pass while the ledger can't be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grace {
    /// How long after the ledger was last reached.
    pub lasts: Duration,
    /// Units of the whole pool, for one outage, on each node.
    pub units: u32,
}

/// The limits a call has to pass, all or none. The first link is the pool's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    links: Vec<Link>,
    /// Shares declared for the pool: what a node may hold or let pass unasked is divided among them and the rest.
    shares: u32,
    /// From then on other limits are in force, so that nothing may be leased beyond (ms since 1970).
    pub until: Option<i64>,
    /// What passes during an outage; none: nothing does.
    pub grace: Option<Grace>,
    /// Raised whenever the limits change; a call that carries older limits leaves nothing for later ones.
    pub revision: u64,
}

/// The most and the least that one part of a pool gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Which part.
    pub part: u128,
    /// At most so many units in a window.
    pub at_most: Option<u32>,
    /// So many are kept for it.
    pub reserved: Option<u32>,
}

/// Units of a limit that a node holds idle at most: a hundredth.
pub(crate) fn idle_max(units: u32) -> u32 {
    (units / 100).max(1)
}

impl Chain {
    /// A pool with a limit of its own and nothing else.
    pub fn new(key: PoolKey, limit: Limit) -> Self {
        let pool = Link { key, role: Role::Binding(Violated::Pool), limit };
        Self { links: vec![pool], shares: 0, until: None, grace: None, revision: 0 }
    }

    /// Adds a limit over many pools.
    #[must_use]
    pub fn below(mut self, owner: u128, violated: Violated, limit: Limit) -> Self {
        let key = PoolKey { purpose: Purpose::Ceiling, owner, part: 0 };
        self.links.push(Link { key, role: Role::Binding(violated), limit });
        self
    }

    /// Adds a limit that is observed only.
    #[must_use]
    pub fn observing(mut self, units: u32) -> Self {
        let Link { key, limit, .. } = self.links[0];
        let limit = Limit { units, ..limit };
        self.links.push(Link { key: key.used_as(Purpose::Shadow), role: Role::Shadow, limit });
        self
    }

    /// Divides the pool: `part` makes the call, `shares` are those declared for the pool. Shares beyond
    /// [`SHARES_MAX`] are not looked at.
    #[must_use]
    pub fn shared(mut self, part: u128, shares: &[Share]) -> Self {
        let pool = self.links[0];
        for share in shares.iter().take(SHARES_MAX) {
            self.shares += 1;
            let key = PoolKey { purpose: Purpose::Share, owner: pool.key.owner, part: share.part };
            let link = |role, units| Link { key, role, limit: Limit { units, ..pool.limit } };
            if share.part == part {
                let most = share.at_most.unwrap_or(pool.limit.units);
                self.links.push(link(Role::Binding(Violated::Share), most));
            } else if let Some(reserved) = share.reserved {
                self.links.push(link(Role::Reserved, reserved));
            }
        }
        self
    }

    /// The pool's own limit.
    pub fn pool(&self) -> &Link {
        &self.links[0]
    }

    /// Every limit, the pool's own first.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// The least limit that a single call has to fit in: one that costs more can never pass.
    pub fn largest_call(&self) -> u32 {
        let binding = self.links.iter().filter(|link| matches!(link.role, Role::Binding(_)));
        binding.map(|link| link.limit.units).min().unwrap_or(0)
    }

    /// Units that may lie idle in one lease: a hundredth of the limit, divided among the parts of a shared pool.
    pub fn slice(&self) -> u32 {
        (idle_max(self.pool().limit.units) / (self.shares + 1)).min(LEASE_UNITS_MAX)
    }

    /// Units that pass on a node during an outage, divided like a lease.
    pub(crate) fn graced_units(&self) -> u32 {
        self.grace.map_or(0, |grace| grace.units / (self.shares + 1))
    }

    /// Units that one exchange grants at most to several calls that wait.
    pub fn allowance(&self) -> u32 {
        (self.pool().limit.units / 100).clamp(1, LEASE_UNITS_MAX)
    }
}
