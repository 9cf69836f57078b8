//! Which thresholds are told, and how.

use super::*;
use crate::{
    ids::DevGroupId,
    policy::Policy,
    testing::{at, given, uuid},
};

const GROUP: GroupRef = GroupRef::Development(DevGroupId::from_uuid(Uuid::from_u128(0xa0)));

fn threshold(percent: u8, since: &str) -> Threshold {
    let (part, window, since) = (None, WindowKind::Rolling, at(since));
    Threshold { group: GROUP, part, percent, limit: 10_000, window_s: 86_400, window, since }
}

fn reached(percent: u8, since: &str, mailed: bool) -> Event {
    let Threshold { group, part, percent, limit, window_s, window, since } = threshold(percent, since);
    Event::Reached(Reached { group, part, percent, limit, window_s, window, since, mailed })
}

const NOON: &str = "2026-11-22T12:00:00Z";
const NEXT_NOON: &str = "2026-11-23T12:00:00Z";

fn told(before: &[Event], percent: u8, since: &str) -> Vec<Event> {
    let when = given::<UsageWatch>(before).when(
        Command::Tell(threshold(percent, since)),
        at(since),
        &Policy::default(),
    );
    when.outcome.map(|decision| decision.events).unwrap_or_default()
}

#[test]
fn half_is_told_without_a_mail_and_more_with_one() {
    for (percent, mailed) in [(50, false), (80, true), (90, true), (100, true)] {
        assert_eq!(told(&[], percent, NOON), [reached(percent, NOON, mailed)]);
    }
}

#[test]
fn what_was_told_is_not_told_again_and_the_next_window_is_another_occasion() {
    let before = [reached(80, NOON, true)];
    assert_eq!(told(&before, 80, NOON), []);
    assert_eq!(told(&before, 80, "2026-11-22T11:00:00Z"), [], "an older one");
    assert_eq!(told(&before, 90, NOON), [reached(90, NOON, true)]);
    assert_eq!(told(&before, 80, NEXT_NOON), [reached(80, NEXT_NOON, true)]);
}

#[test]
fn short_windows_are_recorded_once_an_hour_and_mailed_once_a_day() {
    let before = [reached(100, NOON, true)];
    assert_eq!(told(&before, 100, "2026-11-22T12:59:59.999Z"), []);
    let hour_later = "2026-11-22T13:00:00Z";
    assert_eq!(told(&before, 100, hour_later), [reached(100, hour_later, false)]);
    let before = [before[0].clone(), reached(100, hour_later, false)];
    let almost = "2026-11-23T11:59:59.999Z";
    assert_eq!(told(&before, 100, almost), [reached(100, almost, false)]);
    assert_eq!(told(&before, 100, NEXT_NOON), [reached(100, NEXT_NOON, true)]);
}

#[test]
fn parts_with_limits_of_their_own_are_told_apart() {
    let part = Some(uuid(7));
    let mut other = threshold(80, NOON);
    other.part = part;
    let when = given::<UsageWatch>(&[reached(80, NOON, true)]).when(
        Command::Tell(other),
        at(NOON),
        &Policy::default(),
    );
    assert_eq!(when.outcome.map(|decision| decision.events.len()), Ok(1));
    assert!(when.after.told(part, 80).is_some());
}

#[test]
fn a_higher_threshold_of_the_same_window_makes_a_lower_one_old_news() {
    let fold = |events: &[Event]| crate::testing::fold::<UsageWatch>(events);
    let is_news = |events: &[Event]| fold(events).is_news(None, 80, at(NOON));
    assert!(!is_news(&[]));
    assert!(is_news(&[reached(50, NOON, false), reached(80, NOON, true)]));
    assert!(!is_news(&[reached(80, NOON, true), reached(100, NOON, true)]));
    assert!(!is_news(&[reached(80, NOON, true), reached(90, "2026-11-23T11:59:59.999Z", true)]));
    assert!(is_news(&[reached(80, NOON, true), reached(90, NEXT_NOON, true)]), "another window");
    assert!(is_news(&[reached(90, "2026-11-22T11:59:59Z", true), reached(80, NOON, true)]), "one before");
    assert!(!is_news(&[reached(80, NOON, true), reached(80, NEXT_NOON, true)]));
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut state = UsageWatch::default();
    for part in 0..1_000_u128 {
        let Event::Reached(mut event) = reached(80, NOON, true);
        event.part = Some(Uuid::from_u128(part));
        event.since += TimeDelta::seconds(i64::try_from(part).unwrap_or_default());
        state = state.evolve(&Event::Reached(event)).expect("it follows");
    }
    let UsageWatch::Told(all) = &state else { panic!("something was told") };
    assert_eq!(all.len(), REMEMBERED_MAX);
    assert!(state.told(Some(Uuid::from_u128(999)), 80).is_some());
}
