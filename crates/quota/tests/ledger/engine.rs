//! One node on a file.

use crate::given::{DAY, KEY, NOW, Node, chain};
use quota::{Answer, Chain, Grace, Ledger, Limit, PoolKey, Share, Violated, Window, time::ManualTime};
use std::{sync::Arc, time::Duration};
use tempfile::TempDir;

struct Given {
    dir: TempDir,
    time: Arc<ManualTime>,
}

impl Given {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), time: ManualTime::at(NOW) }
    }

    async fn node(&self) -> Node {
        let ledger = Ledger::open_sqlite(&self.dir.path().join("quota.sqlite")).await.unwrap();
        Node::start(ledger, &self.time).await
    }
}

fn left(answer: Answer) -> u32 {
    match answer {
        Answer::Admitted { left, .. } => left,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn exactly_n_calls_pass_and_the_answers_count_down_to_zero() {
    let given = Given::new();
    let node = given.node().await;
    let limit = chain(1_000);
    for expected in (0..1_000).rev() {
        assert_eq!(left(node.call(&limit).await), expected);
    }
    let Answer::Refused { closed, left: 0 } = node.call(&limit).await else { panic!("one too many") };
    assert_eq!((closed.violated, closed.held_elsewhere), (Violated::Pool, false));
    assert!(closed.retry_at >= NOW + DAY && closed.retry_at <= NOW + DAY + 120_000);
    node.stop().await;
}

#[tokio::test]
async fn exactly_n_of_many_concurrent_calls_pass() {
    let given = Given::new();
    let node = given.node().await;
    let limit = chain(500);
    let calls: Vec<_> = (0..2_000)
        .map(|_| {
            let (engine, limit) = (node.engine.clone(), limit.clone());
            tokio::spawn(async move { engine.spend(KEY, &engine.cell(KEY), &limit, 1).await })
        })
        .collect();
    let mut passed = 0;
    for call in calls {
        passed += u32::from(matches!(call.await.unwrap(), Answer::Admitted { .. }));
    }
    assert_eq!(passed, 500);
    node.stop().await;
}

#[tokio::test]
async fn the_window_opens_again_when_it_has_passed_and_not_before() {
    let given = Given::new();
    let node = given.node().await;
    let limit = chain(10);
    assert_eq!(node.exhaust(&limit).await, 10);
    given.time.advance(DAY - 1_000);
    assert_eq!(node.exhaust(&limit).await, 0);
    given.time.advance(1_000 + 120_000);
    assert_eq!(node.exhaust(&limit).await, 10);
    node.stop().await;
}

#[tokio::test]
async fn a_jump_of_the_wall_clock_frees_nothing_and_takes_nothing() {
    let given = Given::new();
    let node = given.node().await;
    let limit = chain(10);
    assert_eq!(node.exhaust(&limit).await, 10);
    for jump in [25 * 3_600_000, -50 * 3_600_000, 400 * DAY] {
        given.time.jump(jump);
        given.time.advance(1_001);
        assert_eq!(node.exhaust(&limit).await, 0);
    }
    given.time.advance(DAY + 120_000);
    assert_eq!(node.exhaust(&limit).await, 10);
    node.stop().await;
}

#[tokio::test]
async fn a_killed_node_forfeits_at_most_a_hundredth_and_a_stopped_one_nothing() {
    let given = Given::new();
    let limit = chain(1_000);
    let node = given.node().await;
    for _ in 0..105 {
        left(node.call(&limit).await);
    }
    node.kill().await;
    let node = given.node().await;
    for _ in 0..105 {
        left(node.call(&limit).await);
    }
    node.stop().await;
    let node = given.node().await;
    let passed = 210 + node.exhaust(&limit).await;
    assert!((990..1_000).contains(&passed), "{passed}");
    node.stop().await;
}

#[tokio::test]
async fn a_killed_node_forfeits_a_hundredth_of_a_limit_over_many_pools_however_many_it_used() {
    let given = Given::new();
    let (pools, ceiling) = (25, Limit { units: 10_000, window: Window::rolling(DAY) });
    let calls = |pool: u128| {
        let key = PoolKey::whole(pool);
        (key, Arc::new(Chain::new(key, ceiling).below(99, Violated::Owner, ceiling)))
    };
    let node = given.node().await;
    for pool in 1..=pools {
        let (key, chain) = calls(pool);
        left(node.engine.spend(key, &node.engine.cell(key), &chain, 1).await);
    }
    node.kill().await;
    let node = given.node().await;
    let (key, chain) = calls(1);
    let mut passed = 25;
    while matches!(node.engine.spend(key, &node.engine.cell(key), &chain, 1).await, Answer::Admitted { .. }) {
        passed += 1;
    }
    assert!((9_900..=10_000).contains(&passed), "{passed}");
    node.stop().await;
}

#[tokio::test]
async fn a_start_with_a_clock_behind_goes_on_from_the_latest_recorded_instant() {
    let given = Given::new();
    let limit = chain(10);
    let node = given.node().await;
    assert_eq!(node.exhaust(&limit).await, 10);
    node.stop().await;
    given.time.jump(-365 * DAY);
    let node = given.node().await;
    given.time.advance(1_001);
    assert_eq!(node.exhaust(&limit).await, 0);
    given.time.advance(DAY + 120_000);
    assert_eq!(node.exhaust(&limit).await, 10, "time goes on, however wrong the clock");
    node.stop().await;
}

#[tokio::test]
async fn changed_limits_are_in_force_with_the_next_answer() {
    let given = Given::new();
    let node = given.node().await;
    let revised = |units, revision| {
        let mut chain = Chain::new(KEY, Limit { units, window: Window::rolling(DAY) });
        chain.revision = revision;
        Arc::new(chain)
    };
    let (small, large) = (revised(10, 1), revised(5_000, 2));
    assert_eq!(node.exhaust(&small).await, 10);
    node.engine.revise(KEY, &large).await;
    assert_eq!(left(node.call(&large).await), 4_989);
    let lowered = revised(20, 3);
    node.engine.revise(KEY, &lowered).await;
    // A call that set out under the larger limit leaves nothing behind for those after it.
    left(node.call(&large).await);
    assert_eq!(node.exhaust(&lowered).await, 8);
    node.stop().await;
}

#[tokio::test]
async fn a_call_that_can_never_pass_is_told_so_and_touches_nothing() {
    let given = Given::new();
    let node = given.node().await;
    let limit = chain(10);
    assert_eq!(node.cost(&limit, 11).await, Answer::NeverAdmissible { largest: 10 });
    assert_eq!(node.cost(&limit, 0).await, Answer::NeverAdmissible { largest: 10 });
    assert_eq!(node.cost(&chain(0), 1).await, Answer::NeverAdmissible { largest: 0 });
    assert_eq!(node.engine.counts().exchanges.load(std::sync::atomic::Ordering::Relaxed), 0);
    node.stop().await;
}

#[tokio::test]
async fn a_dear_call_is_refused_and_a_cheap_one_passes_where_only_it_fits() {
    let given = Given::new();
    let node = given.node().await;
    let limit = chain(10);
    assert_eq!(left(node.cost(&limit, 7).await), 3);
    assert!(matches!(node.cost(&limit, 4).await, Answer::Refused { left: 3, .. }));
    assert_eq!(left(node.cost(&limit, 3).await), 0);
    node.stop().await;
}

#[tokio::test]
async fn leases_make_transactions_rare() {
    let given = Given::new();
    let node = given.node().await;
    let limit = chain(100_000);
    for _ in 0..50_000 {
        left(node.call(&limit).await);
    }
    let exchanges = node.engine.counts().exchanges.load(std::sync::atomic::Ordering::Relaxed);
    assert!(exchanges <= 60, "{exchanges}");
    node.stop().await;
}

#[tokio::test]
async fn the_largest_limit_is_leased_like_any_other() {
    let given = Given::new();
    let node = given.node().await;
    let limit = chain(u32::MAX);
    for passed in 1..=1_000 {
        assert_eq!(left(node.call(&limit).await), u32::MAX - passed);
    }
    assert_eq!(node.engine.counts().exchanges.load(std::sync::atomic::Ordering::Relaxed), 1);
    assert_eq!(left(node.cost(&limit, u32::MAX - 1_000).await), 0);
    node.stop().await;
}

#[tokio::test]
async fn a_view_shows_what_is_used_and_changes_nothing() {
    let given = Given::new();
    let node = given.node().await;
    let limit = chain(1_000);
    for _ in 0..25 {
        left(node.call(&limit).await);
    }
    let cell = node.engine.cell(KEY);
    let view = node.engine.view(&cell, &limit).await.unwrap();
    assert_eq!((view.used, view.held, view.left), (25, 0, 975));
    assert!(view.next_free_at.is_some_and(|at| at > NOW + DAY));
    assert_eq!(node.engine.view(&cell, &limit).await.unwrap(), view);
    assert_eq!(left(node.call(&limit).await), 974);
    node.stop().await;
}

#[tokio::test]
async fn without_a_ledger_development_stops_and_production_gets_a_counted_grace() {
    let given = Given::new();
    let node = given.node().await;
    let development = chain(100);
    let mut production = (*development).clone();
    production.grace = Some(Grace { lasts: Duration::from_mins(1), units: 5 });
    let production = Arc::new(production);
    node.ledger.close().await;
    assert_eq!(node.call(&development).await, Answer::Unavailable);
    for expected in (0..5).rev() {
        assert_eq!(
            node.call(&production).await,
            Answer::Admitted { left: expected, graced: true, shadowed: 0 }
        );
    }
    assert_eq!(node.call(&production).await, Answer::Unavailable);
    assert_eq!(node.call(&development).await, Answer::Unavailable);
    node.kill().await;
}

#[tokio::test]
async fn the_parts_of_a_pool_divide_its_grace() {
    let given = Given::new();
    let node = given.node().await;
    let shares = [2, 3].map(|part| Share { part, at_most: Some(50), reserved: None });
    let mut whole = (*chain(100)).clone();
    whole.grace = Some(Grace { lasts: Duration::from_mins(1), units: 6 });
    node.ledger.close().await;
    for part in 1..=3 {
        let (key, chain) = (PoolKey { part, ..KEY }, Arc::new(whole.clone().shared(part, &shares)));
        let cell = node.engine.cell(key);
        for units in [2, 1] {
            let answer = node.engine.spend(key, &cell, &chain, units).await;
            assert_eq!(matches!(answer, Answer::Admitted { graced: true, .. }), units == 2, "part {part}");
        }
    }
    node.kill().await;
}

#[tokio::test]
async fn a_refusal_from_memory_tells_what_is_left_like_the_one_before() {
    let given = Given::new();
    let node = given.node().await;
    let ceiling = Limit { units: 5, window: Window::rolling(DAY) };
    let limit = Limit { units: 10, window: Window::rolling(DAY) };
    let limit = Arc::new(Chain::new(KEY, limit).below(7, Violated::Owner, ceiling));
    for _ in 0..5 {
        left(node.call(&limit).await);
    }
    for _ in 0..2 {
        let Answer::Refused { left, closed } = node.call(&limit).await else { panic!("full") };
        assert_eq!((left, closed.violated), (5, Violated::Owner));
    }
    node.stop().await;
}

#[tokio::test]
async fn a_grace_ends_by_time_as_well() {
    let given = Given::new();
    let node = given.node().await;
    let mut production = (*chain(100)).clone();
    production.grace = Some(Grace { lasts: Duration::from_mins(1), units: 5 });
    let production = Arc::new(production);
    node.ledger.close().await;
    assert!(matches!(node.call(&production).await, Answer::Admitted { graced: true, .. }));
    given.time.advance(60_001);
    assert_eq!(node.call(&production).await, Answer::Unavailable);
    node.kill().await;
}

#[tokio::test]
async fn thresholds_reach_people_once() {
    let given = Given::new();
    let mut node = given.node().await;
    let limit = chain(10);
    assert_eq!(node.exhaust(&limit).await, 10);
    let mut percents = Vec::new();
    while let Ok(notice) = node.notices.try_recv() {
        percents.push(notice.crossed.percent);
        node.engine.acknowledge(notice.key, &notice.chain, notice.crossed).await;
    }
    assert_eq!(percents, [50, 80, 90, 100]);
    given.time.advance(1_001);
    assert_eq!(node.exhaust(&limit).await, 0);
    assert!(node.notices.try_recv().is_err());
    node.stop().await;
    let mut node = given.node().await;
    given.time.advance(1_001);
    assert_eq!(node.exhaust(&limit).await, 0);
    assert!(node.notices.try_recv().is_err(), "told before the restart");
    node.stop().await;
}

#[tokio::test]
async fn a_ledger_of_a_newer_program_is_refused() {
    let given = Given::new();
    let path = given.dir.path().join("quota.sqlite");
    let ledger = Ledger::open_sqlite(&path).await.unwrap();
    ledger.close().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::query("INSERT INTO quota_migrations (version) VALUES (99)").execute(&pool).await.unwrap();
    pool.close().await;
    let refused = Ledger::open_sqlite(&path).await.err().unwrap();
    assert!(matches!(refused, quota::LedgerError::NewerSchema { found: 99, .. }));
}

#[tokio::test]
async fn a_damaged_pool_refuses_its_own_calls_and_no_others() {
    let given = Given::new();
    let path = given.dir.path().join("quota.sqlite");
    let node = given.node().await;
    left(node.call(&chain(10)).await);
    node.stop().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::query("UPDATE quota_pools SET state = x'ff00'").execute(&pool).await.unwrap();
    let node = given.node().await;
    let other = quota::PoolKey::whole(2);
    let sound = Arc::new(Chain::new(other, Limit { units: 10, window: Window::rolling(DAY) }));
    let limit = chain(10);
    let cell = node.engine.cell(other);
    let (damaged, sound) = tokio::join!(node.call(&limit), node.engine.spend(other, &cell, &sound, 1));
    assert_eq!((damaged, left(sound)), (Answer::Unavailable, 9));
    let kept: Vec<u8> = sqlx::query_scalar("SELECT state FROM quota_pools ORDER BY pool LIMIT 1")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(kept, [0xff, 0], "it is left for somebody to look at");
    pool.close().await;
    node.stop().await;
}

#[tokio::test]
async fn what_is_owed_to_a_damaged_pool_goes_back_once_it_is_mended() {
    let given = Given::new();
    let path = given.dir.path().join("quota.sqlite");
    let (node, limit) = (given.node().await, chain(10_000));
    left(node.call(&limit).await);
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let sound: Vec<u8> = sqlx::query_scalar("SELECT state FROM quota_pools").fetch_one(&pool).await.unwrap();
    sqlx::query("UPDATE quota_pools SET state = x'ff00'").execute(&pool).await.unwrap();
    node.engine.revise(KEY, &limit).await;
    assert_eq!(node.call(&limit).await, Answer::Unavailable);
    sqlx::query("UPDATE quota_pools SET state = $1").bind(sound).execute(&pool).await.unwrap();
    pool.close().await;
    node.stop().await;
    let node = given.node().await;
    assert_eq!(node.exhaust(&limit).await, 9_999);
    node.stop().await;
}

#[tokio::test]
async fn every_limit_of_a_chain_is_shown_with_what_it_frees_and_when() {
    let given = Given::new();
    let node = given.node().await;
    let ceiling = Limit { units: 150, window: Window::anchored(DAY) };
    let limit = Limit { units: 1_000, window: Window::rolling(DAY) };
    let limit = Arc::new(Chain::new(KEY, limit).below(7, Violated::Owner, ceiling).observing(20));
    for _ in 0..25 {
        left(node.call(&limit).await);
    }
    let examined = node.engine.examine(&node.engine.cell(KEY), &limit).await.unwrap();
    let used: Vec<_> = examined.standings.iter().map(|standing| (standing.used, standing.left())).collect();
    assert_eq!(used[..2], [(25, 975), (25, 125)]);
    let [pool, owner, shadow] = &examined.standings[..] else { panic!("three limits") };
    assert_eq!(owner.anchor, Some(NOW));
    assert_eq!(owner.frees.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [NOW + DAY]);
    assert!(pool.frees.iter().all(|(at, _)| (NOW + DAY..NOW + DAY + 120_000).contains(at)));
    assert_eq!(shadow.used, 20, "what lies idle in a lease is not among what the shadow would have let pass");
    node.stop().await;
}
