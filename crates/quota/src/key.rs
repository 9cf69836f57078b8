//! What a limit applies to, named by ids that mean nothing here.

/// A pool: whatever shares one limit. `owner` names whose it is (a group, or who owns many), `part` a part of
/// it (an integration, a site; zero for the whole).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PoolKey {
    /// What the numbers of this pool are used for.
    pub purpose: Purpose,
    /// Whose.
    pub owner: u128,
    /// Which part of it.
    pub part: u128,
}

/// Pools of one owner that count apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Purpose {
    /// The limit itself.
    Limit = 1,
    /// The sum over many pools.
    Ceiling = 2,
    /// What one part uses of a shared pool.
    Share = 3,
    /// A limit that is observed and does not bite.
    Shadow = 4,
}

/// Bytes of a stored key.
pub const KEY_BYTES: usize = 33;

impl PoolKey {
    /// The whole of an owner's pool.
    pub const fn whole(owner: u128) -> Self {
        Self { purpose: Purpose::Limit, owner, part: 0 }
    }

    /// The same owner and part, counted for another purpose.
    #[must_use]
    pub const fn used_as(self, purpose: Purpose) -> Self {
        Self { purpose, ..self }
    }

    /// As it is stored; the order of bytes is the order in which pools are locked.
    pub fn to_bytes(self) -> [u8; KEY_BYTES] {
        let mut bytes = [0; KEY_BYTES];
        bytes[0] = self.purpose as u8;
        bytes[1..17].copy_from_slice(&self.owner.to_be_bytes());
        bytes[17..].copy_from_slice(&self.part.to_be_bytes());
        bytes
    }
}
