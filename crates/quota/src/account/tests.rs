use super::*;
use crate::{chain::Share, key::PoolKey};

const NOW: i64 = 1_795_000_000_000;
const DAY: i64 = 86_400_000;

fn chain(units: u32) -> Chain {
    Chain::new(PoolKey::whole(1), Limit { units, window: Window::rolling(DAY) })
}

/// One wallet of accounts with the chain they belong to.
struct Bench {
    chain: Chain,
    accounts: Vec<Account>,
    now: i64,
    lease: u64,
}

impl Bench {
    fn new(chain: Chain) -> Self {
        let accounts = vec![Account::default(); chain.links().len()];
        Self { chain, accounts, now: NOW, lease: 0 }
    }

    fn ask(&mut self, wanted: u32, returned: &[(u64, u32)]) -> Outcome {
        self.lease += 1;
        let costs = vec![1; wanted as usize];
        // Each lease is another node's.
        let returned: Vec<_> =
            returned.iter().map(|(node, unspent)| (lease_id(*node, 0), *unspent)).collect();
        let ask = Ask {
            chain: &self.chain,
            returned: &returned,
            lease: lease_id(self.lease, 0),
            costs: &costs,
            may_idle: true,
            owed: 0,
            acknowledged: &[],
            lease_ms: 30_000,
            answer_ms: 2_000,
        };
        exchange(&mut self.accounts, &ask, self.now)
    }

    fn granted(&mut self, wanted: u32) -> u32 {
        match self.ask(wanted, &[]).verdict {
            Verdict::Granted { units, .. } => units,
            Verdict::Refused { .. } | Verdict::Returned | Verdict::Damaged => 0,
        }
    }
}

#[test]
fn a_slice_is_a_hundredth_and_shrinks_to_what_is_waited_for_near_the_limit() {
    let mut bench = Bench::new(chain(10_000));
    assert_eq!(bench.granted(1), 100);
    let mut granted = 100;
    while granted < 10_000 {
        let units = bench.granted(1);
        let left = 10_000 - granted;
        assert!(units <= 100 && (left > 200 || units == 1), "{units} of {left}");
        granted += units;
    }
    assert_eq!(bench.granted(1), 0);
}

#[test]
fn all_that_a_node_holds_idle_of_one_limit_is_a_hundredth_of_it() {
    let limit = |units| Limit { units, window: Window::rolling(DAY) };
    let mut ceiling = Account::default();
    let mut lease = |node, count: u64| {
        let pool = Chain::new(PoolKey::whole(count.into()), limit(10_000));
        let chain = pool.below(9, Violated::Owner, limit(15_000));
        let mut accounts = [Account::default(), std::mem::take(&mut ceiling)];
        let ask = Ask { lease: lease_id(node, count), costs: &[1], lease_ms: 30_000, ..nothing(&chain) };
        let verdict = exchange(&mut accounts, &ask, NOW).verdict;
        [_, ceiling] = accounts;
        let Verdict::Granted { units, .. } = verdict else { panic!("{verdict:?}") };
        units
    };
    assert_eq!([1, 2, 3, 4].map(|count| lease(1, count)), [100, 50, 1, 1]);
    assert_eq!([5, 6, 7].map(|count| lease(2, count)), [100, 50, 1]);
}

#[test]
fn a_small_limit_is_spent_one_by_one() {
    let mut bench = Bench::new(chain(3));
    assert_eq!([1, 1, 1, 1].map(|wanted| bench.granted(wanted)), [1, 1, 1, 0]);
}

#[test]
fn what_is_given_back_is_free_again_and_is_given_back_once() {
    let mut bench = Bench::new(chain(1_000));
    assert_eq!(bench.granted(1), 10);
    assert_eq!(bench.ask(0, &[(1, 9)]).left, 999);
    assert_eq!(bench.ask(0, &[(1, 9)]).left, 999);
    assert_eq!(bench.ask(0, &[(77, 9)]).left, 999, "a lease nobody had");
}

