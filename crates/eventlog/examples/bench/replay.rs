//! Reading the whole log, page by page, as a projector does.

use crate::Options;
use crate::events::{fill, open};
use crate::plain_file::put_frame;
use crate::rounds::{Row, alternate};
use eventlog::{Hooks, Position};
use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::time::Instant;

const PAGE: u32 = 1_000;

pub(crate) fn run(options: &Options) {
    let dir = tempfile::tempdir_in(&options.dir).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let (log_dir, file) = (dir.path().join("log"), dir.path().join("plain"));
    runtime.block_on(fill(&log_dir, options.events));
    let log = runtime.block_on(open(&log_dir, Hooks::default()));
    let mut out = BufWriter::new(File::create(&file).unwrap());
    runtime.block_on(async {
        let mut after = Position(0);
        while after < log.head().position {
            let mut frames = Vec::new();
            for record in log.read_all(after, PAGE).await.unwrap() {
                put_frame(&mut frames, &record.encode());
                after = record.position;
            }
            out.write_all(&frames).unwrap();
        }
    });
    drop(out);
    let ours = || {
        let started = Instant::now();
        let (mut after, mut bytes) = (Position(0), 0);
        runtime.block_on(async {
            while after < log.head().position {
                for record in log.read_all(after, PAGE).await.unwrap() {
                    bytes += record.payload.len();
                    after = record.position;
                }
            }
        });
        assert!(bytes > 0);
        after.0 as f64 / started.elapsed().as_secs_f64()
    };
    let peer = || {
        let started = Instant::now();
        scan(&file) as f64 / started.elapsed().as_secs_f64()
    };
    let rounds = alternate(options, ours, peer);
    Row { name: options.name.clone(), peer_name: "file scan with CRC", rounds }.print(options);
    runtime.block_on(log.close());
    fs::remove_file(file).unwrap();
}

/// Frames of a plain file whose checksum fits.
fn scan(path: &Path) -> u64 {
    let mut file = BufReader::with_capacity(1024 * 1024, File::open(path).unwrap());
    let (mut prefix, mut bytes, mut count) = ([0; 8], Vec::new(), 0);
    while file.read_exact(&mut prefix).is_ok() {
        let (length, crc) = prefix.split_at(4);
        let length = u32::from_be_bytes(length.try_into().unwrap());
        bytes.resize(length as usize, 0);
        file.read_exact(&mut bytes).unwrap();
        assert_eq!(crc32fast::hash(&bytes).to_be_bytes(), crc);
        count += 1;
    }
    count
}
