//! kill -9 at random moments: what a child process was told to be durable is there afterwards.
//!
//! The oracle stands outside the data directory: the child writes each acknowledged command to a pipe, this
//! process keeps them. Half of the kills fall into the first moments, while the child creates or opens the
//! log; several children in a row may be killed before the log is looked at.
//!
//! `cargo test -p eventlog --test kill -- [--rounds N] [--seed N] [--json]`; 20 rounds take a few seconds.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test ends where it fails and says what it did"
)]

use chrono::DateTime;
use eventlog::{
    ActorEnvelope, AppendBatch, AppendError, Envelope, EventLog, Expected, NewEvent, Now, Position, Record,
    SledOptions, StreamAppend, StreamName, StreamVersion, record,
};
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};
use std::{env, thread};
use tempfile::TempDir;
use uuid::Uuid;

const ROUNDS: u64 = 20;
/// After so many rounds a new directory is begun, to catch the creation of one as well.
const ROUNDS_PER_DIRECTORY: u64 = 7;
const WRITERS: u64 = 12;

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    if let [child, dir, round] = &args[..]
        && child == "child"
    {
        return child::run(Path::new(dir), round.parse().unwrap());
    }
    if args.iter().any(|arg| arg == "--list") {
        return println!("kill: test");
    }
    // The harness's arguments are not ours, but a filter that means another test is obeyed.
    let valued = |name: &str| {
        let place = args.iter().position(|arg| arg == name)?;
        Some(args.get(place + 1)?.parse().unwrap())
    };
    let filters: Vec<_> =
        args.iter().filter(|arg| arg.parse::<u64>().is_err() && !arg.starts_with('-')).collect();
    if !filters.is_empty() && !filters.iter().any(|filter| "kill".contains(filter.as_str())) {
        return;
    }
    let seed = valued("--seed").unwrap_or_else(|| RandomState::new().build_hasher().finish());
    let rounds = valued("--rounds").unwrap_or(ROUNDS);
    println!("kill: {rounds} rounds, seed {seed}");
    let begun = Instant::now();
    let mut campaign = Campaign::new(seed);
    (0..rounds).for_each(|round| campaign.round(round, round + 1 == rounds));
    let (acknowledged, seconds) = (campaign.acknowledged_in_all, begun.elapsed().as_secs());
    // A lost, doubled or altered record has ended the run before this line.
    if args.iter().any(|arg| arg == "--json") {
        println!(
            r#"{{"name":"kill","rounds":{rounds},"acknowledged":{acknowledged},"lost":0,"duplicated":0,"failures":0,"seconds":{seconds}}}"#
        );
    } else {
        println!("kill: ok, {acknowledged} acknowledged batches, none lost, {seconds} s");
    }
}

/// What is known of the current directory.
struct Campaign {
    random: Random,
    dir: TempDir,
    acknowledged: HashMap<Uuid, (Position, Position)>,
    seen: Vec<Record>,
    acknowledged_in_all: usize,
}

impl Campaign {
    fn new(seed: u64) -> Self {
        Self {
            random: Random(seed),
            dir: tempfile::tempdir().unwrap(),
            acknowledged: HashMap::new(),
            seen: Vec::new(),
            acknowledged_in_all: 0,
        }
    }

    fn round(&mut self, round: u64, is_last: bool) {
        let longest_ms = if self.random.below(2) == 0 { 60 } else { 600 };
        let delay = Duration::from_micros(self.random.below(longest_ms * 1_000));
        let acknowledged = kill_a_child(self.dir.path(), round, delay);
        self.acknowledged_in_all += acknowledged.len();
        self.acknowledged.extend(acknowledged);
        let begins_anew = (round + 1).is_multiple_of(ROUNDS_PER_DIRECTORY);
        if is_last || begins_anew || self.random.below(3) > 0 {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(self.verify());
        }
        if begins_anew {
            *self = Self { acknowledged_in_all: self.acknowledged_in_all, ..Self::new(self.random.next()) };
        }
    }

    /// The recovered log holds together, holds what it held before, and holds what was acknowledged.
    async fn verify(&mut self) {
        let log = open(self.dir.path()).await;
        let mut all = Vec::new();
        loop {
            let page = log.read_all(Position(all.len() as u64), 1_000).await.unwrap();
            if page.is_empty() {
                break;
            }
            all.extend(page);
        }
        assert_whole(&log, &all);
        assert_eq!(all[..self.seen.len()], self.seen, "what was read before has changed");
        let batches: HashMap<Uuid, (Position, Position)> = all
            .iter()
            .filter(|record| record.batch_index == 0)
            .map(|record| {
                let last = Position(record.position.0 + u64::from(record.batch_length) - 1);
                (record.command_id, (record.position, last))
            })
            .collect();
        for (command, positions) in &self.acknowledged {
            assert_eq!(batches.get(command), Some(positions), "acknowledged and lost");
        }
        log.close().await;
        let report = eventlog::check(self.dir.path(), &now()).unwrap();
        assert_eq!((report.events, report.first_bad), (all.len() as u64, None));
        self.seen = all;
    }
}

