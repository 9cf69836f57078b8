//! Tortures of the log on disk: power cuts, kills, failing and full devices, damaged files. Each holds what is
//! there afterwards against an oracle outside the data directory. `README.md` beside this file says which known
//! defect of the store is met by what, and which of these looks.
//!
//! `cargo test -p portal-tests --test durability -- [NAME] [--rounds N] [--seed S] [--json]`

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test ends where it fails and says what it did"
)]

mod barrier;
mod child;
mod disk;
mod failing;
mod full;
mod grow;
mod killpoints;
mod network;
mod oracle;
mod place;
mod power;
mod program;
mod report;
mod rot;
mod second;
mod startup;
mod strace;
mod trace;

use portal_tests::Random;
use report::Report;
use std::{env, panic, process::ExitCode, time::Instant};

/// How a torture is asked for.
pub(crate) struct Plan {
    pub(crate) rounds: u64,
    pub(crate) seed: u64,
}

struct Torture {
    name: &'static str,
    /// Rounds in the ordinary tests.
    rounds: u64,
    run: fn(&Plan) -> Report,
}

const TORTURES: &[Torture] = &[
    Torture { name: "power", rounds: 4, run: power::run },
    Torture { name: "killpoints", rounds: 12, run: killpoints::run },
    Torture { name: "failing", rounds: 16, run: failing::run },
    Torture { name: "rot", rounds: 60, run: rot::run },
    Torture { name: "startup", rounds: 8, run: startup::run },
    Torture { name: "barrier", rounds: 2, run: barrier::run },
    Torture { name: "full", rounds: 3, run: full::run },
    Torture { name: "second", rounds: 3, run: second::run },
    Torture { name: "network", rounds: 12, run: network::run },
    Torture { name: "grow", rounds: 20, run: grow::run },
];

/// What this program does as a process of a torture's own.
type Inner = fn(&[String]);

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let inner: [(&str, Inner); 3] =
        [("child", child::run), (full::INSIDE, full::inside), (grow::CHILD, grow::child)];
    if let Some((_, run)) = inner.iter().find(|(word, _)| args.first().is_some_and(|arg| arg == word)) {
        run(&args[1..]);
        return ExitCode::SUCCESS;
    }
    if args.iter().any(|arg| arg == "--list") {
        for torture in TORTURES {
            println!("{}: test", torture.name);
        }
        return ExitCode::SUCCESS;
    }
    let valued = |name: &str| {
        let place = args.iter().position(|arg| arg == name)?;
        Some(args.get(place + 1)?.parse().unwrap())
    };
    // The harness's arguments are not ours, but a filter that means another test is obeyed.
    let filters: Vec<_> =
        args.iter().filter(|arg| arg.parse::<u64>().is_err() && !arg.starts_with('-')).collect();
    let is_meant = |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(*filter));
    let seed = valued("--seed").unwrap_or_else(Random::new_seed);
    let mut all_well = true;
    hush_the_store();
    for torture in TORTURES.iter().filter(|torture| is_meant(torture.name)) {
        let rounds = valued("--rounds").unwrap_or(torture.rounds);
        all_well &= play(torture, &Plan { rounds, seed }, args.iter().any(|arg| arg == "--json"));
    }
    if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// sled tells of some damage by panicking, which the log makes an error of; that is no news here.
fn hush_the_store() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |told| {
        if told.location().is_none_or(|place| !place.file().contains("/sled-")) {
            usual(told);
        }
    }));
}

fn play(torture: &Torture, plan: &Plan, is_json: bool) -> bool {
    let name = torture.name;
    let Plan { rounds, seed } = plan;
    if !is_json {
        println!("{name}: {rounds} rounds, seed {seed}");
    }
    let begun = Instant::now();
    let report = panic::catch_unwind(|| (torture.run)(plan)).unwrap_or_else(|_| Report {
        failures: vec!["the torture itself ended early".to_owned()],
        ..Report::default()
    });
    let seconds = begun.elapsed().as_secs();
    for note in &report.notes {
        eprintln!("{name}: {note}");
    }
    for failure in &report.failures {
        eprintln!("{name}: {failure}");
    }
    let Report { acknowledged, lost, duplicated, failures, .. } = report;
    let failures = failures.len();
    println!(
        r#"{{"name":"{name}","rounds":{rounds},"acknowledged":{acknowledged},"lost":{lost},"duplicated":{duplicated},"failures":{failures},"seconds":{seconds}}}"#
    );
    if failures > 0 {
        eprintln!("{name}: {failures} failures; again with --seed {seed} --rounds {rounds}");
    }
    failures == 0
}
