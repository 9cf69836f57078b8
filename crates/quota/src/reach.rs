//! Whether the ledger can be reached, from what exchanges and the look-out have found. Instants are coarse ms.

/// After a failed exchange the ledger is left alone for so long, whatever the look-out sees.
const PAUSE_MS: i64 = 250;
/// Failed exchanges that are closer together are one outage, even if the ledger could be read between them.
const SAME_OUTAGE_MS: i64 = 5_000;

/// What is known. Only a failed exchange begins an outage: that something can't be read says nothing yet of
/// calls, and a ledger that is slow to read may still count them in time.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    outage: Option<Outage>,
    /// Since when the node's clock is too far from the ledger's.
    astray_since: Option<i64>,
}

#[derive(Debug, Clone, Copy)]
struct Outage {
    since: i64,
    last_failure: i64,
    /// The look-out has read something since.
    is_seen: bool,
}

impl Reach {
    /// An exchange failed. Whether that is news.
    pub(crate) fn failed(&mut self, now: i64) -> bool {
        let is_news = self.outage.is_none();
        let since = self.outage.map_or(now, |outage| outage.since);
        self.outage = Some(Outage { since, last_failure: now, is_seen: false });
        is_news
    }

    /// An exchange was carried out.
    pub(crate) fn worked(&mut self) {
        self.outage = None;
    }

    /// The look-out has read from the ledger, or could not.
    pub(crate) fn looked(&mut self, is_seen: bool, now: i64) {
        let Some(outage) = &mut self.outage else { return };
        outage.is_seen = is_seen;
        if is_seen && now - outage.last_failure > SAME_OUTAGE_MS {
            self.outage = None;
        }
    }

    /// Whether the node's clock is too far from the ledger's. Whether that has changed.
    pub(crate) fn clock(&mut self, is_astray: bool, now: i64) -> bool {
        let was_astray = self.astray_since.is_some();
        self.astray_since = is_astray.then(|| self.astray_since.unwrap_or(now));
        was_astray != is_astray
    }

    /// For how long nothing can be exchanged, if that is so and not worth another try.
    pub(crate) fn away_for(&self, now: i64) -> Option<i64> {
        let rests = |outage: &Outage| !outage.is_seen || now < outage.last_failure + PAUSE_MS;
        let outage = self.outage.filter(rests).map(|outage| outage.since);
        let since = outage.into_iter().chain(self.astray_since).min()?;
        Some(now - since)
    }

    /// For how long an outage has lasted.
    pub(crate) fn lasted(&self, now: i64) -> i64 {
        self.outage.map_or(0, |outage| now - outage.since)
    }

    /// Whether calls can be counted, as far as is known.
    pub(crate) fn is_away(&self) -> bool {
        self.outage.is_some() || self.astray_since.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_exchange_is_not_repeated_until_something_could_be_read_and_a_pause_is_over() {
        let mut reach = Reach::default();
        assert!(reach.failed(1_000));
        assert_eq!(reach.away_for(90_000), Some(89_000));
        reach.looked(true, 1_100);
        assert_eq!(reach.away_for(1_200), Some(200));
        assert_eq!(reach.away_for(1_300), None);
        reach.looked(false, 1_400);
        assert_eq!(reach.away_for(1_500), Some(500));
    }

    #[test]
    fn an_outage_goes_on_while_exchanges_fail_though_the_ledger_can_be_read() {
        let mut reach = Reach::default();
        for at in (0..120_000).step_by(1_000) {
            assert_eq!(reach.failed(at), at == 0);
            assert_eq!(reach.lasted(at), at);
            reach.looked(true, at + 500);
            assert_eq!(reach.away_for(at + 600), None);
        }
    }

    #[test]
    fn an_outage_that_nobody_called_in_is_over_when_the_ledger_is_seen_again() {
        let mut reach = Reach::default();
        reach.failed(0);
        reach.looked(false, 1_000);
        reach.looked(true, 3_600_000);
        assert!(!reach.is_away());
        assert!(reach.failed(7_200_000), "the next is another");
        assert_eq!(reach.lasted(7_200_500), 500);
    }

    #[test]
    fn what_can_be_read_or_not_begins_no_outage() {
        let mut reach = Reach::default();
        reach.looked(false, 0);
        assert_eq!(reach.away_for(1_000), None);
    }

    #[test]
    fn a_clock_astray_is_an_outage_until_it_is_right_again() {
        let mut reach = Reach::default();
        assert!(reach.clock(true, 1_000));
        assert!(!reach.clock(true, 2_000));
        assert_eq!(reach.away_for(3_000), Some(2_000));
        assert!(reach.clock(false, 4_000));
        assert_eq!(reach.away_for(5_000), None);
    }
}
