//! The door: one question for each call, one answer.

use super::{
    access::Behind,
    rules::{Place, group_number},
};
use crate::{App, error::AppError};
use chrono::{DateTime, Utc};
use domain::{
    group::GroupRef,
    ids::{IntegrationId, SecretId},
    integration::TestMode,
};
use quota::{
    Answer, Limit, Violated,
    cell::Closed,
    usage::{Line, Outcome},
};
use std::sync::Arc;

/// As if all calls were used: until so much later.
const AS_IF_OVER_MS: i64 = 60_000;
/// As if nearly all calls were used: this part of the limit is left.
const AS_IF_NEAR: u32 = 20;

/// What a caller shows.
#[derive(Clone, Copy)]
pub enum Caller<'a> {
    /// Nothing.
    Nobody,
    /// An API secret, or a token that was given for one.
    Bearer(&'a str),
    /// A public key with its secret.
    Pair {
        /// The key.
        key: &'a str,
        /// The secret.
        secret: &'a str,
    },
    /// A public key; the gateway has looked at the secret itself.
    Key(&'a str),
}

/// A call.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// Who calls.
    pub caller: Caller<'a>,
    /// For which customer site, in the form of [`domain::roster::SiteId::normal`].
    pub site: Option<&'a str>,
    /// How many units of the limit it takes; at least 1.
    pub cost: u32,
}

/// May it pass?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is counted and may.
    Allowed(Allowed),
    /// It may not, and nothing is counted.
    Refused(Refusal),
}

/// A call that may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed {
    /// Who calls.
    pub integration: IntegrationId,
    /// Whose limit it is counted against.
    pub group: GroupRef,
    /// Units in a window.
    pub limit: u32,
    /// Length of the window in seconds.
    pub window_s: u32,
    /// Units left behind the call.
    pub left: u32,
    /// It passed although the ledger can't be reached.
    pub graced: bool,
}

/// Why a call may not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It shows nothing.
    CredentialMissing,
    /// What it shows opens nothing, or does not any more.
    CredentialUnknown,
    /// Every call of the group is refused.
    Suspended {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Each site has a limit of its own here, and the call names none.
    SiteMissing,
    /// The site that it names has not installed the integration.
    SiteNotRegistered,
    /// It costs more than can ever be left.
    NeverAdmissible {
        /// The most that one call can cost.
        largest: u32,
    },
    /// A limit is reached.
    Exceeded(Exceeded),
    /// The ledger can't be reached.
    LedgerUnavailable,
    /// Too many calls wait.
    Busy,
    /// The door does not know yet who is who.
    NotReady,
}

/// A limit that is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exceeded {
    /// What would have been, had it passed: `left` is what is left all the same.
    pub would: Allowed,
    /// Which limit.
    pub violated: Violated,
    /// Units of that limit.
    pub violated_units: u32,
    /// Its window in seconds.
    pub violated_window_s: u32,
    /// When a call of this cost may pass.
    pub next_free_at: DateTime<Utc>,
    /// Seconds until then, at least 1.
    pub retry_after_s: u32,
    /// Whether what is missing lies idle elsewhere and has been called back.
    pub held_elsewhere: bool,
}

/// Why nobody was found.
struct Unfound {
    refusal: Refusal,
    /// Whose call it would have been, with a credential that opens.
    meant: Option<Arc<Place>>,
}

impl App {
    /// Answers one call.
    pub async fn authorise(&self, question: Question<'_>) -> Result<Verdict, AppError> {
        if !self.inner.quota.directory.is_ready() {
            return Ok(Verdict::Refused(Refusal::NotReady));
        }
        let (place, mode) = match self.find(question.caller).await? {
            Ok(found) => found,
            Err(Unfound { refusal, meant }) => {
                if let Some(place) = meant {
                    self.note(&place, question, Outcome::Unauthenticated, 1);
                }
                return Ok(Verdict::Refused(refusal));
            }
        };
        let is_stranger = question.site.is_some_and(|site| !place.is_used_by(site));
        let verdict = match (place.rules.suspended, mode) {
            (Some(since), _) => Verdict::Refused(Refusal::Suspended { since }),
            (None, _) if is_stranger => Verdict::Refused(Refusal::SiteNotRegistered),
            (None, TestMode::Over) => {
                self.note(&place, question, Outcome::TestMode, 1);
                return Ok(Verdict::Refused(Refusal::Exceeded(self.as_if_over(&place))));
            }
            (None, TestMode::Near | TestMode::Off) => self.spend(&place, question).await,
        };
        if let Some((outcome, units)) = outcome_of(&verdict, question.cost) {
            self.note(&place, question, outcome, units);
        }
        Ok(if mode == TestMode::Near { as_if_near(verdict) } else { verdict })
    }

    /// Counts what became of a call, for people.
    fn note(&self, place: &Place, question: Question<'_>, outcome: Outcome, units: u32) {
        let (group, integration) = (group_number(place.rules.group), place.integration.uuid().as_u128());
        self.count(Line { group, integration, site: question.site, outcome }, units);
    }

