//! What looks come to, one after the other. Pure.

use crate::side_state::Occasion;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    policy::Policy,
    prodaccount::{CheckVerdict, ContactState, Standing},
};
use reachability::{
    Reason, Verdict,
    history::{self, Seen},
};
use std::time::Duration;

/// Looks remembered for one declaration.
const SEEN_MAX: usize = 64;
/// Of looks that found the same, the first three and the last tell all that history asks.
const SAME_KEPT: usize = 4;
/// When a doubt is looked into: the same a day later is an answer.
const DOUBT_LOOKED_INTO: TimeDelta = TimeDelta::days(1);

/// Time since the Unix epoch.
pub(super) fn since_epoch(at: DateTime<Utc>) -> Duration {
    Duration::from_secs(u64::try_from(at.timestamp()).unwrap_or_default())
}

/// Adds a look to those before.
pub(super) fn remember(seen: &mut Vec<Seen>, new: Seen) {
    let same = seen.iter().rev().take_while(|before| before.reason == new.reason).count();
    if same >= SAME_KEPT {
        seen.pop();
    }
    seen.push(new);
    if seen.len() > SEEN_MAX {
        seen.remove(0);
    }
}

/// What of it counts: from the proof on, and of hosts nobody can connect to only what was seen while it was known
/// that we reach others, once that is known.
fn counting(seen: &[Seen], standing: &Standing) -> Vec<Seen> {
    let since = standing.proof.as_ref().map_or(Duration::ZERO, |proof| since_epoch(proof.proven_at));
    let is_tested = seen.last().is_some_and(|last| last.egress_works);
    let counts = |one: &&Seen| one.at >= since && (one.egress_works || !is_tested);
    seen.iter().filter(counts).copied().collect()
}

/// What the looks come to, the last of them included.
pub(super) fn verdict(
    seen: &[Seen],
    standing: &Standing,
    now: DateTime<Utc>,
    policy: &Policy,
) -> CheckVerdict {
    let is_taken = seen.last().is_some_and(|last| last.reason.verdict() == Verdict::Accepted);
    match history::verdict(&counting(seen, standing), standing.state(now, policy).holds()) {
        Verdict::Accepted => CheckVerdict::Fine,
        // Trouble leaves a proof alone; only a server that takes the mail speaks for it.
        Verdict::Confirmed if is_taken => CheckVerdict::Fine,
        Verdict::Confirmed | Verdict::TempFail | Verdict::Indeterminate | Verdict::PolicyRefused => {
            CheckVerdict::Unknown
        }
        Verdict::Degraded | Verdict::RejectedInput => CheckVerdict::Doubtful,
        Verdict::Unreachable | Verdict::UnsafeTarget => CheckVerdict::Unreachable,
    }
}

/// Whether the last look has to be repeated before it means anything.
pub(super) fn is_repeated(seen: &[Seen], standing: &Standing) -> bool {
    history::next(&counting(seen, standing)).is_some()
}

/// When to look again, counted from the last look, and why; none when nothing is to be expected.
pub(super) fn next(
    seen: &[Seen],
    standing: &Standing,
    now: DateTime<Utc>,
    policy: &Policy,
) -> Option<(Occasion, TimeDelta)> {
    if let Some(wait) = history::next(&counting(seen, standing)) {
        return Some((Occasion::Again, TimeDelta::from_std(wait).unwrap_or(DOUBT_LOOKED_INTO)));
    }
    match standing.state(now, policy) {
        ContactState::Degraded { .. } => Some((Occasion::Again, DOUBT_LOOKED_INTO)),
        ContactState::Proven { .. } | ContactState::DueSoon { .. } => {
            Some((Occasion::Periodic, TimeDelta::days(policy.contact_check_days.into())))
        }
        ContactState::Pending | ContactState::Lapsed { .. } | ContactState::Withdrawn { .. } => None,
    }
}

/// The code of a reason as facts and the API have it.
pub(super) fn word(reason: Reason) -> String {
    reason.code().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: u64, reason: Reason) -> Seen {
        let believed_for = Duration::ZERO;
        Seen { at: Duration::from_hours(hour), reason, egress_works: true, believed_for }
    }

    #[test]
    fn what_is_forgotten_changes_nothing_of_what_history_says() {
        let reasons = [Reason::Greylisted, Reason::MailboxFull, Reason::NoConnection, Reason::NoMailbox];
        for reason in reasons {
            let (mut kept, mut all) = (Vec::new(), Vec::new());
            for hour in 0..400 {
                // Something else now and then breaks a streak.
                let reason = if hour % 190 == 189 { Reason::Busy } else { reason };
                remember(&mut kept, at(hour, reason));
                all.push(at(hour, reason));
                for confirmed in [false, true] {
                    assert_eq!(
                        history::verdict(&kept, confirmed),
                        history::verdict(&all, confirmed),
                        "{hour}"
                    );
                }
                assert_eq!(history::next(&kept), history::next(&all), "{reason:?} {hour}");
            }
            assert!(kept.len() <= 3 * SAME_KEPT + 2, "{}", kept.len());
        }
    }

    #[test]
    fn no_more_is_remembered_than_its_bound() {
        let mut seen = Vec::new();
        for hour in 0..1_000 {
            remember(&mut seen, at(hour, if hour % 2 == 0 { Reason::Busy } else { Reason::Dropped }));
        }
        assert_eq!(seen.len(), SEEN_MAX);
    }
}
