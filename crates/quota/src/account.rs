//! One row of the ledger, and the exchange of leases over a chain of them. Pure: the same accounts, ask and
//! instant give the same outcome.
//!
//! A lease is charged in full before any of it is spent, dated when the last of it may have been used; what
//! is given back is taken off that charge. So a node that dies forfeits what it held, and can't exceed a limit.

use crate::{
    chain::{Chain, Limit, Link, Role, Violated, idle_max},
    window::{Usage, Window},
};

/// Thresholds in percent of a limit that are told once per window.
pub const THRESHOLDS: [u8; 4] = [50, 80, 90, 100];

/// A lease is remembered so long after its end, in which its holder can still give back what it did not spend.
const RETURN_MS: i64 = 900_000;
/// For so long after a refusal that other leases caused, leases hold nothing idle and holders give theirs back.
const RECALL_MS: i64 = 2_000;
/// When such a refusal may be tried again: holders look for recalls several times a second.
const RECALLED_RETRY_MS: i64 = 1_000;
/// Leases of one account at once: nodes × pools below it. One more waits until others end.
const LEASES_MAX: usize = 4_096;

/// A lease's id ends in so many bits of the node's own count of leases; the others tell the node.
const COUNT_BITS: u32 = 24;

/// The id of the `count`-th lease of one start of a node. Of a node's random number 40 bits count; the count begins
/// again long after leases of the same count are forgotten.
pub(crate) fn lease_id(node: u64, count: u64) -> u64 {
    node << COUNT_BITS | count & ((1 << COUNT_BITS) - 1)
}

fn node_of(lease: u64) -> u64 {
    lease >> COUNT_BITS
}

/// What the ledger keeps of one pool.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// The latest instant at which this account was looked at: time never goes back behind it.
    pub latest: i64,
    /// What counts.
    pub usage: Usage,
    /// Until then, idle leases are wanted back.
    pub recall_until: i64,
    pub(crate) leases: Vec<Lease>,
    /// When each of [`THRESHOLDS`] was last reached; 0: not in this window; negative: not told yet.
    pub(crate) told: [i64; 4],
    /// The limit that they are thresholds of.
    pub(crate) told_of: u32,
}

/// Units reserved by a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) id: u64,
    pub(crate) units: u32,
    /// The date of its charge.
    pub(crate) at: i64,
    pub(crate) ends: i64,
}

/// What a node wants of the ledger for one pool.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The limits.
    pub chain: &'a Chain,
    /// The node's leases of this pool that end with this exchange, and what is unspent of each. A lease that
    /// is given back twice is given back once.
    pub returned: &'a [(u64, u32)],
    /// Id of the new lease.
    pub lease: u64,
    /// What the waiting calls cost, in their order. The first is granted whole or not at all.
    pub costs: &'a [u32],
    /// Whether more than the waiting calls need may be leased.
    pub may_idle: bool,
    /// Units that passed without the ledger while it could not be reached.
    pub owed: u32,
    /// Instants of thresholds that have been told to people.
    pub acknowledged: &'a [Crossed],
    /// How long a lease lasts (ms).
    pub lease_ms: i64,
    /// How long after the end of a lease its last call may still be on its way (ms).
    pub answer_ms: i64,
}

/// What came of an ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What was granted, or why nothing was.
    pub verdict: Verdict,
    /// Units of the pool's own limit that nobody has leased.
    pub left: u32,
    /// Units the shadow limit would have refused of what was granted: those that are spent last.
    pub shadow_refused: u32,
    /// Thresholds of the chain's limits that are reached and not yet told to people.
    pub crossed: Vec<Crossed>,
}

impl Outcome {
    /// Nothing was done.
    pub(crate) fn damaged() -> Self {
        Self { verdict: Verdict::Damaged, left: 0, shadow_refused: 0, crossed: Vec::new() }
    }
}

/// A threshold that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Crossed {
    /// Of which limit of the chain.
    pub violated: Violated,
    /// In percent of the limit.
    pub percent: u8,
    /// When (ms since 1970); with the pool and the threshold it names the occasion.
    pub since: i64,
}

