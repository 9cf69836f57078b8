//! The ceiling: one writer thread appends frames (length, CRC-32, bytes) to a file that was filled with zeros
//! before, takes all that is queued, syncs once, answers all. No order to check, no chain, no index.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::{fs, thread, thread::JoinHandle, time::Duration};
use tokio::sync::oneshot;

const QUEUE_MAX: usize = 1_024;
/// Written over again from its beginning when full.
const FILE_BYTES: u64 = 256 * 1024 * 1024;

struct Submission {
    bytes: Vec<u8>,
    reply: oneshot::Sender<Vec<u8>>,
}

pub(crate) struct PlainFile {
    queue: SyncSender<Submission>,
    writer: JoinHandle<()>,
    path: PathBuf,
}

impl PlainFile {
    pub(crate) fn create(dir: &Path, flush_delay: Option<Duration>) -> Self {
        let path = dir.join("plain");
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
        let zeros = vec![0; 1024 * 1024];
        for offset in (0..FILE_BYTES).step_by(zeros.len()) {
            file.write_all_at(&zeros, offset).unwrap();
        }
        file.sync_all().unwrap();
        let (queue, submissions) = sync_channel(QUEUE_MAX);
        let writer = thread::spawn(move || write(&file, &submissions, flush_delay));
        Self { queue, writer, path }
    }

    pub(crate) fn appender(&self) -> Appender {
        Appender { queue: self.queue.clone() }
    }

    pub(crate) fn remove(self) {
        drop(self.queue);
        self.writer.join().unwrap();
        fs::remove_file(self.path).unwrap();
    }
}

#[derive(Clone)]
pub(crate) struct Appender {
    queue: SyncSender<Submission>,
}

impl Appender {
    /// Durable when it returns.
    pub(crate) async fn append(&self, bytes: Vec<u8>) {
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(Submission { bytes, reply }).map_err(|_| "full").unwrap();
        drop(answer.await.unwrap());
    }
}

fn write(file: &File, queue: &Receiver<Submission>, flush_delay: Option<Duration>) {
    let (mut group, mut buffer, mut offset) = (Vec::new(), Vec::new(), 0);
    while let Ok(first) = queue.recv() {
        group.push(first);
        while group.len() < QUEUE_MAX
            && let Ok(next) = queue.try_recv()
        {
            group.push(next);
        }
        for Submission { bytes, .. } in &group {
            put_frame(&mut buffer, bytes);
        }
        if offset + buffer.len() as u64 > FILE_BYTES {
            offset = 0;
        }
        file.write_all_at(&buffer, offset).unwrap();
        offset += buffer.len() as u64;
        buffer.clear();
        if let Some(delay) = flush_delay {
            thread::sleep(delay);
        }
        file.sync_data().unwrap();
        for Submission { bytes, reply } in group.drain(..) {
            reply.send(bytes).unwrap();
        }
    }
}

pub(crate) fn put_frame(buffer: &mut Vec<u8>, bytes: &[u8]) {
    buffer.extend_from_slice(&u32::try_from(bytes.len()).unwrap().to_be_bytes());
    buffer.extend_from_slice(&crc32fast::hash(bytes).to_be_bytes());
    buffer.extend_from_slice(bytes);
}
