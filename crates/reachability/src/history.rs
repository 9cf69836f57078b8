//! What findings mean one after the other: when trouble has lasted long enough to be an answer, and when to ask again.
//! Pure; times are since the Unix epoch, and the caller keeps what was seen.

use crate::{
    flag::Flag,
    reason::Reason,
    verdict::{Finding, Verdict},
};
use std::time::Duration;

const DAY: Duration = Duration::from_hours(24);

/// How long senders keep trying (RFC 5321, 4.5.4.1).
const SENDERS_PATIENCE: Duration = Duration::from_hours(5 * 24);

/// One finding, as far as the later ones need it. Nothing in it is about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// When.
    pub at: Duration,
    /// What.
    pub reason: Reason,
    /// Whether it is known that we reach others while we do not reach these.
    pub egress_works: bool,
    /// How long an answer that there is no such domain may be believed.
    pub believed_for: Duration,
}

impl Seen {
    /// What a finding leaves behind.
    pub fn of(finding: &Finding, at: Duration) -> Self {
        Self {
            at,
            reason: finding.reason,
            egress_works: !finding.flags.contains(&Flag::EgressUntested),
            believed_for: finding.believed_for.unwrap_or_default(),
        }
    }
}

/// How an address stands. `seen` is in order of time and begins at the last proof, if there was one: `confirmed`. Without
/// anything seen, an address is what its proof makes it.
pub fn verdict(seen: &[Seen], confirmed: bool) -> Verdict {
    let Some(streak) = Streak::at_the_end_of(seen) else {
        return if confirmed { Verdict::Confirmed } else { Verdict::Indeterminate };
    };
    let settled = streak.settled();
    if !confirmed {
        return settled;
    }
    match settled {
        // One contrary finding never undoes a proof; the same one a day later does.
        Verdict::Unreachable | Verdict::UnsafeTarget if streak.lasted >= DAY => settled,
        Verdict::Unreachable | Verdict::UnsafeTarget => Verdict::Degraded,
        _ if streak.last.reason == Reason::MailboxFull && streak.lasted >= SENDERS_PATIENCE => {
            Verdict::Degraded
        }
        // Whoever is in trouble, they or we: nothing speaks against what was proven.
        _ => Verdict::Confirmed,
    }
}

/// When to ask again, counted from the last finding: 5, 15 and 60 minutes, then every 4 hours, for 5 days (RFC 5321,
/// 4.5.4.1); greylisting wants no less than 5 minutes (RFC 6647). None when there is nothing to wait for. A caller adds
/// jitter, and comes from the same address with the same sender.
pub fn next(seen: &[Seen]) -> Option<Duration> {
    let streak = Streak::at_the_end_of(seen)?;
    if streak.last.reason == Reason::NoDomain && streak.settled() == Verdict::TempFail {
        // As soon as the answer is old, but not at once.
        return Some(streak.last.believed_for.max(Duration::from_mins(5)));
    }
    let trouble = seen.iter().rev().take_while(|seen| is_trouble(seen.reason));
    let (tries, first) = trouble.fold((0_usize, streak.last.at), |(tries, _), seen| (tries + 1, seen.at));
    let minutes = match tries {
        ..=1 => 5,
        2 => 15,
        3 => 60,
        _ => 240,
    };
    let is_over = streak.last.at.saturating_sub(first) >= SENDERS_PATIENCE;
    (tries > 0 && !is_over).then(|| Duration::from_mins(minutes))
}

/// What may be otherwise next time, without anybody having done something about it.
fn is_trouble(reason: Reason) -> bool {
    matches!(reason.verdict(), Verdict::TempFail | Verdict::Indeterminate) && reason != Reason::NotAsked
}

/// The same thing seen again and again, up to now.
struct Streak {
    last: Seen,
    times: usize,
    lasted: Duration,
}

impl Streak {
    fn at_the_end_of(seen: &[Seen]) -> Option<Self> {
        let last = *seen.last()?;
        let same = seen.iter().rev().take_while(|seen| seen.reason == last.reason);
        let (times, first) = same.fold((0, last), |(times, _), seen| (times + 1, *seen));
        Some(Self { last, times, lasted: last.at.saturating_sub(first.at) })
    }