/// Granted or refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A lease.
    Granted {
        /// Its units.
        units: u32,
        /// No call may be admitted from it from then on.
        ends: i64,
    },
    /// The first call does not fit.
    Refused {
        /// Into which limit.
        violated: Violated,
        /// When it may fit.
        retry_at: i64,
        /// Whether units lie idle in other leases, which have been called back.
        held_elsewhere: bool,
    },
    /// Nothing was wanted.
    Returned,
    /// A row of the chain is not one that this program wrote. It is left as it is, and nothing passes.
    Damaged,
}

impl Ask<'_> {
    /// What the waiting calls take of so many units, each whole and in their order.
    fn taken_of(&self, units: u32) -> u32 {
        let fits = |taken: &mut u32, cost: &u32| {
            *taken = taken.checked_add(*cost).filter(|sum| *sum <= units)?;
            Some(*taken)
        };
        self.costs.iter().scan(0, fits).last().unwrap_or(0)
    }
}

/// Carries out an ask: `accounts` are those of the chain's links, in that order.
pub fn exchange(accounts: &mut [Account], ask: &Ask<'_>, now: i64) -> Outcome {
    let links = ask.chain.links();
    for (account, link) in accounts.iter_mut().zip(links) {
        account.bring_to(now, link.limit.window);
    }
    for (lease, unspent) in ask.returned {
        give_back(accounts, *lease, *unspent);
    }
    for (account, link) in accounts.iter_mut().zip(links) {
        if ask.owed > 0 && link.role != Role::Reserved {
            account.usage.charge(link.limit.window, now, now, ask.owed);
        }
    }
    // Each account has its own latest instant; a lease is dated by the latest of all.
    let now = accounts.iter().map(|account| account.latest).max().unwrap_or(now);
    let verdict = match ask.costs {
        [] => Verdict::Returned,
        [first, ..] => grant(accounts, ask, *first, now),
    };
    let shadow_refused = match verdict {
        Verdict::Granted { units, ends } => lease_out(accounts, ask, units, ends, now),
        Verdict::Refused { .. } | Verdict::Returned | Verdict::Damaged => 0,
    };
    let crossed = crossed(accounts, ask, now);
    Outcome { verdict, left: room(accounts, ask.chain, 0), shadow_refused, crossed }
}

/// What of a lease is unspent goes back to every account of the chain. A shadow has counted what it would have let
/// pass of the lease, and that is spent first.
pub(crate) fn give_back(accounts: &mut [Account], lease: u64, unspent: u32) {
    let leased = accounts.iter().filter_map(|account| account.units_of(lease)).max().unwrap_or(0);
    let spent = leased.saturating_sub(unspent);
    for account in accounts {
        account.take_back(lease, spent);
    }
}

/// Thresholds of all limits of the chain that are to be told.
fn crossed(accounts: &mut [Account], ask: &Ask<'_>, now: i64) -> Vec<Crossed> {
    let mut crossed = Vec::new();
    let uses: Vec<(Link, u64)> =
        ask.chain.links().iter().copied().zip(accounts.iter().map(|account| account.usage.used())).collect();
    for (at, (account, link)) in accounts.iter_mut().zip(ask.chain.links()).enumerate() {
        let Role::Binding(violated) = link.role else { continue };
        let is_implied = uses[..at].iter().any(|earlier| says_as_much(*earlier, uses[at]));
        account.cross(violated, link.limit, is_implied, ask.acknowledged, now, &mut crossed);
    }
    crossed
}

/// Whether the thresholds of one limit tell what those of another could: it is no larger, and at least as much of it
/// is used.
fn says_as_much((one, used): (Link, u64), (other, other_used): (Link, u64)) -> bool {
    matches!(one.role, Role::Binding(_))
        && one.limit.window == other.limit.window
        && one.limit.units <= other.limit.units
        && used >= other_used
}

