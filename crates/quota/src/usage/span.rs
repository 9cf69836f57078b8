//! Steps of history, all in UTC: five minutes, days, months of the calendar.

/// How long one step of history is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Span {
    /// Five minutes; kept for 25 hours.
    Step = 1,
    /// A day; kept for 31 days.
    Day = 2,
    /// A month; kept for 13 months.
    Month = 3,
}

/// A year and a month of it (January is 0).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calendar {
    /// The year.
    pub year: i64,
    /// The month, from 0.
    pub month: i64,
}

const STEP_MS: i64 = 300_000;
const DAY_MS: i64 = 86_400_000;

impl Span {
    /// From short to long.
    pub const ALL: [Self; 3] = [Self::Step, Self::Day, Self::Month];

    /// Steps that are kept, the running one among them.
    pub const fn kept(self) -> i64 {
        match self {
            Self::Step => 25 * 12,
            Self::Day => 31,
            Self::Month => 13,
        }
    }

    /// When the step that holds an instant began.
    pub fn start_of(self, at: i64) -> i64 {
        match self {
            Self::Step => at.div_euclid(STEP_MS) * STEP_MS,
            Self::Day => at.div_euclid(DAY_MS) * DAY_MS,
            Self::Month => Calendar::of(at).start(),
        }
    }

    /// When a step so many steps away from the one that holds `at` begins.
    pub fn moved(self, at: i64, steps: i64) -> i64 {
        match self {
            Self::Step => self.start_of(at) + steps * STEP_MS,
            Self::Day => self.start_of(at) + steps * DAY_MS,
            Self::Month => {
                let Calendar { year, month } = Calendar::of(at);
                let months = year * 12 + month + steps;
                Calendar { year: months.div_euclid(12), month: months.rem_euclid(12) }.start()
            }
        }
    }

    /// The starts of the last `steps` steps, the running one last.
    pub fn last(self, now: i64, steps: i64) -> Vec<i64> {
        (1 - steps..=0).map(|back| self.moved(now, back)).collect()
    }

    /// The oldest start that is kept.
    pub fn oldest(self, now: i64) -> i64 {
        self.moved(now, 1 - self.kept())
    }
}

impl Calendar {
    /// The month that holds an instant (ms since 1970).
    pub fn of(at: i64) -> Self {
        // Howard Hinnant's algorithm: eras of 400 years, years that begin in March.
        let days = at.div_euclid(DAY_MS) + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let month = (from_march + 2) % 12;
        Self { year: year_of_era + era * 400 + i64::from(month < 2), month }
    }

    /// When it begins (ms since 1970).
    fn start(self) -> i64 {
        let year = self.year - i64::from(self.month < 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let from_march = (self.month + 10) % 12;
        let of_year = (153 * from_march + 2) / 5;
        let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
        (era * 146_097 + of_era - 719_468) * DAY_MS
    }
}