    /// The verdict of what lasts: some trouble is an answer after a while, and one answer is none at first.
    fn settled(&self) -> Verdict {
        let is_answer = match self.last.reason {
            Reason::AliasLoop => self.lasted >= DAY,
            Reason::NoConnection => self.last.egress_works && self.lasted >= SENDERS_PATIENCE,
            Reason::MailboxFull => self.times >= 3 && self.lasted >= 7 * DAY,
            Reason::NoDomain => self.times >= 2 && self.lasted >= self.last.believed_for,
            reason => return reason.verdict(),
        };
        if is_answer { Verdict::Unreachable } else { Verdict::TempFail }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    /// The same reason at these hours.
    fn at_hours(reason: Reason, hours: &[u32]) -> Vec<Seen> {
        let believed_for = Duration::from_mins(10);
        hours.iter().map(|hour| Seen { at: HOUR * *hour, reason, egress_works: true, believed_for }).collect()
    }

    #[test]
    fn an_address_without_findings_is_what_its_proof_makes_it() {
        assert_eq!(verdict(&[], true), Verdict::Confirmed);
        assert_eq!(verdict(&[], false), Verdict::Indeterminate);
    }

    #[test]
    fn a_missing_domain_is_an_answer_when_asked_again_after_the_answer_ran_out() {
        let seen = at_hours(Reason::NoDomain, &[0, 1]);
        assert_eq!(verdict(&seen[..1], false), Verdict::TempFail);
        assert_eq!(next(&seen[..1]), Some(Duration::from_mins(10)));
        assert_eq!(verdict(&seen, false), Verdict::Unreachable);
        assert_eq!(next(&seen), None);
    }

    #[test]
    fn a_circle_of_aliases_is_an_answer_after_a_day() {
        assert_eq!(verdict(&at_hours(Reason::AliasLoop, &[0, 23]), false), Verdict::TempFail);
        assert_eq!(verdict(&at_hours(Reason::AliasLoop, &[0, 12, 24]), false), Verdict::Unreachable);
    }

    #[test]
    fn hosts_nobody_can_connect_to_are_an_answer_after_five_days_if_we_reach_others() {
        let mut seen = at_hours(Reason::NoConnection, &[0, 60, 119]);
        assert_eq!(verdict(&seen, false), Verdict::TempFail);
        seen.extend(at_hours(Reason::NoConnection, &[120]));
        assert_eq!(verdict(&seen, false), Verdict::Unreachable);
        seen[3].egress_works = false;
        assert_eq!(verdict(&seen, false), Verdict::TempFail);
    }

    #[test]
    fn a_full_mailbox_is_an_answer_after_three_times_over_seven_days() {
        assert_eq!(verdict(&at_hours(Reason::MailboxFull, &[0, 168]), false), Verdict::TempFail);
        assert_eq!(verdict(&at_hours(Reason::MailboxFull, &[0, 80, 167]), false), Verdict::TempFail);
        assert_eq!(verdict(&at_hours(Reason::MailboxFull, &[0, 80, 168]), false), Verdict::Unreachable);
    }

    #[test]
    fn a_proof_outlives_trouble_and_what_is_held_against_us() {
        for reason in Reason::ALL {
            let verdict = verdict(&at_hours(*reason, &[0]), true);
            let speaks_against = matches!(reason.verdict(), Verdict::Unreachable | Verdict::UnsafeTarget);
            let at_once = speaks_against && *reason != Reason::NoDomain;
            assert_eq!(verdict, if at_once { Verdict::Degraded } else { Verdict::Confirmed }, "{reason:?}");
        }
    }

    #[test]
    fn a_proof_is_degraded_by_one_contrary_finding_and_undone_by_the_same_a_day_later() {
        assert_eq!(verdict(&at_hours(Reason::NoMailbox, &[0, 23]), true), Verdict::Degraded);
        assert_eq!(verdict(&at_hours(Reason::NoMailbox, &[0, 24]), true), Verdict::Unreachable);
        let mut seen = at_hours(Reason::NoMailbox, &[0]);
        seen.extend(at_hours(Reason::Taken, &[12]));
        seen.extend(at_hours(Reason::NoMailbox, &[24]));
        assert_eq!(verdict(&seen, true), Verdict::Degraded, "what lies between breaks the streak");
    }

    #[test]
    fn a_domain_that_lapses_degrades_its_proof_and_then_undoes_it() {
        assert_eq!(verdict(&at_hours(Reason::NoDomain, &[0]), true), Verdict::Confirmed);
        assert_eq!(verdict(&at_hours(Reason::NoDomain, &[0, 1]), true), Verdict::Degraded);
        assert_eq!(verdict(&at_hours(Reason::NoDomain, &[0, 24]), true), Verdict::Unreachable);
    }

    #[test]
    fn a_proven_mailbox_that_is_full_for_five_days_is_degraded() {
        assert_eq!(verdict(&at_hours(Reason::MailboxFull, &[0, 119]), true), Verdict::Confirmed);
        assert_eq!(verdict(&at_hours(Reason::MailboxFull, &[0, 120]), true), Verdict::Degraded);
    }

    #[test]
    fn trouble_is_asked_about_again_at_growing_distance_for_five_days() {
        let mut seen = Vec::new();
        let mut at = Duration::ZERO;
        let mut waits = Vec::new();
        loop {
            seen.push(Seen {
                at,
                reason: Reason::Greylisted,
                egress_works: true,
                believed_for: Duration::ZERO,
            });
            let Some(wait) = next(&seen) else { break };
            waits.push(wait.as_secs() / 60);
            at += wait;
        }
        assert_eq!(waits[..5], [5, 15, 60, 240, 240]);
        assert!(at >= 5 * DAY && at < 5 * DAY + 4 * HOUR, "{at:?}");
    }

    #[test]
    fn an_answer_is_not_asked_for_again() {
        for reason in [Reason::Taken, Reason::NoMailbox, Reason::Policy, Reason::Syntax, Reason::NonGlobal] {
            assert_eq!(next(&at_hours(reason, &[0])), None, "{reason:?}");
        }
    }

    #[test]
    fn transient_trouble_of_any_kind_never_becomes_permanent_within_a_day() {
        for reason in Reason::ALL.iter().filter(|reason| is_trouble(**reason)) {
            assert_ne!(
                verdict(&at_hours(*reason, &[0, 1, 8, 23]), false),
                Verdict::Unreachable,
                "{reason:?}"
            );
        }
    }
}
