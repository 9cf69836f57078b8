//! The instants that the quota counts by.
//!
//! *Effective* time is the wall clock at the start, or the latest instant that was ever recorded if that is
//! later, and runs on by the monotonic clock: it never goes back, and a jump of the wall clock frees nothing.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// A clock that disagrees by more than this with what has passed has jumped, and is not followed.
const JUMP_MS: i64 = 5_000;
/// A clock that drifts is followed by at most this fraction of what has passed.
const SLEW: i64 = 1_000;

/// Where the time comes from. Cheap to clone.
#[derive(Clone)]
pub enum Time {
    /// The machine's clocks; the wall clock as the caller reads it.
    System(Arc<dyn Fn() -> i64 + Send + Sync>),
    /// One clock for everything, which somebody else sets by hand, and where it stood at the start.
    Followed(Arc<dyn Fn() -> i64 + Send + Sync>, i64),
    /// Clocks that tests set by hand.
    Manual(Arc<ManualTime>),
}

/// Clocks that move only when told to.
#[derive(Debug, Default)]
pub struct ManualTime {
    wall: AtomicI64,
    monotonic: AtomicI64,
}

impl ManualTime {
    /// Both clocks stand at an instant.
    pub fn at(wall_ms: i64) -> Arc<Self> {
        Arc::new(Self { wall: AtomicI64::new(wall_ms), monotonic: AtomicI64::new(1) })
    }

    /// Time passes.
    pub fn advance(&self, ms: i64) {
        self.wall.fetch_add(ms, Ordering::SeqCst);
        self.monotonic.fetch_add(ms, Ordering::SeqCst);
    }

    /// Somebody sets the wall clock; no time passes.
    pub fn jump(&self, ms: i64) {
        self.wall.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Time {
    /// One clock for everything, which somebody else sets by hand.
    pub fn followed(clock: Arc<dyn Fn() -> i64 + Send + Sync>) -> Self {
        // The clocks of calls count from a start, as those of a machine do. Some time before it has passed.
        let origin = clock() - 86_400_000;
        Self::Followed(clock, origin)
    }

    /// The wall clock, milliseconds since 1970 UTC.
    pub fn wall_ms(&self) -> i64 {
        match self {
            Self::System(wall) | Self::Followed(wall, _) => wall(),
            Self::Manual(manual) => manual.wall.load(Ordering::SeqCst),
        }
    }

    /// Milliseconds since the machine started, those asleep included.
    pub fn monotonic_ms(&self) -> i64 {
        match self {
            Self::System(_) => read(rustix::time::ClockId::Boottime),
            Self::Followed(clock, origin) => clock() - origin,
            Self::Manual(manual) => manual.monotonic.load(Ordering::SeqCst),
        }
    }

    /// Milliseconds since the machine started, those asleep left out. A few milliseconds behind, in a quarter
    /// of the time that an exact reading takes: this is the clock of each call. The kernel moves it, so it is
    /// right at once for a process that was stopped for a while.
    #[inline]
    pub fn coarse_ms(&self) -> i64 {
        match self {
            Self::System(_) => read(rustix::time::ClockId::MonotonicCoarse),
            Self::Followed(clock, origin) => clock() - origin,
            Self::Manual(manual) => manual.monotonic.load(Ordering::SeqCst),
        }
    }
}

#[inline]
fn read(clock: rustix::time::ClockId) -> i64 {
    let now = rustix::time::clock_gettime(clock);
    now.tv_sec * 1_000 + now.tv_nsec / 1_000_000
}

/// Effective time of one node.
#[derive(Debug, Clone)]
pub struct Referee {
    effective: i64,
    monotonic: i64,
    /// How far the wall clock was from effective time when it was last looked at (ms).
    deviation: i64,
}

impl Referee {
    /// Starts at the wall clock, or at the latest recorded instant when that is later.
    pub fn start(recorded: i64, wall: i64, monotonic: i64) -> Self {
        Self { effective: recorded.max(wall), monotonic, deviation: wall - recorded.max(wall) }
    }

    /// Effective time at a reading of the monotonic clock.
    pub fn at(&self, monotonic: i64) -> i64 {
        self.effective + (monotonic - self.monotonic).max(0)
    }

    /// Looks at the wall clock: a drift is followed slowly, a jump is not followed at all.
    pub fn observe(&mut self, wall: i64, monotonic: i64) {
        let elapsed = (monotonic - self.monotonic).max(0);
        let expected = self.effective + elapsed;
        self.deviation = wall - expected;
        let most = elapsed / SLEW;
        let follow = if self.has_jumped() { 0 } else { self.deviation.clamp(-most, most) };
        self.effective = expected + follow;
        self.monotonic = self.monotonic.max(monotonic);
    }

    /// How far the wall clock was ahead (behind: negative) of effective time when it was last looked at.
    pub fn deviation_ms(&self) -> i64 {
        self.deviation
    }

    /// Whether the wall clock jumped, or started behind what was recorded.
    pub fn has_jumped(&self) -> bool {
        self.deviation.abs() > JUMP_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn a_jump_forward_or_back_moves_nothing() {
        for jump in [25 * HOUR, -25 * HOUR, 24 * 365 * HOUR, -24 * 365 * HOUR, 6_000] {
            let mut referee = Referee::start(0, 1_000 * HOUR, 5);
            referee.observe(1_000 * HOUR + 60_000 + jump, 60_005);
            assert_eq!(referee.at(60_005), 1_000 * HOUR + 60_000);
            assert!(referee.has_jumped());
        }
    }

    #[test]
    fn a_start_before_what_was_recorded_goes_on_from_there() {
        let mut referee = Referee::start(50 * HOUR, 10 * HOUR, 0);
        assert_eq!(referee.at(1_000), 50 * HOUR + 1_000);
        referee.observe(10 * HOUR + 1_000, 1_000);
        assert_eq!(referee.at(2_000), 50 * HOUR + 2_000);
    }

    #[test]
    fn a_small_drift_is_caught_up_with_slowly() {
        let mut referee = Referee::start(0, HOUR, 0);
        referee.observe(HOUR + 100_000 + 2_000, 100_000);
        assert_eq!(referee.at(100_000), HOUR + 100_000 + 100);
        assert!(!referee.has_jumped());
    }

    proptest! {
        #[test]
        fn effective_time_never_goes_back(steps in proptest::collection::vec((0_i64..HOUR, -HOUR..HOUR), 1..50)) {
            let (mut referee, mut monotonic, mut wall, mut before) = (Referee::start(0, HOUR, 0), 0, HOUR, 0);
            for (passed, jump) in steps {
                monotonic += passed;
                wall += passed + jump;
                referee.observe(wall, monotonic);
                prop_assert!(referee.at(monotonic) >= before);
                before = referee.at(monotonic);
            }
        }
    }

    #[test]
    fn the_clocks_of_the_machine_are_close_together() {
        let time = Time::System(Arc::new(|| 0));
        assert!((time.monotonic_ms() - time.monotonic_ms()).abs() < 1_000);
        let before = time.coarse_ms();
        assert!(time.coarse_ms() >= before);
    }
}
