//! History in a file.

use crate::given::{DAY, NOW};
use quota::{
    Ledger, Tally,
    usage::{By, Count, History, Line, Outcome, Part, Query, Span},
};

const MINUTE: i64 = 60_000;

struct Given {
    dir: tempfile::TempDir,
    ledger: Ledger,
    tally: Tally,
}

impl Given {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open_sqlite(&dir.path().join("quota.sqlite")).await.unwrap();
        Self { dir, ledger, tally: Tally::default() }
    }

    fn count(&self, integration: u128, site: &str, outcome: Outcome, units: u32) {
        self.tally.count(Line { group: 1, integration, site: Some(site), outcome }, units);
    }

    async fn flush(&self, now: i64) {
        self.tally.flush(&self.ledger, now).await.unwrap();
    }

    async fn history(&self, span: Span, steps: i64, by: By, now: i64) -> History {
        self.ledger.history(&Query { group: 1, span, steps, by }, now).await.unwrap()
    }

    async fn total(&self, span: Span, steps: i64, now: i64) -> Count {
        self.history(span, steps, By::Nothing, now).await.series[0].sum()
    }
}

fn admitted(units: u64) -> Count {
    Count { admitted: units, ..Count::default() }
}

#[tokio::test]
async fn what_is_written_adds_up_in_steps_days_and_months() {
    let given = Given::new().await;
    for minute in 0..20 {
        given.count(7, "a", Outcome::Admitted, 10);
        given.flush(NOW + minute * MINUTE).await;
    }
    let now = NOW + 19 * MINUTE;
    for (span, steps) in [(Span::Step, 288), (Span::Day, 30), (Span::Month, 12)] {
        assert_eq!(given.total(span, steps, now).await, admitted(200), "{span:?}");
    }
    let steps = given.history(Span::Step, 288, By::Nothing, now).await.series[0].counts.clone();
    assert_eq!(steps.iter().filter(|count| count.admitted == 50).count(), 3);
    assert_eq!(steps[..283].iter().map(Count::total).sum::<u64>(), 0, "steps without calls are zero");
}

#[tokio::test]
async fn it_is_divided_by_integration_site_and_outcome() {
    let given = Given::new().await;
    given.count(7, "a", Outcome::Admitted, 10);
    given.count(8, "a", Outcome::Graced, 1);
    given.count(8, "b", Outcome::QuotaRefused, 20);
    given.count(8, "b", Outcome::ShadowRefused, 2);
    given.tally.count(Line { group: 1, integration: 7, site: None, outcome: Outcome::Admitted }, 3);
    given.tally.count(Line { group: 2, integration: 7, site: None, outcome: Outcome::Admitted }, 1_000);
    given.flush(NOW).await;
    let parts = |history: History| -> Vec<(Part, Count)> {
        history.series.iter().map(|series| (series.part.clone(), series.sum())).collect()
    };
    let by = |by| given.history(Span::Day, 30, by, NOW);
    let of_8 = Count { admitted: 1, refused: 20, aside: 0, shadow_refused: 2 };
    assert_eq!(
        parts(by(By::Integration).await),
        [(Part::Integration(8), of_8), (Part::Integration(7), admitted(13))]
    );
    let of_b = Count { admitted: 0, refused: 20, aside: 0, shadow_refused: 2 };
    let sites =
        [(Part::Site("b".into()), of_b), (Part::Site("a".into()), admitted(11)), (Part::NoSite, admitted(3))];
    assert_eq!(parts(by(By::Site).await), sites);
    let outcomes = parts(by(By::Outcome).await);
    assert_eq!(
        outcomes[0],
        (Part::Outcome(Outcome::QuotaRefused), Count { refused: 20, ..Count::default() })
    );
    assert_eq!(outcomes.len(), 4);
    let all = Count { admitted: 14, refused: 20, aside: 0, shadow_refused: 2 };
    assert_eq!(parts(by(By::Nothing).await), [(Part::Whole, all)]);
}

