//! From the start of a process to a log that takes appends, and the memory that takes, beside opening the bare
//! store and looking at every value once. Each in a process of its own.

use crate::Options;
use crate::events::{fill, open};
use crate::rounds::{Row, alternate};
use eventlog::Hooks;
use std::path::Path;
use std::process::Command;
use std::time::Instant;
use std::{env, fs};

pub(crate) fn run(options: &Options) {
    let dir = tempfile::tempdir_in(&options.dir).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(fill(dir.path(), options.events));
    let (mut ours_mib, mut peer_mib) = (Vec::new(), Vec::new());
    let rounds = alternate(
        options,
        || in_child(dir.path(), "log", &mut ours_mib),
        || in_child(dir.path(), "store", &mut peer_mib),
    );
    let peer_name = "bare store opened and scanned";
    let name = format!("{}/{}/seconds", options.name, options.events);
    Row { name, peer_name, rounds }.print(options);
    let name = format!("{}/{}/rss-mib", options.name, options.events);
    Row { name, peer_name, rounds: ours_mib.into_iter().zip(peer_mib).collect() }.print(options);
}

/// Seconds of a child; its memory goes to `mib`.
fn in_child(dir: &Path, what: &str, mib: &mut Vec<f64>) -> f64 {
    let mut command = Command::new(env::current_exe().unwrap());
    let output = command.args(["open-in-child", "--dir"]).arg(dir).arg(what).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut figures = text.split_whitespace().map(|figure| figure.parse::<f64>().unwrap());
    let seconds = figures.next().unwrap();
    mib.push(figures.next().unwrap());
    seconds
}

/// Opens and tells seconds and resident MiB.
pub(crate) fn child(dir: &Path, what: &str) {
    let started = Instant::now();
    let (seconds, mib) = if what == "log" {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let log = runtime.block_on(open(dir, Hooks::default()));
        let figures = (started.elapsed(), resident_mib());
        runtime.block_on(log.close());
        figures
    } else {
        let db = sled::Config::new().path(dir.join("store/sled")).cache_capacity(64 << 20).open().unwrap();
        let mut values = 0;
        for entry in db.iter() {
            let (_, value) = entry.unwrap();
            values += u64::from(crc32fast::hash(&value) != 0);
        }
        assert!(values > 0);
        (started.elapsed(), resident_mib())
    };
    println!("{} {mib}", seconds.as_secs_f64());
}

fn resident_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kib / 1024.0
}
