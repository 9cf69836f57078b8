use super::{parse::DraftLimits, *};
use crate::{
    group::{Limits, Partition, WindowKind},
    ids::{DevGroupId, StaffId, SubmissionId},
    policy::Policy,
    samples::{
        allowance::{base, calls, limits_asked, reviewer, suspended, verdict},
        integration, owner,
    },
    staff::StaffRole,
    testing::{When, at, fold, given, uuid},
};
use chrono::TimeDelta;

mod parsing;
mod shares;
mod times;

const GROUP: GroupRef = GroupRef::Development(DevGroupId::from_uuid(uuid::Uuid::from_u128(0xa0)));
const ALICE: StaffId = StaffId::from_uuid(uuid::Uuid::from_u128(0x57));
const BOB: StaffId = StaffId::from_uuid(uuid::Uuid::from_u128(0x58));

fn now() -> DateTime<Utc> {
    at("2026-11-05T10:00:00Z")
}

fn days(days: i64) -> DateTime<Utc> {
    now() + TimeDelta::days(days)
}

/// A group that was approved, for the standard tier.
fn approved() -> Base {
    let approval = Some(SubmissionId::from_uuid(uuid(0x5a)));
    Base { limits: Policy::default().standard, approval }
}

fn by(staff: StaffId) -> Verdict {
    Verdict { note: None, ..verdict(reviewer(staff)) }
}

/// The second of two, who knows the first as they are now.
fn after(first: Reviewer, staff: StaffId) -> Verdict {
    Verdict { first: Some(first), ..by(staff) }
}

fn set_limits(number: i64, verdict: Verdict) -> Command {
    Command::SetLimits { group: GROUP, base: base(), asked: limits_asked(number), verdict }
}

fn grant_until(number: u32, until: DateTime<Utc>, verdict: Verdict) -> Command {
    let asked = GrantAsked { calls: calls(number), until };
    Command::Grant { group: GROUP, base: base(), asked, verdict }
}

fn limits_set(limits: Limits, staff: &[StaffId]) -> Event {
    Event::LimitsSet(LimitsSet {
        group: GROUP,
        limits,
        approval: None,
        staff: staff.to_vec(),
        reason: ReasonCode::Requested,
        note: None,
        policy_version: 1,
    })
}

fn limits_proposed(limits: Limits, staff: StaffId) -> Event {
    let (reason, note) = (ReasonCode::Requested, None);
    Event::LimitsProposed(LimitsProposed { group: GROUP, limits, approval: None, staff, reason, note })
}

fn granted(calls: u32, until: DateTime<Utc>, staff: &[StaffId]) -> Event {
    Event::Granted(Granted {
        group: GROUP,
        calls,
        until,
        approval: None,
        staff: staff.to_vec(),
        reason: ReasonCode::Requested,
        note: None,
        policy_version: 1,
    })
}

fn with_calls(calls: u32) -> Limits {
    Limits { calls, ..Policy::default().development }
}

fn ask(history: &[Event], command: Command) -> When<Allowance> {
    given::<Allowance>(history).when(command, now(), &Policy::default())
}

fn in_force(history: &[Event], base: Base, now: DateTime<Utc>) -> InForce {
    fold::<Allowance>(history).in_force(base, now, |_| true)
}

#[test]
fn without_anything_set_a_group_has_what_its_tier_gives() {
    let untouched = in_force(&[], base(), now());
    let nothing = InForce {
        limits: base().limits,
        until: None,
        suspended: None,
        shadow_calls: None,
        shares: vec![],
        set_by_staff: false,
    };
    assert_eq!(untouched, nothing);
}

#[test]
fn staff_raise_and_lower_limits_from_now_on() {
    for number in [1, 9_999, 10_001, 500_000] {
        let limits = with_calls(number);
        ask(&[], set_limits(number.into(), by(ALICE))).then(&[limits_set(limits, &[ALICE])]);
        let in_force = in_force(&[limits_set(limits, &[ALICE])], base(), now());
        assert_eq!((in_force.limits, in_force.set_by_staff), (limits, true));
    }
}