#[test]
fn a_lease_nobody_gives_back_stays_charged_until_its_window_is_over() {
    let mut bench = Bench::new(chain(1_000));
    bench.granted(1);
    bench.now += DAY + 32_000;
    assert_eq!(bench.ask(0, &[]).left, 990, "the end of the lease and the part that holds it still count");
    bench.now += 60_000;
    assert_eq!(bench.ask(0, &[]).left, 1_000);
}

#[test]
fn idle_units_elsewhere_are_called_back_and_the_refusal_says_so() {
    let mut bench = Bench::new(chain(300));
    assert_eq!(bench.granted(1), 3, "this lease lies idle");
    while bench.granted(1) > 0 {}
    let refused = bench.ask(1, &[]);
    let expected = Verdict::Refused {
        violated: Violated::Pool,
        retry_at: NOW + RECALLED_RETRY_MS,
        held_elsewhere: true,
    };
    assert_eq!(refused.verdict, expected);
    assert!(bench.accounts[0].recall_until > NOW);
    bench.ask(0, &[(1, 3)]);
    assert_eq!(bench.granted(3), 3, "all that came back, and nothing idle");
    let Verdict::Refused { retry_at, held_elsewhere, .. } = bench.ask(1, &[]).verdict else { panic!("full") };
    // Nothing idle is left but in leases that are to be looked for once more.
    assert!(held_elsewhere || retry_at > NOW + DAY - 1);
}

#[test]
fn a_lowered_limit_refuses_at_once_and_a_raised_one_lets_pass_at_once() {
    let mut bench = Bench::new(chain(1_000));
    let used: u32 = (0..30).map(|_| bench.granted(1)).sum();
    assert!(used >= 100);
    bench.chain = chain(100);
    assert_eq!(bench.granted(1), 0);
    bench.chain = chain(2_000);
    assert!(bench.granted(1) > 0);
}

#[test]
fn a_call_passes_all_limits_or_none() {
    let window = Window::rolling(DAY);
    let whole = chain(1_000).below(9, Violated::Owner, Limit { units: 15, window });
    let mut bench = Bench::new(whole);
    let mut granted = 0;
    loop {
        match bench.ask(1, &[]).verdict {
            Verdict::Granted { units, .. } => granted += units,
            Verdict::Refused { violated, .. } => {
                assert_eq!(violated, Violated::Owner);
                break;
            }
            Verdict::Returned | Verdict::Damaged => panic!("something was wanted"),
        }
    }
    assert_eq!(granted, 15);
    assert!(bench.accounts.iter().all(|account| account.usage.used() == 15));
}

#[test]
fn a_part_is_held_to_its_share_and_finds_its_reserve() {
    let shares = [
        Share { part: 7, at_most: Some(300), reserved: None },
        Share { part: 8, at_most: None, reserved: Some(600) },
    ];
    // Part 7 uses its share: the accounts are pool, share of 7, reserve of 8.
    let mut bench = Bench::new(chain(1_000).shared(7, &shares));
    let mut used = 0;
    let violated = loop {
        match bench.ask(1, &[]).verdict {
            Verdict::Granted { units, .. } => used += units,
            Verdict::Refused { violated, .. } => break violated,
            Verdict::Returned | Verdict::Damaged => panic!("something was wanted"),
        }
    };
    assert_eq!((used, violated), (300, Violated::Share));
    // A part without a share finds what is neither used nor reserved.
    let pool = bench.accounts[0].clone();
    let mut other = Bench::new(chain(1_000).shared(9, &shares));
    other.accounts[0] = pool;
    let mut used = 0;
    let violated = loop {
        match other.ask(1, &[]).verdict {
            Verdict::Granted { units, .. } => used += units,
            Verdict::Refused { violated, .. } => break violated,
            Verdict::Returned | Verdict::Damaged => panic!("something was wanted"),
        }
    };
    assert_eq!((used, violated), (100, Violated::Reserve));
}

