//! Pools as people see them. Reading costs nothing and changes nothing.

use crate::{
    account::{Account, give_back},
    cell::Cell,
    chain::Limit,
    chain::{Chain, Role},
    engine::Engine,
    key::PoolKey,
    ledger::LedgerError,
};
use std::sync::atomic::Ordering;

/// A pool as people see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// Effective time of the view (ms since 1970).
    pub now: i64,
    /// Units used in the window.
    pub used: u64,
    /// Units leased by nodes and perhaps not used; those of this node are not among them.
    pub held: u64,
    /// Units that a call could use now.
    pub left: u32,
    /// When units become free next; none when nothing is used.
    pub next_free_at: Option<i64>,
    /// When an anchored window opened.
    pub anchor: Option<i64>,
    /// Units that the shadow limit counts, when there is one.
    pub shadow_used: Option<u64>,
}

/// How one limit of a chain stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Where it is counted.
    pub key: PoolKey,
    /// What it does with a call.
    pub role: Role,
    /// How much.
    pub limit: Limit,
    /// Units counted in the window, those leased by others among them.
    pub used: u64,
    /// When an anchored window opened.
    pub anchor: Option<i64>,
    /// When how many units stop counting, in order of time (ms since 1970).
    pub frees: Vec<(i64, u64)>,
}

/// All limits of a chain at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// The pool itself.
    pub view: View,
    /// Every limit, in the order of the chain.
    pub standings: Vec<Standing>,
}

impl Standing {
    /// Units that this limit leaves.
    pub fn left(&self) -> u64 {
        u64::from(self.limit.units).saturating_sub(self.used)
    }
}

impl Engine {
    /// A pool as it is now.
    pub async fn view(&self, cell: &Cell, chain: &Chain) -> Result<View, LedgerError> {
        Ok(self.examine(cell, chain).await?.view)
    }

    /// A pool and every other limit of its chain as they are now.
    pub async fn examine(&self, cell: &Cell, chain: &Chain) -> Result<Examined, LedgerError> {
        let links = chain.links();
        let keys: Vec<PoolKey> = links.iter().map(|link| link.key).collect();
        let mut accounts = self.shared.ledger.peek(&keys).await?;
        let now = self.now_ms();
        for (account, link) in accounts.iter_mut().zip(links) {
            account.latest = account.latest.max(now);
            account.usage.expire(link.limit.window, account.latest);
        }
        // What lies idle in this node's own lease is as good as given back.
        let (own, lease) = (cell.slice.units(), cell.lease.load(Ordering::Acquire));
        give_back(&mut accounts, lease, own);
        let view = view(&accounts, chain);
        let standings = links.iter().zip(&accounts).map(|(link, account)| Standing {
            key: link.key,
            role: link.role,
            limit: link.limit,
            used: account.usage.used(),
            anchor: account.usage.anchor(),
            frees: account.usage.frees(link.limit.window),
        });
        Ok(Examined { view, standings: standings.collect() })
    }
}

fn view(accounts: &[Account], chain: &Chain) -> View {
    let links = chain.links();
    let shadow = links.iter().zip(accounts).find(|(link, _)| link.role == Role::Shadow);
    let shadow_used = shadow.map(|(_, account)| account.usage.used());
    let pool: &Account = &accounts[0];
    let limit = chain.pool().limit;
    let (charged, held) = (pool.usage.used(), pool.leased(pool.latest));
    let left = u64::from(limit.units).saturating_sub(charged);
    View {
        now: pool.latest,
        used: charged.saturating_sub(held),
        held,
        left: u32::try_from(left).unwrap_or(u32::MAX),
        next_free_at: pool.usage.freed_at(limit.window, 1),
        anchor: pool.usage.anchor(),
        shadow_used,
    }
}
