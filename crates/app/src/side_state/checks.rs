//! Looks at the mail hosts of contacts: which are due, and how often may be looked.

use super::{
    BUDGET_WINDOW, Row, SideState, SideStateError, Transaction, bytes, column, id, instant, millis, query,
    sql,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{ids::ProdAccountId, sealed::Fingerprint};
use reachability::{Reason, history::Seen};
use serde::{Deserialize, Serialize};
use std::time::Duration;

const TABLE: &str = "contact_checks";
/// Declarations that may be watched at once.
const CHECKS_MAX: u32 = 200_000;
/// How long what was seen is kept when nothing more is due.
pub const CHECK_KEPT: TimeDelta = TimeDelta::days(30);

/// Why a contact is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// It was named.
    Declared,
    /// It is proven, and time has passed.
    Periodic,
    /// A member of its account asked.
    Asked,
    /// The look before could not tell, or one look is not enough.
    Again,
}

impl Occasion {
    fn name(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Periodic => "periodic",
            Self::Asked => "asked",
            Self::Again => "again",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Declared, Self::Periodic, Self::Asked, Self::Again].into_iter().find(|one| one.name() == name)
    }
}

/// A declared contact whose mail hosts are to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedCheck {
    /// Whose.
    pub account: ProdAccountId,
    /// Which declaration.
    pub epoch: u32,
    /// Why.
    pub occasion: Occasion,
    /// From when on.
    pub due_at: DateTime<Utc>,
    /// What was seen before, in order of time.
    pub seen: Vec<Seen>,
}

/// What a look counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckBudget {
    /// What the members of one account ask for: 10 an hour.
    Account(ProdAccountId),
    /// Contacts that one account names: 10 an hour, so that who names one after the other has no others wait.
    Declared(ProdAccountId),
    /// The hosts of one mail domain, whoever has them looked at: 20 a day.
    Domain(Fingerprint),
    /// All looks of this portal, so many an hour.
    All(u32),
}

impl CheckBudget {
    fn name(self) -> &'static str {
        match self {
            Self::Account(_) => "account",
            Self::Declared(_) => "declared",
            Self::Domain(_) => "domain",
            Self::All(_) => "all",
        }
    }

    fn counted(self) -> Vec<u8> {
        match self {
            Self::Account(account) | Self::Declared(account) => bytes(account.uuid()),
            Self::Domain(domain) => domain.0.to_vec(),
            Self::All(_) => Vec::new(),
        }
    }

    /// Looks within [`CheckBudget::window`].
    pub fn checks_max(self) -> u32 {
        match self {
            Self::Account(_) | Self::Declared(_) => 10,
            Self::Domain(_) => 20,
            Self::All(max) => max,
        }
    }

    /// How long a look counts.
    pub fn window(self) -> TimeDelta {
        match self {
            Self::Account(_) | Self::Declared(_) | Self::All(_) => TimeDelta::hours(1),
            Self::Domain(_) => BUDGET_WINDOW,
        }
    }
}

/// Whether one more look fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckRoom {
    /// It is counted against all budgets asked for.
    Taken,
    /// This one is full; nothing is counted.
    FullUntil(CheckBudget, DateTime<Utc>),
}

/// What became of a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wished {
    /// It will be looked at from then on.
    Planned(DateTime<Utc>),
    /// Not before then.
    Refused(CheckBudget, DateTime<Utc>),
}

/// How one look is stored.
#[derive(Serialize, Deserialize)]
struct StoredSeen(u64, String, bool, u64);

fn seen_to_json(seen: &[Seen]) -> Result<String, SideStateError> {
    let stored: Vec<_> = seen
        .iter()
        .map(|seen| {
            let reason = seen.reason.code().to_owned();
            StoredSeen(seen.at.as_secs(), reason, seen.egress_works, seen.believed_for.as_secs())
        })
        .collect();
    serde_json::to_string(&stored).map_err(|_| SideStateError::Malformed { table: TABLE })
}