#[test]
fn a_shadow_counts_what_it_would_have_let_pass_and_refuses_nothing() {
    let mut bench = Bench::new(chain(1_000).observing(50));
    let mut refused = 0;
    let mut granted = 0;
    while granted < 200 {
        let outcome = bench.ask(1, &[]);
        let Verdict::Granted { units, .. } = outcome.verdict else { panic!("the shadow bit") };
        granted += units;
        refused += outcome.shadow_refused;
    }
    assert_eq!((bench.accounts[1].usage.used(), refused), (50, granted - 50));
}

#[test]
fn no_lease_reaches_into_the_next_anchored_window_or_beyond_its_limits() {
    let window = Window::anchored(100_000);
    let mut bench = Bench::new(Chain::new(PoolKey::whole(1), Limit { units: 1_000, window }));
    bench.granted(1);
    bench.now += 90_000;
    let Verdict::Granted { ends, .. } = bench.ask(1, &[]).verdict else { panic!("room") };
    assert_eq!(ends, NOW + 98_000);
    let mut bench = Bench::new(chain(1_000));
    bench.chain.until = Some(NOW + 5_000);
    let Verdict::Granted { ends, .. } = bench.ask(1, &[]).verdict else { panic!("room") };
    assert_eq!(ends, NOW + 5_000);
}

#[test]
fn a_clock_that_goes_back_moves_nothing() {
    let mut bench = Bench::new(chain(10));
    assert_eq!((0..10).map(|_| bench.granted(1)).sum::<u32>(), 10);
    bench.now -= 30 * DAY;
    let Verdict::Refused { retry_at, .. } = bench.ask(1, &[]).verdict else { panic!("full") };
    assert!(retry_at > NOW + DAY - 1);
    assert_eq!(bench.accounts[0].latest, NOW);
}

/// An exchange that wants nothing.
fn nothing(chain: &Chain) -> Ask<'_> {
    Ask {
        chain,
        returned: &[],
        lease: 0,
        costs: &[],
        may_idle: true,
        owed: 0,
        acknowledged: &[],
        lease_ms: 1,
        answer_ms: 1,
    }
}

#[test]
fn thresholds_are_told_once_a_window_and_again_until_they_were_told() {
    let mut bench = Bench::new(chain(10));
    let percents = |outcome: &Outcome| outcome.crossed.iter().map(|c| c.percent).collect::<Vec<_>>();
    (0..4).for_each(|_| assert_eq!(percents(&bench.ask(1, &[])), Vec::<u8>::new()));
    let fifth = bench.ask(1, &[]);
    assert_eq!(percents(&fifth), [50]);
    assert_eq!(percents(&bench.ask(1, &[])), [50], "nobody has been told yet");
    let chain = bench.chain.clone();
    let told = Ask { acknowledged: &fifth.crossed, ..nothing(&chain) };
    assert_eq!(percents(&exchange(&mut bench.accounts, &told, NOW)), Vec::<u8>::new());
    (0..4).for_each(|_| drop(bench.ask(1, &[])));
    assert_eq!(percents(&bench.ask(0, &[])), [80, 90, 100]);
    bench.now += 2 * DAY;
    assert_eq!(percents(&bench.ask(0, &[])), Vec::<u8>::new());
    (0..4).for_each(|_| drop(bench.ask(1, &[])));
    assert_eq!(percents(&bench.ask(1, &[])), [50], "another window");
}

#[test]
fn what_passed_during_an_outage_is_charged_even_beyond_the_limit() {
    let mut bench = Bench::new(chain(10));
    let chain = bench.chain.clone();
    let owed = Ask { owed: 12, ..nothing(&chain) };
    assert_eq!(exchange(&mut bench.accounts, &owed, NOW).left, 0);
    assert_eq!(bench.accounts[0].usage.used(), 12);
    let Verdict::Refused { retry_at, .. } = bench.ask(1, &[]).verdict else { panic!("overdrawn") };
    assert!(retry_at >= NOW + DAY);
}

