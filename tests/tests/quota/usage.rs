//! History that several nodes write to one PostgreSQL.

use portal_tests::postgres::Postgres;
use quota::{
    Ledger, Tally,
    usage::{By, Count, Line, Outcome, Part, Query, SITES_MAX, Span},
};

const NOW: i64 = 1_795_000_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn what_five_nodes_write_at_once_adds_up_and_runs_out() {
    let postgres = Postgres::start();
    let nodes = portal_tests::all((0..5).map(|_| write(postgres.url()))).await;
    let ledger = &nodes[0];
    let query = |span, steps, by| Query { group: 1, span, steps, by };
    for (span, steps) in [(Span::Step, 288), (Span::Day, 30), (Span::Month, 12)] {
        let history = ledger.history(&query(span, steps, By::Nothing), NOW).await.expect("it is read");
        let expected = Count { admitted: 5 * 3 * SITES_MAX as u64 * 2, refused: 5 * 3, ..Count::default() };
        assert_eq!(history.series[0].sum(), expected, "{span:?}");
    }
    let by_site = ledger.history(&query(Span::Day, 30, By::Site), NOW).await.expect("it is read");
    assert_eq!(by_site.series.len(), 21);
    let by_integration =
        ledger.history(&query(Span::Day, 30, By::Integration), NOW).await.expect("it is read");
    assert_eq!(by_integration.series[0].part, Part::Integration(8));
    let by_outcome = ledger.history(&query(Span::Day, 30, By::Outcome), NOW).await.expect("it is read");
    assert_eq!(by_outcome.series[1].part, Part::Outcome(Outcome::QuotaRefused));
    let later = Span::Step.moved(NOW, Span::Step.kept());
    Tally::default().flush(ledger, later).await.expect("it is tidied");
    let history = ledger.history(&query(Span::Step, 400, By::Nothing), later).await.expect("it is read");
    assert_eq!(history.series[0].sum(), Count::default());
}

async fn write(url: String) -> Ledger {
    let ledger = Ledger::open_postgres(&url).await.expect("it opens");
    let tally = Tally::default();
    for _ in 0..3 {
        for site in 0..SITES_MAX {
            let site = format!("site-{site}");
            for integration in [7, 8] {
                tally.count(line(integration, Some(&site), Outcome::Admitted), 1);
            }
        }
        tally.count(line(8, None, Outcome::QuotaRefused), 1);
        tally.flush(&ledger, NOW).await.expect("it is written");
    }
    ledger
}

fn line(integration: u128, site: Option<&str>, outcome: Outcome) -> Line<'_> {
    Line { group: 1, integration, site, outcome }
}
