//! Which thresholds are told, and how.

use super::*;
use crate::{
    decider::StoredEvent as _,
    ids::DevGroupId,
    policy::Policy,
    testing::{at, given, uuid},
};

const GROUP: GroupRef = GroupRef::Development(DevGroupId::from_uuid(Uuid::from_u128(0xa0)));

fn threshold(percent: u8, since: &str) -> Threshold {
    let (part, window, since) = (None, WindowKind::Rolling, at(since));
    let limit_of = LimitOf::Group;
    Threshold { group: GROUP, limit_of, part, percent, limit: 10_000, window_s: 86_400, window, since }
}

fn reached(percent: u8, since: &str, mailed: bool) -> Event {
    let Threshold { group, limit_of, part, percent, limit, window_s, window, since } =
        threshold(percent, since);
    Event::Reached(Reached { group, limit_of, part, percent, limit, window_s, window, since, mailed })
}

const PLAIN: Meter = (LimitOf::Group, None);
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
fn short_windows_are_told_once_a_day() {
    let before = [reached(100, NOON, true)];
    for soon in ["2026-11-22T13:00:00Z", "2026-11-23T11:59:59.999Z"] {
        assert_eq!(told(&before, 100, soon), []);
    }
    assert_eq!(told(&before, 100, NEXT_NOON), [reached(100, NEXT_NOON, true)]);
}

#[test]
fn however_many_parts_run_out_day_after_day_a_history_lasts_for_years() {
    let (mut state, mut recorded) = (UsageWatch::default(), 0);
    let policy = Policy::default();
    let minute = |minute: i64| at(NOON) + TimeDelta::minutes(minute);
    for now in (0..3 * 24 * 60).map(minute) {
        let parts = [None].into_iter().chain((1..30_u128).map(|part| Some(Uuid::from_u128(part))));
        for (part, percent) in parts.flat_map(|part| [50, 80, 90, 100].map(|percent| (part, percent))) {
            let tell =
                Command::Tell(Threshold { part, since: now, window_s: 60, ..threshold(percent, NOON) });
            let decision = state.decide(tell, &Context { now, policy: &policy }).unwrap();
            recorded += decision.events.len();
            state = decision.events.iter().fold(state, |state, event| state.evolve(event).unwrap());
        }
        for percent in [50, 80, 90, 100] {
            let own = state.told(PLAIN, percent).unwrap().since;
            assert!(now - own < TimeDelta::hours(24), "the group's own is told whatever its parts do");
        }
    }
    assert_eq!(recorded, 3 * 12, "twelve a day: twenty thousand last for more than four years");
}

#[test]
fn limits_and_parts_with_limits_of_their_own_are_told_apart() {
    let part = Some(uuid(7));
    for (limit_of, part) in [(LimitOf::Group, part), (LimitOf::Share, part), (LimitOf::Owner, None)] {
        let mut other = threshold(80, NOON);
        (other.limit_of, other.part) = (limit_of, part);
        let when = given::<UsageWatch>(&[reached(80, NOON, true)]).when(
            Command::Tell(other),
            at(NOON),
            &Policy::default(),
        );
        assert_eq!(when.outcome.map(|decision| decision.events.len()), Ok(1));
        assert!(when.after.told((limit_of, part), 80).is_some());
    }
}

#[test]
fn a_higher_threshold_of_the_same_window_makes_a_lower_one_old_news() {
    let fold = |events: &[Event]| crate::testing::fold::<UsageWatch>(events);
    let is_news = |events: &[Event]| fold(events).is_news(PLAIN, 80, at(NOON));
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
    assert!(state.told((LimitOf::Group, Some(Uuid::from_u128(999))), 80).is_some());
}

#[test]
fn a_limit_that_was_raised_or_lowered_since_is_told_and_mailed_anew() {
    let second_later = "2026-11-22T12:00:01Z";
    for limit in [9_000, 20_000] {
        let tell = |since| {
            let other = Threshold { limit, ..threshold(80, since) };
            let when = given::<UsageWatch>(&[reached(80, NOON, true)]).when(
                Command::Tell(other),
                at(since),
                &Policy::default(),
            );
            when.outcome.map(|decision| decision.events).unwrap_or_default()
        };
        let Event::Reached(expected) = reached(80, second_later, true);
        assert_eq!(tell(second_later), [Event::Reached(Reached { limit, ..expected })]);
        assert_eq!(tell(NOON), [], "one occasion is one, whoever tells it under which limit");
    }
}

#[test]
fn what_names_no_limit_is_about_the_groups_own_and_others_are_named() {
    let text = |event: &Event| String::from_utf8(event.encode().expect("it is stored")).expect("it is text");
    let Event::Reached(plain) = reached(80, NOON, true);
    assert!(!text(&Event::Reached(plain.clone())).contains("limit_of"));
    for (limit_of, word) in
        [(LimitOf::Owner, "owner"), (LimitOf::Organisation, "organisation"), (LimitOf::Share, "share")]
    {
        let part = Some(uuid(7));
        let event = Reached { limit_of, part, ..plain.clone() };
        let stored = Event::Reached(event.clone());
        assert!(text(&stored).contains(&format!("\"limit_of\":\"{word}\"")));
        let read = Event::decode(stored.stored_type(), stored.schema(), text(&stored).as_bytes());
        assert_eq!(read.expect("it is read"), stored);
        let share = (limit_of == LimitOf::Share).then(|| IntegrationId::from_uuid(uuid(7)));
        assert_eq!(event.integration(), share);
    }
}