/// How much, and until when; or which limit has no room.
fn grant(accounts: &mut [Account], ask: &Ask<'_>, first: u32, now: i64) -> Verdict {
    let Tightest { room: left, violated, at } = tightest(accounts, ask.chain);
    if left < first {
        return refuse(accounts, ask, Refusal { first, violated, at }, now);
    }
    if let Some(at) = accounts.iter().position(|account| account.leases.len() >= LEASES_MAX) {
        let violated = ask.chain.links()[at].role.violated();
        return refuse(accounts, ask, Refusal { first, violated, at }, now);
    }
    let recalled = accounts.iter().any(|account| account.recall_until > now);
    let pool = u64::from(ask.chain.pool().limit.units);
    // The last fiftieth is spent one by one: nothing of it lies idle anywhere.
    let near = u64::from(left) * 50 <= pool;
    let idle =
        if near || recalled || !ask.may_idle { 0 } else { may_lie_idle(accounts, ask, now).min(left / 8) };
    let waiting = ask.taken_of(left.min(ask.chain.allowance()).max(first));
    let units = waiting.max(idle);
    // A lease never reaches into another window, nor beyond the limits it was granted by.
    let shuts = accounts.iter().zip(ask.chain.links()).filter_map(|(account, link)| {
        let end = account.usage.anchor()?.saturating_add(link.limit.window.length_ms);
        Some(end.saturating_sub(ask.answer_ms))
    });
    let ends = shuts.chain(ask.chain.until).fold(now.saturating_add(ask.lease_ms), i64::min);
    // So close to the end of a window, a lease is for the calls that wait.
    Verdict::Granted { units, ends: ends.max(now.saturating_add(1)) }
}

/// Units that may lie idle in the new lease. A crash forfeits what does, so all that a node holds of one limit is a
/// hundredth of it at most, through however many pools it is held.
fn may_lie_idle(accounts: &[Account], ask: &Ask<'_>, now: i64) -> u32 {
    let node = node_of(ask.lease);
    let binding = |(_, link): &(&Account, &Link)| matches!(link.role, Role::Binding(_));
    let free = accounts.iter().zip(ask.chain.links()).filter(binding).map(|(account, link)| {
        let running = account.leases.iter().filter(|lease| lease.ends > now && node_of(lease.id) == node);
        let held: u64 = running.map(|lease| u64::from(lease.units)).sum();
        u64::from(idle_max(link.limit.units)).saturating_sub(held)
    });
    free.fold(ask.chain.slice(), |least, free| least.min(u32::try_from(free).unwrap_or(u32::MAX)))
}

/// Which limit has no room for the first call.
struct Refusal {
    first: u32,
    violated: Violated,
    /// Its link.
    at: usize,
}

fn refuse(accounts: &mut [Account], ask: &Ask<'_>, refusal: Refusal, now: i64) -> Verdict {
    let Refusal { first, violated, at } = refusal;
    let window = ask.chain.links()[at].limit.window;
    let idle = accounts[at].leases.iter().any(|lease| lease.ends > now);
    if idle {
        accounts[at].recall_until = now.saturating_add(RECALL_MS);
        let retry_at = now.saturating_add(RECALLED_RETRY_MS);
        return Verdict::Refused { violated, retry_at, held_elsewhere: true };
    }
    let missing = u64::from(first).saturating_sub(u64::from(room(accounts, ask.chain, at)));
    let freed = accounts[at].usage.freed_at(window, missing + overdrawn(accounts, ask.chain, at));
    let retry_at = freed.unwrap_or_else(|| now.saturating_add(window.length_ms));
    Verdict::Refused { violated, retry_at: retry_at.max(now), held_elsewhere: false }
}

/// Charges a lease to every account of the chain. Returns what a shadow limit would have refused of it.
fn lease_out(accounts: &mut [Account], ask: &Ask<'_>, units: u32, ends: i64, now: i64) -> u32 {
    let mut shadow_refused = 0;
    for (account, link) in accounts.iter_mut().zip(ask.chain.links()) {
        let window = link.limit.window;
        let used_by = ends.saturating_add(ask.answer_ms);
        let counted = match link.role {
            Role::Binding(_) => units,
            Role::Shadow => {
                let room = u64::from(link.limit.units).saturating_sub(account.usage.used());
                let passing = units.min(u32::try_from(room).unwrap_or(u32::MAX));
                shadow_refused += units - passing;
                passing
            }
            Role::Reserved => continue,
        };
        let at = account.usage.charge(window, now, used_by, counted);
        // What waiting calls take at once holds nothing idle. It is remembered all the same, for a node that
        // never hears of this.
        let ends = if units > ask.taken_of(units) { ends } else { now };
        account.leases.push(Lease { id: ask.lease, units: counted, at, ends });
    }
    shadow_refused
}