#[test]
fn what_is_left_out_stays_as_it_is() {
    let draft = DraftLimits {
        calls: 300,
        window_s: Some(3_600),
        window: Some(WindowKind::Anchored),
        sites: Some(9),
        partition: None,
    };
    let asked = LimitsAsked::parse(draft).expect("limits");
    let command = Command::SetLimits { group: GROUP, base: base(), asked, verdict: by(ALICE) };
    let limits = Limits {
        calls: 300,
        window_s: 3_600,
        window: WindowKind::Anchored,
        sites: 9,
        partition: Partition::Group,
    };
    ask(&[], command).then(&[limits_set(limits, &[ALICE])]);
    let again = Limits { calls: 400, ..limits };
    ask(&[limits_set(limits, &[ALICE])], set_limits(400, by(ALICE))).then(&[limits_set(again, &[ALICE])]);
}

#[test]
fn the_same_limits_again_change_nothing_and_those_of_the_tier_are_set_all_the_same() {
    let set = limits_set(with_calls(20_000), &[ALICE]);
    ask(&[set], set_limits(20_000, by(BOB))).then(&[]);
    ask(&[], set_limits(10_000, by(BOB))).then(&[limits_set(with_calls(10_000), &[BOB])]);
}

#[test]
fn above_the_large_tier_two_must_ask_for_the_very_same() {
    let limits = with_calls(500_001);
    let proposed = limits_proposed(limits, ALICE);
    ask(&[], set_limits(500_001, by(ALICE))).then(std::slice::from_ref(&proposed));
    assert_eq!(in_force(std::slice::from_ref(&proposed), base(), now()).limits, base().limits);

    let second = set_limits(500_001, after(reviewer(ALICE), BOB));
    ask(std::slice::from_ref(&proposed), second).then(&[limits_set(limits, &[ALICE, BOB])]);
    let other = set_limits(500_002, after(reviewer(ALICE), BOB));
    ask(std::slice::from_ref(&proposed), other).then(&[limits_proposed(with_calls(500_002), BOB)]);
    ask(&[proposed], set_limits(500_001, after(reviewer(ALICE), ALICE))).rejects(Rejection::SameApprover);
}

#[test]
fn a_proposal_is_void_once_who_made_it_could_not_make_it_any_more() {
    let proposed = limits_proposed(with_calls(500_001), ALICE);
    let reader = Reviewer { role: StaffRole::Reader, ..reviewer(ALICE) };
    let insider = Reviewer { own_developers: vec![owner()], ..reviewer(ALICE) };
    for first in [None, Some(reader), Some(insider)] {
        let verdict = Verdict { first, ..by(BOB) };
        ask(std::slice::from_ref(&proposed), set_limits(500_001, verdict))
            .then(&[limits_proposed(with_calls(500_001), BOB)]);
    }
}

#[test]
fn a_proposal_is_void_once_other_limits_were_set_or_the_group_was_approved() {
    let proposed = limits_proposed(with_calls(500_001), ALICE);
    let history = [proposed.clone(), limits_set(with_calls(20_000), &[BOB])];
    ask(&history, set_limits(500_001, after(reviewer(ALICE), BOB)))
        .then(&[limits_proposed(with_calls(500_001), BOB)]);

    let asked = LimitsAsked::parse(DraftLimits {
        calls: 500_001,
        window_s: None,
        window: None,
        sites: Some(6),
        partition: None,
    })
    .expect("limits");
    let verdict = after(reviewer(ALICE), BOB);
    let when = ask(&[proposed], Command::SetLimits { group: GROUP, base: approved(), asked, verdict });
    assert!(matches!(when.accepted().events[..], [Event::LimitsProposed(_)]));
}

#[test]
fn a_short_window_and_what_is_counted_apart_count_as_what_they_add_up_to() {
    let asked = |calls, window_s, partition| {
        let draft = DraftLimits { calls, window_s: Some(window_s), window: None, sites: None, partition };
        LimitsAsked::parse(draft).expect("limits")
    };
    let cases = [
        (asked(20_833, 3_600, None), true),
        (asked(20_834, 3_600, None), false),
        (asked(500_000, 31_622_400, None), true),
        (asked(500_001, 31_622_400, None), false),
        (asked(10, 86_400, Some(Partition::GroupSite)), false),
        (asked(10, 86_400, Some(Partition::Integration)), false),
    ];
    for (asked, one_suffices) in cases {
        let command = Command::SetLimits { group: GROUP, base: base(), asked, verdict: by(ALICE) };
        let when = ask(&[], command);
        let set = matches!(when.accepted().events[..], [Event::LimitsSet(_)]);
        assert_eq!(set, one_suffices, "{asked:?}");
    }
}

