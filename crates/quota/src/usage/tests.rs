//! What is counted in memory, and steps of the calendar.

use super::*;
use proptest::prelude::*;

const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;
/// 2024-02-29 00:00 UTC.
const LEAP_DAY: i64 = 1_709_164_800_000;

fn line(site: Option<&str>, outcome: Outcome) -> Line<'_> {
    Line { group: 1, integration: 2, site, outcome }
}

fn sites(tally: &Tally) -> Vec<(String, u64)> {
    tally.take(0).into_iter().map(|line| (line.site, line.units)).collect()
}

#[test]
fn equal_lines_are_one_number_and_taking_them_leaves_nothing() {
    let tally = Tally::default();
    for units in [1, 2, u32::MAX] {
        tally.count(line(Some("a"), Outcome::Admitted), units);
    }
    tally.count(line(None, Outcome::Admitted), 5);
    assert_eq!(sites(&tally), [(String::new(), 5), ("a".into(), u64::from(u32::MAX) + 3)]);
    assert!(sites(&tally).is_empty());
}

#[test]
fn a_site_that_is_no_id_and_one_that_anybody_could_name_goes_under_other() {
    let tally = Tally::default();
    let long = "x".repeat(SITE_CHARS + 1);
    for site in ["", " ", "a b", "é", &long] {
        tally.count(line(Some(site), Outcome::Admitted), 1);
    }
    for outcome in [Outcome::Unauthenticated, Outcome::SiteRefused] {
        tally.count(line(Some("made-up"), outcome), 1);
    }
    let counted: Vec<_> = sites(&tally);
    assert_eq!(counted, [(OTHER_SITES.into(), 5), (OTHER_SITES.into(), 1), (OTHER_SITES.into(), 1)]);
    tally.count(line(Some(&long[1..]), Outcome::Admitted), 1);
    assert_eq!(sites(&tally), [(long[1..].to_owned(), 1)]);
}

#[test]
fn beyond_so_many_sites_of_an_integration_the_rest_of_the_day_is_other() {
    let tally = Tally::default();
    assert!(sites(&tally).is_empty());
    for number in 0..SITES_MAX + 50 {
        tally.count(line(Some(&format!("site-{number}")), Outcome::Admitted), 1);
    }
    let counted = sites(&tally);
    assert_eq!(counted.len(), SITES_MAX + 1);
    assert_eq!(counted[0], (OTHER_SITES.into(), 50));
    tally.count(line(Some("site-0"), Outcome::Admitted), 1);
    tally.count(line(Some("late"), Outcome::Admitted), 1);
    assert_eq!(sites(&tally), [(OTHER_SITES.into(), 1), ("site-0".into(), 1)], "known ones stay known");
    assert!(tally.take(DAY).is_empty(), "another day begins");
    tally.count(line(Some("late"), Outcome::Admitted), 1);
    assert_eq!(sites(&tally), [("late".into(), 1)]);
}

#[test]
fn memory_is_bounded_however_many_lines_there_are() {
    let tally = Tally::default();
    for integration in 0..u128::from(u32::MAX) {
        tally.count(Line { integration, ..line(None, Outcome::Admitted) }, 1);
        if integration > LINES_MAX as u128 * 3 {
            break;
        }
    }
    assert!(tally.take(0).len() <= LINES_MAX * 2);
}

#[test]
fn what_could_not_be_written_is_counted_on() {
    let tally = Tally::default();
    tally.count(line(Some("a"), Outcome::Graced), 3);
    let taken = tally.take(0);
    tally.count(line(Some("a"), Outcome::Graced), 4);
    tally.put_back(&taken);
    assert_eq!(sites(&tally), [("a".into(), 7)]);
}

#[test]
fn calls_of_many_threads_are_all_counted() {
    let tally = Tally::default();
    std::thread::scope(|scope| {
        for thread in 0..4_u128 {
            let tally = &tally;
            scope.spawn(move || {
                for call in 0..5_000_u128 {
                    let integration = (thread + call) % 7;
                    tally.count(Line { integration, ..line(None, Outcome::Admitted) }, 1);
                }
            });
        }
    });
    assert_eq!(sites(&tally).iter().map(|(_, units)| units).sum::<u64>(), 20_000);
}