/// The limit of a chain that has least room.
struct Tightest {
    room: u32,
    violated: Violated,
    /// Its link.
    at: usize,
}

fn tightest(accounts: &[Account], chain: &Chain) -> Tightest {
    let mut tightest = Tightest { room: u32::MAX, violated: Violated::Pool, at: 0 };
    for (at, link) in chain.links().iter().enumerate() {
        let Role::Binding(violated) = link.role else { continue };
        let plain = room(accounts, chain, at);
        let kept = if at == 0 { kept_for_others(accounts, chain) } else { 0 };
        let free = plain.saturating_sub(kept);
        if free < tightest.room {
            let violated = if kept > 0 && plain > free { Violated::Reserve } else { violated };
            tightest = Tightest { room: free, violated, at };
        }
    }
    tightest
}

/// What a link's limit leaves.
fn room(accounts: &[Account], chain: &Chain, at: usize) -> u32 {
    let (Some(account), Some(link)) = (accounts.get(at), chain.links().get(at)) else { return 0 };
    let room = u64::from(link.limit.units).saturating_sub(account.usage.used());
    u32::try_from(room).unwrap_or(u32::MAX)
}

/// How far a lowered limit is exceeded by what counts already.
fn overdrawn(accounts: &[Account], chain: &Chain, at: usize) -> u64 {
    accounts[at].usage.used().saturating_sub(u64::from(chain.links()[at].limit.units))
}

/// Units of the pool that other parts of it have reserved and not used.
fn kept_for_others(accounts: &[Account], chain: &Chain) -> u32 {
    let kept = chain.links().iter().zip(accounts).filter(|(link, _)| link.role == Role::Reserved);
    let kept: u64 =
        kept.map(|(link, account)| u64::from(link.limit.units).saturating_sub(account.usage.used())).sum();
    u32::try_from(kept).unwrap_or(u32::MAX)
}

impl Account {
    /// Nothing earlier than `latest` ever happens to an account; leases long over are forfeited.
    fn bring_to(&mut self, now: i64, window: Window) {
        self.latest = self.latest.max(now);
        let now = self.latest;
        self.usage.expire(window, now);
        self.leases.retain(|lease| lease.ends.saturating_add(RETURN_MS) > now);
    }

    fn take_back(&mut self, lease: u64, spent: u32) {
        let Some(place) = self.leases.iter().position(|open| open.id == lease) else { return };
        let open = self.leases.swap_remove(place);
        self.usage.refund(open.at, open.units.saturating_sub(spent));
    }

    fn units_of(&self, lease: u64) -> Option<u32> {
        self.leases.iter().find(|open| open.id == lease).map(|open| open.units)
    }

    /// Units in leases that have not ended.
    pub fn leased(&self, now: i64) -> u64 {
        let running = self.leases.iter().filter(|lease| lease.ends > now);
        running.map(|lease| u64::from(lease.units)).sum()
    }

    /// Adds thresholds that are reached and were not told in this window; what another limit says is not begun.
    fn cross(
        &mut self,
        violated: Violated,
        limit: Limit,
        is_implied: bool,
        acknowledged: &[Crossed],
        now: i64,
        crossed: &mut Vec<Crossed>,
    ) {
        let used = self.usage.used();
        let is_other_limit = std::mem::replace(&mut self.told_of, limit.units) != limit.units;
        let begun = self.usage.anchor().unwrap_or(now.saturating_sub(limit.window.length_ms) + 1);
        for (told, percent) in self.told.iter_mut().zip(THRESHOLDS) {
            if acknowledged.contains(&Crossed { violated, percent, since: -*told }) {
                *told = -*told;
            }
            let reached = used > 0 && used * 100 >= u64::from(limit.units) * u64::from(percent);
            // It was reached in another window, or by a smaller limit.
            if told.abs() < begun || is_other_limit && !reached {
                *told = 0;
            }
            if reached && *told == 0 && !is_implied {
                *told = -now;
            }
            if *told < 0 {
                crossed.push(Crossed { violated, percent, since: -*told });
            }
        }
    }
}

#[cfg(test)]
mod tests;
