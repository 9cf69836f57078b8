//! What holds when: grants, and which of two writers of limits was later.

use super::*;

#[test]
fn a_grant_holds_until_but_not_at_its_end() {
    let until = days(90);
    let grant = granted(40_000, until, &[ALICE]);
    ask(&[], grant_until(40_000, until, by(ALICE))).then(std::slice::from_ref(&grant));

    let at = |instant| in_force(std::slice::from_ref(&grant), base(), instant);
    let during = at(until - TimeDelta::milliseconds(1));
    assert_eq!(during.limits, with_calls(40_000));
    assert_eq!((during.until, during.set_by_staff), (Some(until), true));
    let afterwards = at(until);
    assert_eq!(afterwards.limits, base().limits);
    assert_eq!((afterwards.until, afterwards.set_by_staff), (None, false));
}

#[test]
fn a_grant_ends_after_now_and_within_ninety_days() {
    ask(&[], grant_until(1, now(), by(ALICE))).rejects(Rejection::GrantOver);
    let late = days(90) + TimeDelta::milliseconds(1);
    ask(&[], grant_until(1, late, by(ALICE))).rejects(Rejection::GrantTooLong { latest: days(90) });
}

#[test]
fn a_grant_above_the_large_tier_needs_two_who_ask_for_the_very_same() {
    let proposed = Event::GrantProposed(GrantProposed {
        group: GROUP,
        calls: 600_000,
        until: days(7),
        approval: None,
        staff: ALICE,
        reason: ReasonCode::Requested,
        note: None,
    });
    ask(&[], grant_until(600_000, days(7), by(ALICE))).then(std::slice::from_ref(&proposed));
    assert_eq!(in_force(std::slice::from_ref(&proposed), base(), now()).limits, base().limits);
    ask(std::slice::from_ref(&proposed), grant_until(600_000, days(7), after(reviewer(ALICE), ALICE)))
        .rejects(Rejection::SameApprover);
    ask(std::slice::from_ref(&proposed), grant_until(600_000, days(7), after(reviewer(ALICE), BOB)))
        .then(&[granted(600_000, days(7), &[ALICE, BOB])]);
    let other = ask(&[proposed], grant_until(600_000, days(8), after(reviewer(ALICE), BOB)));
    assert!(matches!(other.accepted().events[..], [Event::GrantProposed(_)]));
}

#[test]
fn another_grant_or_other_limits_end_the_grant_there_is() {
    let ended = |at| Event::GrantEnded(GrantEnded { group: GROUP, at });
    let running = granted(40_000, days(7), &[ALICE]);
    ask(std::slice::from_ref(&running), grant_until(30_000, days(7), by(BOB)))
        .then(&[ended(now()), granted(30_000, days(7), &[BOB])]);
    ask(std::slice::from_ref(&running), set_limits(5_000, by(BOB)))
        .then(&[ended(now()), limits_set(with_calls(5_000), &[BOB])]);
    ask(std::slice::from_ref(&running), grant_until(40_000, days(7), by(BOB))).then(&[]);
    let over = granted(40_000, days(-1), &[ALICE]);
    ask(&[over], set_limits(5_000, by(BOB))).then(&[ended(days(-1)), limits_set(with_calls(5_000), &[BOB])]);
}

#[test]
fn the_end_of_a_grant_is_recorded_once_it_has_passed() {
    let end = Command::EndGrant { group: GROUP };
    let grant = granted(40_000, now(), &[ALICE]);
    let ended = Event::GrantEnded(GrantEnded { group: GROUP, at: now() });
    ask(std::slice::from_ref(&grant), end.clone()).then(std::slice::from_ref(&ended));
    assert!(fold::<Allowance>(std::slice::from_ref(&grant)).is_due(now()));
    assert!(!fold::<Allowance>(&[grant.clone(), ended.clone()]).is_due(now()));
    ask(&[grant, ended], end.clone()).rejects(Rejection::NotDue);
    ask(&[], end.clone()).rejects(Rejection::NotDue);
    ask(&[granted(40_000, now() + TimeDelta::milliseconds(1), &[ALICE])], end).rejects(Rejection::NotDue);
}

#[test]
fn the_later_of_staff_and_approval_gives_the_limits() {
    // Set before the approval: void since.
    let before = [limits_set(with_calls(20_000), &[ALICE]), granted(40_000, days(7), &[ALICE])];
    let approved_since = in_force(&before, approved(), now());
    assert_eq!(approved_since.limits, approved().limits);
    assert_eq!((approved_since.set_by_staff, approved_since.until), (false, None));

    // Set after it: holds.
    let command = Command::SetLimits {
        group: GROUP,
        base: approved(),
        asked: limits_asked(20_000),
        verdict: by(ALICE),
    };
    let when = ask(&[], command);
    let after = when.accepted().events.clone();
    let limits = Limits { calls: 20_000, ..approved().limits };
    assert_eq!(in_force(&after, approved(), now()).limits, limits);
}

#[test]
fn limits_that_are_void_are_not_what_a_change_starts_from() {
    let history = [limits_set(Limits { sites: 40, ..with_calls(20_000) }, &[ALICE])];
    let command = Command::SetLimits {
        group: GROUP,
        base: approved(),
        asked: limits_asked(20_000),
        verdict: by(ALICE),
    };
    let when = ask(&history, command);
    let [Event::LimitsSet(set)] = &when.accepted().events[..] else { panic!("one fact") };
    assert_eq!(set.limits.sites, approved().limits.sites);
}