/// A reason that this program does not know any more is left out: history is shorter then, never wrong.
fn seen_from_json(text: &str) -> Result<Vec<Seen>, SideStateError> {
    let stored: Vec<StoredSeen> =
        serde_json::from_str(text).map_err(|_| SideStateError::Malformed { table: TABLE })?;
    let seen = stored.into_iter().filter_map(|StoredSeen(at, code, egress_works, believed_for)| {
        let reason = *Reason::ALL.iter().find(|reason| reason.code() == code)?;
        let (at, believed_for) = (Duration::from_secs(at), Duration::from_secs(believed_for));
        Some(Seen { at, reason, egress_works, believed_for })
    });
    Ok(seen.collect())
}

fn planned(row: &Row) -> Result<PlannedCheck, SideStateError> {
    let occasion: String = row.get(2)?;
    Ok(PlannedCheck {
        account: ProdAccountId::from_uuid(id(row, 0, TABLE)?),
        epoch: column::<u32, i64>(row, 1, TABLE)?,
        occasion: Occasion::named(&occasion).ok_or(SideStateError::Malformed { table: TABLE })?,
        due_at: instant(row, 3, TABLE)?,
        seen: seen_from_json(&row.get::<String>(4)?)?,
    })
}

impl SideState {
    /// Has contacts looked at from `due_at` on, unless something is due for them already. One that was looked at is not
    /// looked at again because it was declared: who finds it unseen in the read model may read what is older.
    pub async fn ensure_checks(
        &self,
        contacts: &[(ProdAccountId, u32)],
        occasion: Occasion,
        due_at: impl Fn() -> DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<u64, SideStateError> {
        let mut tx = self.begin().await?;
        let mut planned = 0;
        let mut room = CHECKS_MAX.saturating_sub(count(&mut tx).await?);
        for (account, epoch) in contacts {
            if room == 0 {
                return Err(SideStateError::Full { table: TABLE });
            }
            let statement = query(sql::ENSURE_CHECK)
                .bind(bytes(account.uuid()))
                .bind(i64::from(*epoch))
                .bind(occasion.name())
                .bind(millis(due_at()))
                .bind(millis(now));
            planned += statement.execute(&mut tx).await?;
            room -= 1;
        }
        tx.commit().await?;
        Ok(planned)
    }

    /// A member asks for a look now. What is due already is what they get, and counts once.
    pub async fn wish_check(
        &self,
        account: ProdAccountId,
        epoch: u32,
        domain: Option<Fingerprint>,
        now: DateTime<Utc>,
    ) -> Result<Wished, SideStateError> {
        let mut tx = self.begin().await?;
        let due = query(sql::CHECK_DUE_AT).bind(bytes(account.uuid())).bind(i64::from(epoch));
        if let Some(row) = due.fetch_optional(&mut tx).await? {
            let due_at = instant(&row, 0, TABLE)?;
            if due_at <= now {
                return Ok(Wished::Planned(due_at));
            }
        } else if count(&mut tx).await? >= CHECKS_MAX {
            return Err(SideStateError::Full { table: TABLE });
        }
        // The look itself is counted for the domain when it is made; here it is only not promised in vain.
        if let Some(domain) = domain.map(CheckBudget::Domain)
            && let Some(until) = full_until(&mut tx, domain, now).await?
        {
            return Ok(Wished::Refused(domain, until));
        }
        if let Some(until) = take(&mut tx, CheckBudget::Account(account), now).await? {
            return Ok(Wished::Refused(CheckBudget::Account(account), until));
        }
        query(sql::PLAN_CHECK)
            .bind(bytes(account.uuid()))
            .bind(i64::from(epoch))
            .bind(Occasion::Asked.name())
            .bind(millis(now))
            .bind(millis(now))
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(Wished::Planned(now))
    }

    /// Looks to be made now, longest due first.
    pub async fn due_checks(
        &self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<PlannedCheck>, SideStateError> {
        let query = query(sql::DUE_CHECKS).bind(millis(now)).bind(i64::from(limit));
        query.fetch_all(&self.store).await?.iter().map(planned).collect()
    }

    /// When the next look after `now` is due.
    pub async fn next_check_due(&self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, SideStateError> {
        let row = query(sql::NEXT_CHECK_DUE).bind(millis(now)).fetch_one(&self.store).await?;
        match row.get::<Option<i64>>(0)? {
            Some(_) => instant(&row, 0, TABLE).map(Some),
            None => Ok(None),
        }
    }

    /// Counts one look against all of these budgets, or against none.
    pub async fn take_check_budgets(
        &self,
        budgets: &[CheckBudget],
        now: DateTime<Utc>,
    ) -> Result<CheckRoom, SideStateError> {
        let mut tx = self.begin().await?;
        for budget in budgets {
            if let Some(until) = take(&mut tx, *budget, now).await? {
                return Ok(CheckRoom::FullUntil(*budget, until));
            }
        }
        tx.commit().await?;
        Ok(CheckRoom::Taken)
    }

    /// What was seen by a look, and when the next one is due; none: nothing to wait for.
    pub async fn settle_check(
        &self,
        check: &PlannedCheck,
        next: Option<(Occasion, DateTime<Utc>)>,
        now: DateTime<Utc>,
    ) -> Result<(), SideStateError> {
        let mut tx = self.begin().await?;
        query(sql::SETTLE_CHECK)
            .bind(bytes(check.account.uuid()))
            .bind(i64::from(check.epoch))
            .bind(next.map_or(check.occasion, |(occasion, _)| occasion).name())
            .bind(next.map(|(_, due_at)| millis(due_at)))
            .bind(seen_to_json(&check.seen)?)
            .bind(millis(now))
            .execute(&mut tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Tries later, without having looked.
    pub async fn postpone_check(
        &self,
        check: &PlannedCheck,
        due_at: DateTime<Utc>,
    ) -> Result<(), SideStateError> {
        let mut tx = self.begin().await?;
        query(sql::POSTPONE_CHECK)
            .bind(bytes(check.account.uuid()))
            .bind(i64::from(check.epoch))
            .bind(millis(due_at))
            .execute(&mut tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// The declaration is no contact any more.
    pub async fn drop_check(&self, check: &PlannedCheck) -> Result<(), SideStateError> {
        let mut tx = self.begin().await?;
        query(sql::DELETE_CHECK)
            .bind(bytes(check.account.uuid()))
            .bind(i64::from(check.epoch))
            .execute(&mut tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// How many declarations are watched.
    pub async fn checks_watched(&self) -> Result<u32, SideStateError> {
        let row = query(sql::COUNT_CHECKS).fetch_one(&self.store).await?;
        column::<u32, i64>(&row, 0, TABLE)
    }
}

async fn count(tx: &mut Transaction) -> Result<u32, SideStateError> {
    let row = query(sql::COUNT_CHECKS).fetch_one(tx).await?;
    column::<u32, i64>(&row, 0, TABLE)
}

/// Counts one look; when the budget is full: until when.
async fn take(
    tx: &mut Transaction,
    budget: CheckBudget,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, SideStateError> {
    let taken = query(sql::TAKE_CHECK_BUDGET)
        .bind(budget.name())
        .bind(budget.counted())
        .bind(millis(now))
        .bind(millis(now - budget.window()))
        .bind(i64::from(budget.checks_max()))
        .execute(tx)
        .await?;
    if taken == 1 { Ok(None) } else { oldest_leaves(tx, budget, now).await.map(Some) }
}

async fn full_until(
    tx: &mut Transaction,
    budget: CheckBudget,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, SideStateError> {
    let row = query(sql::COUNT_CHECK_BUDGET)
        .bind(budget.name())
        .bind(budget.counted())
        .bind(millis(now - budget.window()))
        .fetch_one(&mut *tx)
        .await?;
    let is_full = column::<u32, i64>(&row, 0, "contact_check_budget")? >= budget.checks_max();
    if is_full { oldest_leaves(tx, budget, now).await.map(Some) } else { Ok(None) }
}

async fn oldest_leaves(
    tx: &mut Transaction,
    budget: CheckBudget,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, SideStateError> {
    let oldest = query(sql::CHECK_BUDGET_OLDEST)
        .bind(budget.name())
        .bind(budget.counted())
        .bind(millis(now - budget.window()))
        .fetch_optional(tx)
        .await?;
    let counted_at = oldest.map(|row| instant(&row, 0, "contact_check_budget")).transpose()?;
    Ok(counted_at.unwrap_or(now) + budget.window())
}
