//! Why a call may not pass, as a problem and as the one word that goes into `Portal-Reason`.

use crate::problem::{Kind, Problem, QuotaFacts, kinds};
use app::quota::{Allowed, Exceeded, Refusal, Verdict, Violated};

/// A refusal on its way out. Boxed: most calls pass.
pub(super) struct Refused(Box<Inner>);

struct Inner {
    problem: Problem,
    exceeded: Option<Exceeded>,
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self(Box::new(Inner { problem, exceeded: None }))
    }
}

impl Refused {
    pub(super) fn problem(&self) -> &Problem {
        &self.0.problem
    }

    pub(super) fn exceeded(&self) -> Option<&Exceeded> {
        self.0.exceeded.as_ref()
    }

    /// The word for `Portal-Reason`.
    pub(super) fn reason(&self) -> &'static str {
        REASONS
            .iter()
            .find(|(kind, _)| **kind == *self.0.problem.kind)
            .map_or("unavailable", |(_, reason)| *reason)
    }
}

/// Words that gateways map. They are promises, like the codes of problems.
static REASONS: &[(&Kind, &str)] = &[
    (&kinds::QUOTA_EXCEEDED, "quota-exceeded"),
    (&kinds::DOOR_CREDENTIAL_MISSING, "credential-missing"),
    (&kinds::DOOR_CREDENTIAL_UNKNOWN, "credential-unknown"),
    (&kinds::DOOR_SUSPENDED, "group-suspended"),
    (&kinds::DOOR_SITE_MISSING, "site-missing"),
    (&kinds::DOOR_SITE_STRANGE, "site-not-registered"),
    (&kinds::DOOR_NEVER, "cost-never-admissible"),
    (&kinds::DOOR_COST, "cost-malformed"),
    (&kinds::GATEWAY_UNKNOWN, "gateway-unknown"),
    (&kinds::DOOR_SIGNATURE, "gateway-signature"),
    (&kinds::DOOR_UNTIMELY, "gateway-untimely"),
    (&kinds::DOOR_REPLAYED, "gateway-replayed"),
    (&kinds::DOOR_PACE, "gateway-too-fast"),
    (&kinds::DOOR_LEDGER, "ledger-unavailable"),
    (&kinds::DOOR_NOT_READY, "not-ready"),
    (&kinds::BUSY, "busy"),
    (&kinds::BAD_HEADER, "header-malformed"),
];

/// The call that may pass, or why it may not.
pub(super) fn of(verdict: Verdict) -> Result<Allowed, Refused> {
    let refusal = match verdict {
        Verdict::Allowed(allowed) => return Ok(allowed),
        Verdict::Refused(refusal) => refusal,
    };
    Err(match refusal {
        Refusal::CredentialMissing => Problem::new(&kinds::DOOR_CREDENTIAL_MISSING).into(),
        Refusal::CredentialUnknown => Problem::new(&kinds::DOOR_CREDENTIAL_UNKNOWN).into(),
        Refusal::Suspended { since } => {
            let since = since.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
            Problem::new(&kinds::DOOR_SUSPENDED)
                .detail(format!("the group's calls are suspended since {since}"))
                .into()
        }
        Refusal::SiteMissing => Problem::new(&kinds::DOOR_SITE_MISSING).into(),
        Refusal::SiteNotRegistered => Problem::new(&kinds::DOOR_SITE_STRANGE).into(),
        Refusal::NeverAdmissible { largest } => Problem::new(&kinds::DOOR_NEVER)
            .detail(format!("a call may cost at most {largest}; one that costs more can never pass"))
            .into(),
        Refusal::Exceeded(exceeded) => self::exceeded(exceeded),
        Refusal::LedgerUnavailable => Problem::new(&kinds::DOOR_LEDGER).into(),
        Refusal::Busy => Problem::new(&kinds::BUSY).into(),
        Refusal::NotReady => Problem::new(&kinds::DOOR_NOT_READY).into(),
    })
}

fn exceeded(exceeded: Exceeded) -> Refused {
    let policy = policy_name(exceeded.violated);
    let (units, window_s) = (exceeded.violated_units, exceeded.violated_window_s);
    let whose = match exceeded.violated {
        Violated::Pool => "the group's limit",
        Violated::Owner => "the limit over all development groups of the group's owner",
        Violated::Organisation => "the limit over all development groups of the owner's organisation",
        Violated::Share => "the integration's share of the group's calls",
        Violated::Reserve => "what the group keeps for other integrations",
    };
    let idle =
        if exceeded.held_elsewhere { "; calls that lie idle elsewhere are on their way back" } else { "" };
    let detail = format!("{whose} of {units} in {window_s} s is reached{idle}");
    let facts = QuotaFacts {
        violated_policies: vec![policy],
        limit: units,
        window_s,
        remaining: exceeded.would.left,
        next_free_at: exceeded.next_free_at,
    };
    let mut problem = Problem::new(&kinds::QUOTA_EXCEEDED).detail(detail).quota(facts);
    problem.retry_after_s = Some(exceeded.retry_after_s);
    Refused(Box::new(Inner { problem, exceeded: Some(exceeded) }))
}

/// What a limit is called in `RateLimit` and in `violated-policies`.
pub(super) fn policy_name(violated: Violated) -> &'static str {
    match violated {
        Violated::Pool => "group",
        Violated::Owner => "owner",
        Violated::Organisation => "organisation",
        Violated::Share => "share",
        Violated::Reserve => "reserve",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_for_gateways_names_every_reason_with_its_status() {
        let document = include_str!("../../../../deploy/gateways/README.md");
        for (kind, reason) in REASONS.iter().copied().chain([(&kinds::INTERNAL, "unavailable")]) {
            let named = |row: &&str| row.contains(&format!("{reason}`"));
            let statuses = document.lines().filter(|line| line.starts_with("| ")).filter(named);
            let status = if kind.status >= 500 { 503 } else { kind.status };
            assert!(
                statuses.clone().any(|row| row.starts_with(&format!("| {status} "))),
                "{reason} is not told with {status}, only in {:?}",
                statuses.collect::<Vec<_>>()
            );
        }
    }
}
