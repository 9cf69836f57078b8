use super::*;
use proptest::prelude::*;

const DAY: i64 = 86_400_000;
const NOW: i64 = 1_795_000_000_000;

/// A window in which every millisecond is a part of its own.
fn fine(kind: Kind) -> Window {
    Window { kind, length_ms: 1_000 }
}

#[test]
fn a_charge_counts_in_a_half_open_window() {
    let window = fine(Kind::Rolling);
    let mut usage = Usage::default();
    usage.charge(window, NOW, NOW, 3);
    usage.expire(window, NOW + 999);
    assert_eq!(usage.used(), 3);
    usage.expire(window, NOW + 1_000);
    assert_eq!(usage.used(), 0);
}

#[test]
fn an_anchored_window_refills_in_full_at_its_end_and_opens_with_the_next_call() {
    let window = fine(Kind::Anchored);
    let mut usage = Usage::default();
    usage.charge(window, NOW, NOW, 1);
    usage.charge(window, NOW + 999, NOW + 999, 5);
    assert_eq!((usage.used(), usage.anchor()), (6, Some(NOW)));
    assert_eq!(usage.freed_at(window, 6), Some(NOW + 1_000));
    usage.expire(window, NOW + 999);
    assert_eq!(usage.used(), 6);
    usage.expire(window, NOW + 1_000);
    assert_eq!((usage.used(), usage.anchor()), (0, None));
    usage.charge(window, NOW + 5_000, NOW + 5_000, 1);
    assert_eq!(usage.anchor(), Some(NOW + 5_000));
}

#[test]
fn a_day_is_divided_into_minutes_and_errs_against_the_caller_by_one() {
    let window = Window::rolling(DAY);
    assert_eq!(window.resolution_ms(), 60_000);
    let mut usage = Usage::default();
    let dated = usage.charge(window, NOW, NOW + 1, 1);
    assert!(dated > NOW && dated - NOW <= 60_000);
    assert_eq!(usage.freed_at(window, 1), Some(dated + DAY));
    usage.expire(window, dated + DAY - 1);
    assert_eq!(usage.used(), 1);
    usage.expire(window, dated + DAY);
    assert_eq!(usage.used(), 0);
}

#[test]
fn what_was_counted_under_another_kind_goes_on_counting() {
    let (rolling, anchored) = (fine(Kind::Rolling), fine(Kind::Anchored));
    let mut usage = Usage::default();
    usage.charge(rolling, NOW, NOW, 4);
    usage.expire(anchored, NOW + 500);
    assert_eq!((usage.used(), usage.anchor()), (4, Some(NOW + 500)));
    usage.expire(rolling, NOW + 700);
    assert_eq!((usage.used(), usage.freed_at(rolling, 1)), (4, Some(NOW + 1_700)));
}

#[test]
fn a_refund_takes_off_what_was_charged_and_never_more() {
    let window = fine(Kind::Rolling);
    let mut usage = Usage::default();
    let at = usage.charge(window, NOW, NOW, 4);
    usage.refund(at, 3);
    assert_eq!(usage.used(), 1);
    usage.refund(at, 9);
    usage.refund(at, 9);
    usage.refund(at + 1, 9);
    assert_eq!(usage, Usage::default());
}

proptest! {
    /// The window against a list of all charges, asked at each boundary.
    #[test]
    fn exactly_the_charges_of_the_window_count(
        steps in proptest::collection::vec((0_i64..700, 1_u32..5), 1..60),
    ) {
        let window = fine(Kind::Rolling);
        let (mut usage, mut all, mut now) = (Usage::default(), Vec::new(), NOW);
        for (passed, units) in steps {
            now += passed;
            all.push((usage.charge(window, now, now, units), units));
            for at in [now, all[0].0 + 999, all[0].0 + 1_000] {
                let at = at.max(now);
                let mut then = usage.clone();
                then.expire(window, at);
                let expected: u64 = all.iter().filter(|(made, _)| at < made + 1_000).map(|(_, n)| u64::from(*n)).sum();
                prop_assert_eq!(then.used(), expected);
            }
            usage.expire(window, now);
        }
    }

    /// 366 days of 24-hour windows, days of clock changes among them: every window of the year is as long as
    /// any other.
    #[test]
    fn every_day_of_a_year_is_as_long_as_any_other(day in 0_i64..366, into_day in 0_i64..DAY) {
        let window = Window::rolling(DAY);
        let made = NOW + day * DAY + into_day;
        let mut usage = Usage::default();
        let dated = usage.charge(window, made, made, 1);
        usage.expire(window, dated + DAY - 1);
        prop_assert_eq!(usage.used(), 1);
        usage.expire(window, dated + DAY);
        prop_assert_eq!(usage.used(), 0);
    }

    #[test]
    fn freed_at_is_the_first_instant_at_which_so_much_is_free(
        steps in proptest::collection::vec((0_i64..300, 1_u32..5), 1..40), units in 1_u64..100,
    ) {
        let window = fine(Kind::Rolling);
        let (mut usage, mut now) = (Usage::default(), NOW);
        for (passed, units) in steps {
            now += passed;
            usage.expire(window, now);
            usage.charge(window, now, now, units);
        }
        let before = usage.used();
        match usage.freed_at(window, units) {
            None => prop_assert!(units > before),
            Some(at) => {
                let mut then = usage.clone();
                then.expire(window, at - 1);
                prop_assert!(before - then.used() < units);
                then.expire(window, at);
                prop_assert!(before - then.used() >= units);
            }
        }
    }
}