#[tokio::test]
async fn only_the_largest_parts_are_told_apart() {
    let given = Given::new().await;
    for site in 1..=50 {
        given.count(7, &format!("site-{site}"), Outcome::Admitted, site);
    }
    given.flush(NOW).await;
    let history = given.history(Span::Step, 12, By::Site, NOW).await;
    assert_eq!(history.series.len(), 21);
    assert_eq!(
        (&history.series[0].part, history.series[0].sum()),
        (&Part::Site("site-50".into()), admitted(50))
    );
    let last = history.series.last().unwrap();
    assert_eq!((&last.part, last.sum()), (&Part::Other, admitted((1..=30).sum())));
}

#[tokio::test]
async fn a_part_is_no_larger_for_what_an_observed_limit_would_have_refused_of_it() {
    let given = Given::new().await;
    for site in 1..=20 {
        given.count(7, &format!("site-{site}"), Outcome::Admitted, 8);
    }
    given.count(7, "observed", Outcome::Admitted, 5);
    given.count(7, "observed", Outcome::ShadowRefused, 5);
    given.flush(NOW).await;
    let history = given.history(Span::Step, 12, By::Site, NOW).await;
    let last = history.series.last().unwrap();
    assert_eq!((&last.part, last.sum().admitted), (&Part::Other, 5));
}

#[tokio::test]
async fn a_step_that_has_just_ended_is_kept_and_one_too_old_is_thrown_away() {
    let given = Given::new().await;
    given.count(7, "a", Outcome::Admitted, 5);
    given.flush(NOW).await;
    let old = |span: Span| span.kept();
    let last_kept = Span::Step.moved(NOW, old(Span::Step) - 1);
    given.flush(last_kept).await;
    assert_eq!(given.total(Span::Step, old(Span::Step), last_kept).await, admitted(5));
    given.flush(last_kept + 5 * MINUTE).await;
    assert_eq!(given.total(Span::Step, old(Span::Step) + 1, last_kept + 5 * MINUTE).await, admitted(0));
    assert_eq!(given.total(Span::Day, 30, last_kept).await, admitted(5));
    given.flush(NOW + 31 * DAY).await;
    assert_eq!(given.total(Span::Day, 40, NOW + 31 * DAY).await, admitted(0));
    assert_eq!(given.total(Span::Month, 12, NOW + 31 * DAY).await, admitted(5));
    given.flush(Span::Month.moved(NOW, 13)).await;
    assert_eq!(given.total(Span::Month, 14, Span::Month.moved(NOW, 13)).await, admitted(0));
}

#[tokio::test]
async fn history_outlives_a_restart() {
    let given = Given::new().await;
    given.count(7, "a", Outcome::Admitted, 5);
    given.flush(NOW).await;
    given.ledger.close().await;
    let ledger = Ledger::open_sqlite(&given.dir.path().join("quota.sqlite")).await.unwrap();
    let query = Query { group: 1, span: Span::Day, steps: 30, by: By::Nothing };
    assert_eq!(ledger.history(&query, NOW).await.unwrap().series[0].sum(), admitted(5));
}

#[tokio::test]
async fn what_a_ledger_out_of_reach_did_not_take_is_written_when_it_is_back() {
    let given = Given::new().await;
    for site in 0..150 {
        given.count(7, &format!("site-{site}"), Outcome::Admitted, 1);
        given.count(8, &format!("site-{site}"), Outcome::Admitted, 1);
    }
    given.ledger.close().await;
    assert!(given.tally.flush(&given.ledger, NOW).await.is_err());
    given.count(7, "late", Outcome::Admitted, 1);
    let ledger = Ledger::open_sqlite(&given.dir.path().join("quota.sqlite")).await.unwrap();
    given.tally.flush(&ledger, NOW).await.unwrap();
    let query = Query { group: 1, span: Span::Day, steps: 30, by: By::Nothing };
    assert_eq!(ledger.history(&query, NOW).await.unwrap().series[0].sum(), admitted(301));
}