#[test]
fn only_independent_approvers_decide() {
    let reader = Reviewer { role: StaffRole::Reader, ..reviewer(ALICE) };
    let auditor = Reviewer { role: StaffRole::Auditor, ..reviewer(ALICE) };
    let insider = Reviewer { own_developers: vec![owner()], ..reviewer(ALICE) };
    for (reviewer, rejection) in [
        (reader, Rejection::NotAnApprover),
        (auditor, Rejection::NotAnApprover),
        (insider, Rejection::ReviewerNotIndependent),
    ] {
        let verdict = || Verdict { reviewer: reviewer.clone(), ..by(ALICE) };
        let (group, reason, note) = (GROUP, ReasonCode::Other, None);
        let commands = [
            set_limits(20_000, verdict()),
            grant_until(20_000, days(1), verdict()),
            Command::SetShadow { group, reviewer: reviewer.clone(), calls: calls(1) },
            Command::EndShadow { group, reviewer: reviewer.clone() },
            Command::Suspend { group, reviewer: reviewer.clone(), reason, note: note.clone() },
            Command::Resume { group, reviewer: reviewer.clone(), reason, note },
        ];
        for command in commands {
            ask(&[], command).rejects(rejection.clone());
        }
    }
}

#[test]
fn a_group_is_suspended_once_and_resumed_once() {
    let (group, reason, note) = (GROUP, ReasonCode::Abuse, None);
    let suspend = Command::Suspend { group, reviewer: reviewer(ALICE), reason, note: note.clone() };
    let resume = Command::Resume { group, reviewer: reviewer(BOB), reason, note: note.clone() };
    let begun = Event::Suspended(Suspended { group, staff: ALICE, reason, note: note.clone(), since: now() });
    let over = Event::Resumed(Resumed { group, staff: BOB, reason, note });

    ask(&[], suspend.clone()).then(std::slice::from_ref(&begun));
    assert_eq!(in_force(std::slice::from_ref(&begun), base(), now()).suspended, Some(now()));
    ask(std::slice::from_ref(&begun), suspend).rejects(Rejection::AlreadySuspended { since: now() });
    ask(&[], resume.clone()).rejects(Rejection::NotSuspended);
    ask(std::slice::from_ref(&begun), resume).then(std::slice::from_ref(&over));
    assert_eq!(in_force(&[begun, over], base(), now()).suspended, None);
}

#[test]
fn what_is_set_while_a_group_is_suspended_holds_when_it_is_resumed() {
    let begun = Event::Suspended(suspended());
    let set = limits_set(with_calls(20_000), &[ALICE]);
    ask(std::slice::from_ref(&begun), set_limits(20_000, by(ALICE))).then(std::slice::from_ref(&set));
    let suspended = in_force(&[begun, set], base(), now());
    assert_eq!((suspended.limits.calls, suspended.suspended.is_some()), (20_000, true));
}

#[test]
fn a_shadow_is_observed_and_changes_no_limit() {
    let set = |calls| Event::ShadowSet(ShadowSet { group: GROUP, calls, staff: ALICE });
    let ended = Event::ShadowEnded(ShadowEnded { group: GROUP, staff: ALICE });
    let shadow =
        |number| Command::SetShadow { group: GROUP, reviewer: reviewer(ALICE), calls: calls(number) };
    let end = Command::EndShadow { group: GROUP, reviewer: reviewer(ALICE) };

    ask(&[], shadow(5)).then(&[set(5)]);
    ask(&[set(5)], shadow(5)).then(&[]);
    ask(&[set(5)], shadow(6)).then(&[set(6)]);
    let observed = in_force(&[set(5)], base(), now());
    assert_eq!((observed.shadow_calls, observed.limits), (Some(5), base().limits));
    ask(&[], end.clone()).then(&[]);
    ask(&[set(5)], end).then(std::slice::from_ref(&ended));
    assert_eq!(in_force(&[set(5), ended], base(), now()).shadow_calls, None);
}
