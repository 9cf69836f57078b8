//! What the gateway's log says of every window.

use super::gateway::Passed;

/// Clocks of one machine may differ so much while they are slewed (microseconds).
const SLEW_US: i64 = 20_000;

/// Calls that passed beyond the limit in the fullest window of this length, by the instants at which the
/// gateway let them pass.
pub(crate) fn over(log: &mut [Passed], length_us: i64, limit: u32) -> usize {
    log.sort_unstable_by_key(|call| call.passed);
    let mut first = 0;
    let mut fullest = 0;
    for last in 0..log.len() {
        while log[first].passed + length_us - SLEW_US <= log[last].passed {
            first += 1;
        }
        fullest = fullest.max(last + 1 - first);
    }
    fullest.saturating_sub(limit as usize)
}

/// Calls that passed before an instant.
pub(crate) fn passed_before(log: &[Passed], at_us: i64) -> usize {
    log.iter().filter(|call| call.asked < at_us).count()
}
