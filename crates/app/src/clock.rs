//! The one clock. Business instants are read here, in milliseconds, and handed on; nothing else asks the
//! operating system for the time.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// Where the time comes from. Cheap to clone.
#[derive(Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that tests set by hand.
    Manual(ManualClock),
}

/// A clock that moves only when told to. Clones show the same time.
#[derive(Clone)]
pub struct ManualClock {
    now: Arc<watch::Sender<DateTime<Utc>>>,
}

impl ManualClock {
    /// Stands at `start`.
    pub fn at(start: DateTime<Utc>) -> Self {
        Self { now: Arc::new(watch::Sender::new(to_millis(start))) }
    }

    /// Moves forward (or backward) by `by` and wakes whoever waits for an instant.
    pub fn advance(&self, by: TimeDelta) {
        self.now.send_modify(|now| *now = to_millis(*now + by));
    }

    /// Jumps to an instant.
    pub fn set(&self, to: DateTime<Utc>) {
        self.now.send_modify(|now| *now = to_millis(to));
    }
}

impl Clock {
    /// A manual clock standing at `start`.
    pub fn manual(start: DateTime<Utc>) -> (Self, ManualClock) {
        let manual = ManualClock::at(start);
        (Self::Manual(manual.clone()), manual)
    }

    /// Now, in whole milliseconds.
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            #[expect(clippy::disallowed_methods, reason = "the one place where time enters")]
            Self::System => to_millis(Utc::now()),
            Self::Manual(clock) => *clock.now.borrow(),
        }
    }

    /// Returns once the clock shows `at` or later.
    pub async fn wait_until(&self, at: DateTime<Utc>) {
        match self {
            Self::System => {
                let wait = (at - self.now()).to_std().unwrap_or(Duration::ZERO);
                tokio::time::sleep(wait).await;
            }
            Self::Manual(clock) => {
                let mut shown = clock.now.subscribe();
                if shown.wait_for(|now| *now >= at).await.is_err() {
                    // The sender lives in `clock`, so this can't be; waiting for ever is what it would mean.
                    std::future::pending::<()>().await;
                }
            }
        }
    }

    /// The clock as the log wants it.
    pub fn for_log(&self) -> eventlog::Now {
        let clock = self.clone();
        Arc::new(move || clock.now())
    }
}

fn to_millis(instant: DateTime<Utc>) -> DateTime<Utc> {
    instant.duration_trunc(TimeDelta::milliseconds(1)).unwrap_or(instant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_waiter_wakes_when_the_manual_clock_reaches_its_instant() {
        let start = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let (clock, hand) = Clock::manual(start);
        let waiter = tokio::spawn({
            let clock = clock.clone();
            async move { clock.wait_until(start + TimeDelta::seconds(10)).await }
        });
        hand.advance(TimeDelta::seconds(9));
        tokio::task::yield_now().await;
        assert!(!waiter.is_finished());
        hand.advance(TimeDelta::seconds(1));
        waiter.await.unwrap();
        assert_eq!(clock.now(), start + TimeDelta::seconds(10));
    }

    #[test]
    fn the_time_has_whole_milliseconds() {
        assert_eq!(Clock::System.now().timestamp_subsec_nanos() % 1_000_000, 0);
    }
}