    /// Who calls.
    async fn find(&self, caller: Caller<'_>) -> Result<Result<(Arc<Place>, TestMode), Unfound>, AppError> {
        let directory = &self.inner.quota.directory;
        let behind = match caller {
            Caller::Nobody => return Ok(Err(Unfound { refusal: Refusal::CredentialMissing, meant: None })),
            Caller::Bearer(text) | Caller::Pair { secret: text, .. } => self.secret_behind(text).await?,
            Caller::Key(key) => directory.secret_of(key).map(|secret| Behind { secret, has_run_out: false }),
        };
        let fits = |secret: SecretId| {
            let credential = directory.credential(secret)?;
            let fits = match caller {
                Caller::Pair { key, .. } => credential.key == *key.as_bytes(),
                Caller::Nobody | Caller::Bearer(_) | Caller::Key(_) => true,
            };
            if !fits {
                return None;
            }
            directory.place(credential.integration).map(|place| (place, credential.mode))
        };
        let live = behind.filter(|behind| !behind.has_run_out);
        Ok(live.and_then(|live| fits(live.secret)).ok_or_else(|| {
            let meant = self.meant(caller, behind).and_then(|integration| directory.place(integration));
            Unfound { refusal: Refusal::CredentialUnknown, meant }
        }))
    }

    /// Whose call it was meant to be, by what once was good: nobody's when a stranger calls.
    fn meant(&self, caller: Caller<'_>, behind: Option<Behind>) -> Option<IntegrationId> {
        let directory = &self.inner.quota.directory;
        let by_key = match caller {
            Caller::Pair { key, .. } | Caller::Key(key) => directory.owner_of_key(key),
            Caller::Nobody | Caller::Bearer(_) => None,
        };
        by_key.or_else(|| directory.owner_of(behind?.secret))
    }

    async fn spend(&self, place: &Place, question: Question<'_>) -> Verdict {
        let (engine, cost) = (&self.inner.quota.engine, question.cost);
        let Some(pool) = place.pool(engine, question.site) else {
            return Verdict::Refused(Refusal::SiteMissing);
        };
        if cost > pool.largest {
            return Verdict::Refused(Refusal::NeverAdmissible { largest: pool.largest });
        }
        let answer = match engine.try_spend(&pool.cell, cost) {
            Some(answer) => answer,
            None => engine.spend(pool.key, &pool.cell, pool.chain_now(engine), cost).await,
        };
        match answer {
            Answer::Admitted { left, graced, shadowed } => {
                if shadowed > 0 {
                    self.note(place, question, Outcome::ShadowRefused, shadowed);
                }
                Verdict::Allowed(Allowed { graced, ..allowed(place, left) })
            }
            Answer::Refused { closed, left } => {
                let limit = pool.limit_of(closed.violated);
                Verdict::Refused(Refusal::Exceeded(self.exceeded(allowed(place, left), limit, closed)))
            }
            Answer::NeverAdmissible { largest } => Verdict::Refused(Refusal::NeverAdmissible { largest }),
            Answer::Unavailable => Verdict::Refused(Refusal::LedgerUnavailable),
            Answer::Busy => Verdict::Refused(Refusal::Busy),
        }
    }

    fn exceeded(&self, would: Allowed, limit: Limit, closed: Closed) -> Exceeded {
        let now = self.inner.quota.engine.now_ms();
        let wait_ms = (closed.retry_at - now).max(1);
        Exceeded {
            would,
            violated: closed.violated,
            violated_units: limit.units,
            violated_window_s: seconds(limit.window.length_ms),
            next_free_at: DateTime::from_timestamp_millis(now + wait_ms).unwrap_or(DateTime::<Utc>::MAX_UTC),
            retry_after_s: seconds(wait_ms),
            held_elsewhere: closed.held_elsewhere,
        }
    }

    /// What a vendor sees who wants to know what its program makes of a refusal.
    fn as_if_over(&self, place: &Place) -> Exceeded {
        let retry_at = self.inner.quota.engine.now_ms() + AS_IF_OVER_MS;
        let closed = Closed { violated: Violated::Pool, retry_at, held_elsewhere: false };
        self.exceeded(allowed(place, 0), place.rules.limit(), closed)
    }
}

/// The same for a warning: counted as it is, shown as if little were left.
fn as_if_near(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Allowed(allowed) => {
            let little = (allowed.limit / AS_IF_NEAR).max(1);
            Verdict::Allowed(Allowed { left: allowed.left.min(little), ..allowed })
        }
        Verdict::Refused(refusal) => Verdict::Refused(refusal),
    }
}

/// What people are told of a call, and how much it counts. What went wrong on our side is nobody's usage.
fn outcome_of(verdict: &Verdict, cost: u32) -> Option<(Outcome, u32)> {
    match verdict {
        Verdict::Allowed(allowed) if allowed.graced => Some((Outcome::Graced, cost)),
        Verdict::Allowed(_) => Some((Outcome::Admitted, cost)),
        Verdict::Refused(Refusal::Suspended { .. }) => Some((Outcome::Suspended, cost)),
        Verdict::Refused(Refusal::Exceeded(_)) => Some((Outcome::QuotaRefused, cost)),
        // What can never pass has any cost that somebody thinks of.
        Verdict::Refused(Refusal::NeverAdmissible { .. }) => Some((Outcome::QuotaRefused, 1)),
        Verdict::Refused(Refusal::SiteMissing | Refusal::SiteNotRegistered) => {
            Some((Outcome::SiteRefused, 1))
        }
        Verdict::Refused(
            Refusal::CredentialMissing
            | Refusal::CredentialUnknown
            | Refusal::LedgerUnavailable
            | Refusal::Busy
            | Refusal::NotReady,
        ) => None,
    }
}

fn allowed(place: &Place, left: u32) -> Allowed {
    let limits = place.rules.limits;
    Allowed {
        integration: place.integration,
        group: place.rules.group,
        limit: limits.calls,
        window_s: limits.window_s,
        left,
        graced: false,
    }
}

/// Whole seconds, rounded up.
fn seconds(ms: i64) -> u32 {
    u32::try_from((ms + 999) / 1_000).unwrap_or(u32::MAX)
}
