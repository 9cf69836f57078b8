//! How fast the log is beside a plain file, in the same run, in alternating rounds.
//!
//! `cargo run --release -p eventlog --example bench -- NAME [--json] [--dir DIR] [--events N] [--rounds N]
//! [--submitters N,N]`
//! with NAME one of `append`, `append-flush-1ms`, `replay`, `open`. DIR should lie on the disk that is meant;
//! files made there are removed. Every row is one measurement: events a second (more is better), or for
//! `open` seconds and MiB of resident memory (less is better); `ratio` is ours to the peer's.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench ends where it fails and prints figures"
)]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

mod append;
mod events;
mod open;
mod plain_file;
mod replay;
mod rounds;

use std::path::{Path, PathBuf};
use std::{env, time::Duration};

/// What the command line asks for.
struct Options {
    name: String,
    is_json: bool,
    dir: PathBuf,
    events: u64,
    rounds: usize,
    submitters: Vec<u64>,
}

impl Options {
    fn parse() -> Self {
        let args: Vec<String> = env::args().skip(1).collect();
        let value = |name: &str| {
            let place = args.iter().position(|arg| arg == name)?;
            args.get(place + 1).cloned()
        };
        Self {
            name: args.first().cloned().unwrap_or_default(),
            is_json: args.iter().any(|arg| arg == "--json"),
            dir: value("--dir").map_or_else(env::temp_dir, PathBuf::from),
            events: value("--events").map_or(2_000_000, |count| count.parse().unwrap()),
            submitters: value("--submitters").map_or(vec![1, 16, 64, 256], |list| {
                list.split(',').map(|count| count.parse().unwrap()).collect()
            }),
            rounds: value("--rounds").map_or(7, |count| count.parse().unwrap()),
        }
    }
}

fn main() {
    let options = Options::parse();
    match options.name.as_str() {
        "append" => append::run(&options, None),
        "append-flush-1ms" => append::run(&options, Some(Duration::from_millis(1))),
        "replay" => replay::run(&options),
        "open" => open::run(&options),
        "open-in-child" => open::child(Path::new(&options.dir), &env::args().nth(4).unwrap()),
        _ => {
            println!("append\nappend-flush-1ms\nreplay\nopen");
        }
    }
}
