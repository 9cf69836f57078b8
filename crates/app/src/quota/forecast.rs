//! When a limit will be used up if calls go on as in the last hour. Pure.

/// How fast calls are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Calls that passed.
    pub calls: u64,
    /// Within so long (ms).
    pub within_ms: i64,
}

impl Pace {
    /// Calls in an hour at this pace, rounded.
    pub fn per_hour(self) -> u64 {
        let within = u128::from(self.within_ms.unsigned_abs()).max(1);
        let calls = (u128::from(self.calls) * 3_600_000 + within / 2) / within;
        u64::try_from(calls).unwrap_or(u64::MAX)
    }

    /// How long so many calls last (ms), rounded up.
    fn lasts_ms(self, calls: u64) -> i64 {
        let within = u128::from(self.within_ms.unsigned_abs());
        let lasts = (u128::from(calls) * within).div_ceil(u128::from(self.calls.max(1)));
        i64::try_from(lasts).unwrap_or(i64::MAX)
    }
}

/// What a limit leaves, and what becomes free later.
#[derive(Debug, Clone, Copy)]
pub struct Outlook<'a> {
    /// The instant of all this (ms since 1970).
    pub now: i64,
    /// Calls left.
    pub left: u64,
    /// When how many become free, in order of time.
    pub frees: &'a [(i64, u64)],
    /// Until then, calls made from now on stay counted; the end of the window when that is an anchored one.
    pub until: i64,
}

/// The first instant at which nothing is left. None when the window frees calls as fast as they are made, or
/// nobody calls.
pub fn empty_at(outlook: &Outlook<'_>, pace: Pace) -> Option<i64> {
    if pace.calls == 0 {
        return None;
    }
    let mut available = outlook.left;
    let emptied = |available: u64| outlook.now.saturating_add(pace.lasts_ms(available));
    for (at, calls) in outlook.frees.iter().filter(|(at, _)| *at < outlook.until) {
        if emptied(available) < *at {
            break;
        }
        available = available.saturating_add(*calls);
    }
    Some(emptied(available)).filter(|at| *at < outlook.until)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: i64 = 3_600_000;
    const DAY: i64 = 24 * HOUR;

    fn pace(calls: u64) -> Pace {
        Pace { calls, within_ms: HOUR }
    }

    fn outlook(left: u64, frees: &[(i64, u64)]) -> Outlook<'_> {
        Outlook { now: 0, left, frees, until: DAY }
    }

    #[test]
    fn what_is_left_lasts_as_long_as_the_pace_says() {
        assert_eq!(empty_at(&outlook(100, &[]), pace(50)), Some(2 * HOUR));
        assert_eq!(empty_at(&outlook(100, &[]), pace(7)), Some(14 * HOUR + HOUR * 2 / 7 + 1));
        assert_eq!(empty_at(&outlook(0, &[]), pace(1)), Some(0));
    }

    #[test]
    fn nobody_who_calls_empties_nothing() {
        assert_eq!(empty_at(&outlook(0, &[]), pace(0)), None);
    }

    #[test]
    fn calls_that_become_free_in_time_are_used_as_well_and_those_too_late_are_not() {
        let used_up = 2 * HOUR;
        assert_eq!(empty_at(&outlook(100, &[(used_up - 1, 50)]), pace(50)), Some(3 * HOUR));
        assert_eq!(empty_at(&outlook(100, &[(used_up, 50)]), pace(50)), Some(3 * HOUR), "at that instant");
        assert_eq!(empty_at(&outlook(100, &[(used_up + 1, 50)]), pace(50)), Some(used_up));
    }

    #[test]
    fn a_window_that_frees_as_fast_as_it_fills_is_never_empty() {
        let frees: Vec<_> = (1..24).map(|hour| (hour * HOUR, 50)).collect();
        assert_eq!(empty_at(&outlook(50, &frees), pace(50)), None);
        assert!(empty_at(&outlook(50, &frees), pace(51)).is_some());
    }

    #[test]
    fn the_end_of_the_window_is_not_before_itself() {
        assert_eq!(empty_at(&outlook(24, &[]), pace(1)), None);
        assert_eq!(empty_at(&outlook(23, &[]), pace(1)), Some(23 * HOUR));
        let opened = Outlook { until: HOUR, ..outlook(10, &[(HOUR, 990)]) };
        assert_eq!(empty_at(&opened, pace(10)), None, "it refills at that instant");
        assert_eq!(empty_at(&opened, pace(11)), Some(HOUR * 10 / 11 + 1));
    }

    #[test]
    fn the_largest_numbers_there_are_give_an_answer() {
        let largest = Pace { calls: u64::MAX, within_ms: 1 };
        assert_eq!(empty_at(&outlook(u64::MAX, &[(0, u64::MAX)]), largest), Some(1));
        assert_eq!(empty_at(&outlook(u64::MAX, &[]), pace(1)), None);
        assert_eq!(largest.per_hour(), u64::MAX);
        assert_eq!(Pace { calls: 10, within_ms: 3_450_000 }.per_hour(), 10);
    }

    proptest! {
        #[test]
        fn at_the_instant_told_what_was_left_and_freed_is_used_and_no_earlier(
            left in 0_u64..100_000,
            gaps in proptest::collection::vec((1_i64..HOUR, 0_u64..5_000), 0..40),
            calls in 1_u64..200_000,
        ) {
            let mut at = 0;
            let frees: Vec<_> = gaps.into_iter().map(|(gap, calls)| { at += gap; (at, calls) }).collect();
            let available = |now: i64| -> u128 {
                let freed = frees.iter().filter(|(at, _)| *at <= now).map(|(_, calls)| u128::from(*calls));
                u128::from(left) + freed.sum::<u128>()
            };
            let used = |now: i64| u128::from(calls) * u128::from(now.unsigned_abs());
            if let Some(empty) = empty_at(&outlook(left, &frees), pace(calls)) {
                prop_assert!(used(empty) >= available(empty) * u128::from(HOUR.unsigned_abs()));
                for (at, _) in frees.iter().filter(|(at, _)| *at <= empty && *at > 0) {
                    prop_assert!(used(*at - 1) < (available(*at - 1) + 1) * u128::from(HOUR.unsigned_abs()));
                }
            }
        }
    }
}