#[test]
fn steps_begin_at_round_instants_and_hold_their_first_millisecond() {
    let at = LEAP_DAY + 7 * MINUTE;
    assert_eq!(Span::Step.start_of(at), LEAP_DAY + 5 * MINUTE);
    assert_eq!(Span::Step.start_of(LEAP_DAY + 5 * MINUTE), LEAP_DAY + 5 * MINUTE);
    assert_eq!(Span::Step.start_of(LEAP_DAY + 5 * MINUTE - 1), LEAP_DAY);
    assert_eq!(Span::Day.start_of(at), LEAP_DAY);
    assert_eq!(Span::Day.start_of(LEAP_DAY - 1), LEAP_DAY - DAY);
    assert_eq!(Span::Month.start_of(at), LEAP_DAY - 28 * DAY);
    assert_eq!(Span::Month.start_of(LEAP_DAY + DAY - 1), LEAP_DAY - 28 * DAY);
    assert_eq!(Span::Month.start_of(LEAP_DAY + DAY), LEAP_DAY + DAY);
}

#[test]
fn a_year_is_twelve_months_of_the_calendar_the_running_one_last() {
    let steps = Span::Month.last(LEAP_DAY, 12);
    assert_eq!(steps.len(), 12);
    assert_eq!(Calendar::of(steps[0]), Calendar { year: 2023, month: 2 });
    assert_eq!(Calendar::of(steps[11]), Calendar { year: 2024, month: 1 });
    assert_eq!(Span::Month.moved(LEAP_DAY, 1), LEAP_DAY + DAY);
}

#[test]
fn what_is_kept_covers_what_can_be_asked_for() {
    assert_eq!(Span::Step.last(LEAP_DAY, 288)[0], LEAP_DAY - DAY + 5 * MINUTE);
    assert!(Span::Step.oldest(LEAP_DAY) <= LEAP_DAY - DAY);
    assert!(Span::Day.oldest(LEAP_DAY) <= Span::Day.last(LEAP_DAY, 30)[0]);
    assert!(Span::Month.oldest(LEAP_DAY) <= Span::Month.last(LEAP_DAY, 12)[0]);
}

#[test]
fn the_last_part_is_other_and_the_largest_comes_first() {
    let query = Query { group: 1, span: Span::Step, steps: 3, by: By::Site };
    let starts = Span::Step.last(LEAP_DAY, 3);
    let row =
        |starts_at, part, admitted| Row { starts_at, part, count: Count { admitted, ..Count::default() } };
    let rows = vec![
        row(starts[0], Part::Other, 100),
        row(starts[1], Part::Site("a".into()), 1),
        row(starts[2], Part::Site("b".into()), 5),
        row(starts[0] - 1, Part::Site("a".into()), 99),
        row(starts[2], Part::Site("a".into()), 2),
    ];
    let history = History::of(&query, LEAP_DAY, rows);
    let shown: Vec<_> = history
        .series
        .iter()
        .map(|series| {
            (series.part.clone(), series.counts.iter().map(|count| count.admitted).collect::<Vec<_>>())
        })
        .collect();
    assert_eq!(
        shown,
        [
            (Part::Site("b".into()), vec![0, 0, 5]),
            (Part::Site("a".into()), vec![0, 1, 2]),
            (Part::Other, vec![100, 0, 0]),
        ]
    );
}

#[test]
fn an_empty_history_has_all_its_steps_at_zero() {
    let query = Query { group: 1, span: Span::Day, steps: 30, by: By::Nothing };
    let history = History::of(&query, LEAP_DAY, Vec::new());
    assert_eq!(history.steps.len(), 30);
    assert_eq!(history.series.len(), 1);
    assert_eq!(history.series[0].sum(), Count::default());
    assert!(History::of(&Query { by: By::Site, ..query }, LEAP_DAY, Vec::new()).series.is_empty());
}

proptest! {
    #[test]
    fn a_month_holds_its_days_and_no_others(at in -4_000_000_000_000_i64..8_000_000_000_000) {
        let (start, next) = (Span::Month.start_of(at), Span::Month.moved(at, 1));
        prop_assert!(start <= at && at < next);
        let days = (next - start) / DAY;
        prop_assert!((28..=31).contains(&days) && (next - start) % DAY == 0);
        prop_assert_eq!(Span::Month.moved(next, -1), start);
        prop_assert_eq!(Calendar::of(start), Calendar::of(next - 1));
    }

    #[test]
    fn steps_have_no_gaps(at in 0_i64..4_000_000_000_000, steps in 1_i64..300) {
        for span in Span::ALL {
            let starts = span.last(at, steps);
            prop_assert_eq!(i64::try_from(starts.len()), Ok(steps));
            prop_assert!(starts.windows(2).all(|pair| span.moved(pair[0], 1) == pair[1]));
            prop_assert_eq!(*starts.last().unwrap(), span.start_of(at));
        }
    }
}
