//! How many contacts are checked in a second, 32 at a time, beside the network floor: a client that says the very same
//! bytes and knows nothing, in alternating rounds of one run. Name servers and mail servers are the farm of the tests,
//! in a network namespace and a process of its own; it shares the machine's processors.
//!
//! `cargo bench -p portal-tests --bench checks -- [--json] [--rounds N]`
//! Rates are checks a second (more is better); rows named CPU are microseconds of the processor for a check on our side
//! of the network, the kernel's part included (less is better). That both sides say the same is held before anything
//! is measured.

#![expect(clippy::unwrap_used, reason = "a bench ends where it fails")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

mod case;
mod floor;
mod ours;
mod remote;

use case::{Case, Cases, Contact, HURRY};
use floor::Floor;
use mail_farm::{Farm, World, world};
use ours::Ours;
use portal_tests::bench::{Options, Row, alternate};
use remote::{Places, Remote};
use rustix::time::{ClockId, clock_gettime};
use std::{
    env,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{runtime::Runtime, task::JoinSet};

/// Checks at a time, as many as the product allows itself.
const AT_A_TIME: usize = 32;

fn main() -> ExitCode {
    world::enter(|world| {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        if env::args().any(|arg| arg == remote::FARM) {
            runtime.block_on(remote::serve(world));
        } else {
            let cases = Cases::new();
            runtime.block_on(both_say_the_same(world, &cases));
            run(&Options::parse(0), &runtime, &cases);
        }
        ExitCode::SUCCESS
    })
}

fn run(options: &Options, runtime: &Runtime, cases: &Cases) {
    let remote = Remote::start();
    let (ours, floor) = runtime.block_on(async { (Ours::new(&remote.places), Floor::new(&remote.places)) });
    let lots = Arc::new(AtomicU64::new(0));
    for case in Case::ALL {
        let contacts: Arc<[Contact]> = cases.of(case).into();
        let seconds = if case == Case::Slow { 3 } else { 1 };
        let load = Load { runtime, contacts, lots: lots.clone(), measured: Duration::from_secs(seconds) };
        let ours = || {
            let ours = ours.clone();
            load.measure(move |contact, lot| {
                let ours = ours.clone();
                async move { ours.check(&contact, lot).await }
            })
        };
        let floor = || {
            let floor = floor.clone();
            load.measure(move |contact, lot| {
                let floor = floor.clone();
                async move { floor.check(&contact, lot).await }
            })
        };
        // Keys of hosts are made, and whatever else is made once.
        ours();
        floor();
        let rounds = alternate(options.rounds, ours, floor);
        let row = |what: &str, of: fn(&Measured) -> f64| Row {
            name: format!("{what}, {}", case.name()),
            peer_name: "same bytes, no logic",
            rounds: rounds.iter().map(|(ours, floor)| (of(ours), of(floor))).collect(),
        };
        row("checks/s", |measured| measured.rate).print(options);
        row("CPU us a check", |measured| measured.cpu_us).print(options);
    }
    remote.stop();
}

struct Measured {
    rate: f64,
    cpu_us: f64,
}

/// Checks of these contacts in turn, always so many at a time.
struct Load<'a> {
    runtime: &'a Runtime,
    contacts: Arc<[Contact]>,
    lots: Arc<AtomicU64>,
    measured: Duration,
}

impl Load<'_> {
    fn measure<F>(&self, check: impl Fn(Contact, u128) -> F + Clone + Send + 'static) -> Measured
    where
        F: Future<Output = ()> + Send,
    {
        let (begun, cpu) = (Instant::now(), processor());
        let mut tasks = JoinSet::new();
        for _ in 0..AT_A_TIME {
            let (contacts, lots, until) = (self.contacts.clone(), self.lots.clone(), begun + self.measured);
            let check = check.clone();
            let task = async move {
                let mut done = 0_u64;
                while Instant::now() < until {
                    let lot = lots.fetch_add(1, Ordering::Relaxed);
                    let contact = &contacts[usize::try_from(lot).unwrap() % contacts.len()];
                    check(contact.clone(), lot.into()).await;
                    done += 1;
                }
                done
            };
            tasks.spawn_on(task, self.runtime.handle());
        }
        let done = self.runtime.block_on(tasks.join_all()).into_iter().sum::<u64>() as f64;
        Measured {
            rate: done / begun.elapsed().as_secs_f64(),
            cpu_us: processor().saturating_sub(cpu).as_secs_f64() * 1e6 / done,
        }
    }
}

/// Time that all threads of this process together have had.
fn processor() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

/// A floor that said less would be none.
async fn both_say_the_same(world: World, cases: &Cases) {
    let farm = Farm::start(world, &cases.situations, HURRY).await.unwrap();
    let places = Places::of(&farm, cases);
    let (ours, floor) = (Ours::new(&places), Floor::new(&places));
    for contact in Case::ALL.into_iter().flat_map(|case| cases.of(case).into_iter().take(1)) {
        farm.journal().listen();
        ours.check(&contact, 7).await;
        let said = farm.journal().heard();
        farm.journal().listen();
        floor.check(&contact, 7).await;
        assert_eq!(farm.journal().heard(), said, "{}", contact.case.name());
        assert!(said.len() > 10, "nothing was heard");
    }
    assert_eq!(farm.journal().complaints(), Vec::<String>::new());
    farm.stop().await;
}
