//! Durable appends by many submitters, one event each, every one waiting for its answer.

use crate::Options;
use crate::events::{self, batch, payload, stream};
use crate::plain_file::PlainFile;
use crate::rounds::{Row, alternate};
use eventlog::{Hooks, Position, Probe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const WARM_UP: Duration = Duration::from_millis(300);
const MEASURED: Duration = Duration::from_millis(1_500);

/// What the submitters of one side share.
#[derive(Default)]
struct Meter {
    is_over: AtomicBool,
    done: AtomicU64,
}

pub(crate) fn run(options: &Options, flush_delay: Option<Duration>) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let record_bytes = runtime.block_on(record_bytes(options));
    for submitters in options.submitters.clone() {
        let rounds = alternate(
            options,
            || ours(&runtime, options, submitters, flush_delay),
            || peer(&runtime, options, submitters, flush_delay, record_bytes),
        );
        let name = format!("{}/{submitters}", options.name);
        Row { name, peer_name: "zeroed file, group commit", rounds }.print(options);
    }
}

/// Size of the stored record, so that the peer writes as many bytes.
async fn record_bytes(options: &Options) -> usize {
    let dir = tempfile::tempdir_in(&options.dir).unwrap();
    let log = events::open(dir.path(), Hooks::default()).await;
    log.append(batch(1, &stream(1), 0, 1)).await.unwrap();
    log.read_all(Position(0), 1).await.unwrap()[0].encode().len()
}

fn ours(runtime: &Runtime, options: &Options, submitters: u64, flush_delay: Option<Duration>) -> f64 {
    let dir = tempfile::tempdir_in(&options.dir).unwrap();
    let before_sync = flush_delay.map(|delay| {
        Arc::new(move || {
            thread::sleep(delay);
            Ok(())
        }) as Probe
    });
    runtime.block_on(async {
        let log = events::open(dir.path(), Hooks { before_sync, ..Hooks::default() }).await;
        let rate = measure(submitters, |submitter, meter| {
            let log = log.clone();
            async move {
                let stream = stream(submitter);
                let mut version = 0;
                while !meter.is_over.load(Ordering::Relaxed) {
                    // A stream ends at 20,000 events; its submitter goes on with another.
                    let (lap, place) = (version / 10_000, version % 10_000);
                    let name = if lap == 0 { stream.clone() } else { events::stream(lap << 32 | submitter) };
                    let command = u128::from(submitter) << 64 | u128::from(version);
                    log.append(batch(command, &name, place, 1)).await.unwrap();
                    version += 1;
                    meter.done.fetch_add(1, Ordering::Relaxed);
                }
            }
        })
        .await;
        log.close().await;
        rate
    })
}

fn peer(
    runtime: &Runtime,
    options: &Options,
    submitters: u64,
    flush_delay: Option<Duration>,
    record_bytes: usize,
) -> f64 {
    let dir = tempfile::tempdir_in(&options.dir).unwrap();
    let file = PlainFile::create(dir.path(), flush_delay);
    let rate = runtime.block_on(measure(submitters, |submitter, meter| {
        let file = file.appender();
        async move {
            let mut version = 0;
            while !meter.is_over.load(Ordering::Relaxed) {
                let mut bytes = payload(submitter << 32 | version);
                bytes.resize(record_bytes, b' ');
                file.append(bytes).await;
                version += 1;
                meter.done.fetch_add(1, Ordering::Relaxed);
            }
        }
    }));
    file.remove();
    rate
}

/// Appends a second between warm-up and end.
async fn measure<F>(submitters: u64, submit: impl Fn(u64, Arc<Meter>) -> F) -> f64
where
    F: Future<Output = ()> + Send + 'static,
{
    let meter = Arc::new(Meter::default());
    let tasks: Vec<_> = (0..submitters).map(|n| tokio::spawn(submit(n, Arc::clone(&meter)))).collect();
    tokio::time::sleep(WARM_UP).await;
    let (started, before) = (Instant::now(), meter.done.load(Ordering::Relaxed));
    tokio::time::sleep(MEASURED).await;
    let rate = (meter.done.load(Ordering::Relaxed) - before) as f64 / started.elapsed().as_secs_f64();
    meter.is_over.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    rate
}
