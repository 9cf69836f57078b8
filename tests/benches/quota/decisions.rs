//! Decisions a second on one thread and on two, with many groups.

use crate::ledger::{self, Given};
use governor::{Quota, RateLimiter};
use portal_tests::bench::{Options, Row, alternate};
use quota::{Answer, PoolKey};
use std::{
    hint::black_box,
    num::NonZeroU32,
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

const MEASURED: Duration = Duration::from_millis(500);
/// Decisions between two looks at the clock.
const BURST: usize = 1_000;

pub(crate) fn run(options: &Options) {
    for threads in [1, 2] {
        against_the_floor(options, threads);
        against_governor(options, threads);
    }
    against_one_atomic(options);
}

/// The floor: the same map, and one compare-and-swap.
fn against_the_floor(options: &Options, threads: usize) {
    let given = Given::new();
    given.warm(options.groups as u64, u32::MAX);
    let floor = papaya::HashMap::builder()
        .resize_mode(papaya::ResizeMode::Blocking)
        .hasher(foldhash::fast::RandomState::default())
        .build();
    for group in 0..options.groups as u64 {
        floor.pin().insert(key(group), AtomicU64::new(u64::MAX));
    }
    let rounds = alternate(
        options.rounds,
        || rate(threads, options.groups as u64, |group| decide(&given, group)),
        || {
            rate(threads, options.groups as u64, |group| {
                let map = floor.pin();
                let word = map.get(&key(group)).unwrap();
                let before = word.load(Ordering::Acquire);
                black_box(word.compare_exchange_weak(before, before - 1, Ordering::AcqRel, Ordering::Acquire))
                    .is_ok()
            })
        },
    );
    let name = format!("decisions/s, {threads} threads, {} groups", options.groups as u64);
    Row { name, peer_name: "map lookup and compare-and-swap", rounds }.print(options);
}

fn against_governor(options: &Options, threads: usize) {
    let given = Given::new();
    given.warm(options.groups as u64, u32::MAX);
    let quota = Quota::per_second(NonZeroU32::MAX);
    let governor: RateLimiter<u128, _, _> = RateLimiter::dashmap(quota);
    let rounds = alternate(
        options.rounds,
        || rate(threads, options.groups as u64, |group| decide(&given, group)),
        || rate(threads, options.groups as u64, |group| governor.check_key(&(u128::from(group) + 1)).is_ok()),
    );
    let name = format!("decisions/s, {threads} threads, {} groups", options.groups as u64);
    Row { name, peer_name: "governor, keyed", rounds }.print(options);
}

/// One hot group, asked as the door asks: with its cell at hand.
fn against_one_atomic(options: &Options) {
    let given = Given::new();
    given.warm(1, u32::MAX);
    let (cell, chain) = (given.engine.cell(key(0)), ledger::chain(0, u32::MAX));
    let word = AtomicU64::new(0);
    let rounds = alternate(
        options.rounds,
        || {
            let lease = || given.runtime.block_on(given.engine.spend(key(0), &cell, &chain, 1));
            rate(1, 1, |_| {
                let answer = given.engine.try_spend(&cell, 1).unwrap_or_else(lease);
                matches!(answer, Answer::Admitted { .. })
            })
        },
        || rate(1, 1, |_| word.fetch_add(1, Ordering::AcqRel) < u64::MAX),
    );
    Row { name: "decisions/s, 1 thread, cell at hand".to_owned(), peer_name: "bare atomic add", rounds }
        .print(options);
}

fn decide(given: &Given, group: u64) -> bool {
    matches!(given.engine.try_spend_in(&key(group), 1), Some(Answer::Admitted { .. }))
}

fn key(group: u64) -> PoolKey {
    PoolKey::whole(u128::from(group) + 1)
}

/// Decisions a second of several threads, each asking for groups in an order of its own.
fn rate(threads: usize, groups: u64, decide: impl Fn(u64) -> bool + Sync) -> f64 {
    let (ended, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let together = Barrier::new(threads + 1);
    thread::scope(|scope| {
        for thread in 0..threads {
            let (ended, done, together, decide) = (&ended, &done, &together, &decide);
            scope.spawn(move || {
                let mut group = thread as u64 * 7_919;
                let mut passed = 0;
                together.wait();
                while !ended.load(Ordering::Relaxed) {
                    for _ in 0..BURST {
                        group = group
                            .wrapping_mul(6_364_136_223_846_793_005)
                            .wrapping_add(1_442_695_040_888_963_407);
                        passed += u64::from(decide((group >> 33) % groups));
                    }
                }
                done.fetch_add(passed, Ordering::Relaxed);
            });
        }
        together.wait();
        let begun = Instant::now();
        while begun.elapsed() < MEASURED {
            thread::park_timeout(MEASURED);
        }
        ended.store(true, Ordering::Relaxed);
        begun.elapsed()
    });
    done.load(Ordering::Relaxed) as f64 / MEASURED.as_secs_f64()
}