/// Everything that was to be told so far has been.
fn told_everything(bench: &mut Bench, crossed: &[Crossed]) {
    let chain = bench.chain.clone();
    let told = Ask { acknowledged: crossed, ..nothing(&chain) };
    assert_eq!(exchange(&mut bench.accounts, &told, bench.now).crossed, []);
}

fn told(outcome: &Outcome) -> Vec<(Violated, u8)> {
    outcome.crossed.iter().map(|crossed| (crossed.violated, crossed.percent)).collect()
}

#[test]
fn each_limit_of_a_chain_tells_its_own_thresholds() {
    let owner = Limit { units: 8, window: Window::rolling(DAY) };
    let share = Share { part: 7, at_most: Some(4), reserved: None };
    let mut bench = Bench::new(chain(20).below(9, Violated::Owner, owner).shared(7, &[share]));
    let outcomes: Vec<_> = (0..4).map(|_| told(&bench.ask(1, &[]))).collect();
    let shares = [50, 80, 90, 100].map(|percent| (Violated::Share, percent));
    assert_eq!(outcomes[1], shares[..1]);
    assert_eq!(outcomes[3], [&[(Violated::Owner, 50)][..], &shares[..]].concat());
}

#[test]
fn a_limit_that_can_say_nothing_beyond_another_says_nothing() {
    let limit = |units| Limit { units, window: Window::rolling(DAY) };
    let whole = Share { part: 7, at_most: None, reserved: Some(2) };
    let many = chain(10).below(9, Violated::Owner, limit(10)).below(8, Violated::Organisation, limit(50));
    let mut bench = Bench::new(many.shared(7, &[whole]));
    (0..4).for_each(|_| drop(bench.ask(1, &[])));
    let half = bench.ask(1, &[]);
    assert_eq!(told(&half), [(Violated::Pool, 50)], "all calls of the owner are those of this pool");
    told_everything(&mut bench, &half.crossed);
    // Another pool of the owner, with accounts of the ceilings in common.
    let ceilings = chain(10).below(9, Violated::Owner, limit(10)).below(8, Violated::Organisation, limit(50));
    let mut other = Bench::new(ceilings);
    other.accounts[1..].clone_from_slice(&bench.accounts[1..3]);
    assert_eq!(told(&other.ask(1, &[])), [(Violated::Owner, 50)]);
}

#[test]
fn a_lowered_limit_tells_what_is_reached_at_once_and_a_raised_one_tells_again() {
    let mut bench = Bench::new(chain(100));
    assert_eq!((0..57).map(|_| bench.granted(1)).sum::<u32>(), 57);
    let half = bench.ask(0, &[]);
    assert_eq!(told(&half), [(Violated::Pool, 50)]);
    told_everything(&mut bench, &half.crossed);
    bench.chain = chain(60);
    let lowered = bench.ask(0, &[]);
    assert_eq!(told(&lowered), [(Violated::Pool, 80), (Violated::Pool, 90)], "95 % of the new limit");
    told_everything(&mut bench, &lowered.crossed);
    bench.chain = chain(200);
    assert_eq!(told(&bench.ask(0, &[])), []);
    while bench.accounts[0].usage.used() < 100 {
        bench.granted(1);
    }
    assert_eq!(told(&bench.ask(0, &[])), [(Violated::Pool, 50)], "of the raised limit");
}

#[test]
fn what_is_given_back_of_a_lease_was_not_refused_by_a_shadow_either() {
    let mut bench = Bench::new(chain(1_000).observing(15));
    bench.granted(10);
    let outcome = bench.ask(1, &[]);
    assert_eq!(
        (outcome.verdict, outcome.shadow_refused),
        (Verdict::Granted { units: 10, ends: NOW + 30_000 }, 5)
    );
    bench.ask(0, &[(2, 7)]);
    let used = |at: usize, bench: &Bench| bench.accounts[at].usage.used();
    assert_eq!((used(0, &bench), used(1, &bench)), (13, 13), "the three that were spent");
    bench.ask(1, &[]);
    bench.ask(0, &[(4, 0)]);
    assert_eq!((used(0, &bench), used(1, &bench)), (23, 15));
}