/// Positions are contiguous, batches whole, no command or event is there twice, the chain verifies.
fn assert_whole(log: &EventLog, all: &[Record]) {
    let (mut commands, mut events) = (HashSet::new(), HashSet::new());
    let mut previous_hash = record::genesis_hash(log.head().log_id);
    for (n, found) in all.iter().enumerate() {
        assert_eq!(found.position.0, n as u64 + 1);
        assert_eq!(found.previous_hash, previous_hash);
        assert!(record::hash_holds(&found.encode()));
        assert!(events.insert(found.event_id), "an event is there twice");
        match found.batch_index {
            0 => assert!(commands.insert(found.command_id), "a command is there twice"),
            index => assert_eq!(
                (all[n - 1].command_id, all[n - 1].batch_index + 1),
                (found.command_id, index),
                "a batch is torn"
            ),
        }
        previous_hash = found.hash;
    }
    let torn = all.last().is_some_and(|last| last.batch_index + 1 < last.batch_length);
    assert!(!torn, "the last batch is torn");
}

/// Starts a child, kills it after a while, and returns what it had said to be durable by then.
fn kill_a_child(dir: &Path, round: u64, delay: Duration) -> HashMap<Uuid, (Position, Position)> {
    let mut child = Command::new(env::current_exe().unwrap())
        .args([Path::new("child"), dir, &PathBuf::from(round.to_string())])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = BufReader::new(child.stdout.take().unwrap());
    let (ended, end) = mpsc::channel::<()>();
    let listening = thread::spawn(move || {
        let mut acknowledged = HashMap::new();
        let mut line = String::new();
        while pipe.read_line(&mut line).unwrap() > 0 {
            // The last line may be cut off by the kill: then nobody was told.
            if let Some(told) = line.strip_suffix('\n') {
                let mut words = told.split(' ');
                let mut number = || words.next().unwrap().parse::<u128>().unwrap();
                let (command, first, last) = (number(), number(), number());
                let position = |number| Position(u64::try_from(number).unwrap());
                acknowledged.insert(Uuid::from_u128(command), (position(first), position(last)));
            }
            line.clear();
        }
        drop(ended);
        acknowledged
    });
    match end.recv_timeout(delay) {
        Err(RecvTimeoutError::Timeout) => child.kill().unwrap(),
        ended => panic!("the child ended by itself: {ended:?}, {:?}", child.wait()),
    }
    child.wait().unwrap();
    listening.join().unwrap()
}

async fn open(dir: &Path) -> EventLog {
    let options = SledOptions { dir: dir.to_owned(), free_space_floor_bytes: 0 };
    EventLog::open_sled(options, now()).await.unwrap()
}

fn now() -> Now {
    Arc::new(|| DateTime::from_timestamp_millis(1_700_000_000_000).unwrap())
}

/// SplitMix64: enough for choosing moments.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// The process that is killed.
mod child {
    use super::{
        ActorEnvelope, AppendBatch, AppendError, Envelope, EventLog, Expected, NewEvent, Path, Random,
        StreamAppend, StreamName, StreamVersion, Uuid, WRITERS, Write, open,
    };

    pub(crate) fn run(dir: &Path, round: u64) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        runtime.block_on(async {
            let log = open(dir).await;
            let writers: Vec<_> =
                (0..WRITERS).map(|writer| tokio::spawn(write(log.clone(), round, writer))).collect();
            for writer in writers {
                writer.await.unwrap();
            }
        });
    }

    /// Appends for ever: to a stream of its own, and now and then to one that others write as well.
    async fn write(log: EventLog, round: u64, writer: u64) {
        let mut random = Random(round << 8 | writer);
        for n in 0.. {
            let command = u128::from(round) << 64 | u128::from(writer) << 32 | n;
            let own = format!("own-{}", random.below(5) * WRITERS + writer);
            let shared = format!("shared-{}", random.below(3));
            let mut streams = Vec::new();
            for name in [own, shared].into_iter().take(1 + usize::from(random.below(4) == 0)) {
                let stream = StreamName::parse(&name).unwrap();
                let version = log.stream_version(&stream).await.unwrap();
                streams.push(some_events(&mut random, stream, version));
            }
            match log.append(AppendBatch { envelope: envelope(command), streams }).await {
                Ok(done) => {
                    let mut pipe = std::io::stdout().lock();
                    writeln!(pipe, "{command} {} {}", done.first.0, done.last.0).unwrap();
                    pipe.flush().unwrap();
                }
                Err(AppendError::Conflict { .. } | AppendError::StreamFull { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn some_events(random: &mut Random, stream: StreamName, version: StreamVersion) -> StreamAppend {
        let events = (0..=random.below(3))
            .map(|_| {
                let payload_bytes = if random.below(20) == 0 { 16_000 } else { 400 };
                NewEvent {
                    event_type: "a.happened".to_owned(),
                    schema: 1,
                    payload: vec![b'x'; usize::try_from(random.below(payload_bytes)).unwrap()],
                    subjects: vec![],
                }
            })
            .collect();
        StreamAppend { stream, expected: Expected::Exact(version), events }
    }

    fn envelope(command: u128) -> Envelope {
        Envelope {
            command_id: Uuid::from_u128(command),
            fingerprint: None,
            causation_id: None,
            actor: ActorEnvelope::default(),
            on_behalf_of: None,
            reason: None,
            request_id: None,
            policy_version: 1,
            privileged: false,
        }
    }
}
