//! A log made again from its export: the same id, the same bytes, or nothing.

use crate::directory::{Directory, OpenError, head_of_empty, io_error};
use crate::export::{FORMAT, Header, Line, Trailer, Transferred};
use crate::frames::{Fault, Frames};
use crate::head_file::HeadRecord;
use crate::record::hex;
use crate::replay::{Replay, Scrutiny};
use crate::sled::{SledStore, StoreError};
use crate::{Hooks, Now, Position};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::io::{self, BufRead, Read};
use std::path::Path;

/// No line is longer: the largest payload, every byte of it escaped, fits twice.
const LINE_BYTES_MAX: u64 = 256 * 1024;
/// Records written at once.
const GROUP_BYTES: usize = 256 * 1024;

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A line is not what an export has there: altered, missing, repeated, out of order or cut off.
    #[error("line {line}: {what}")]
    Line {
        /// From 1.
        line: u64,
        /// In what way.
        what: String,
    },
    /// There is a log in the directory already.
    #[error("the directory holds a log already")]
    Exists,
    /// The input can't be read.
    #[error("the export could not be read")]
    Read(#[source] io::Error),
    /// The directory can't be used or written.
    #[error("the log could not be created")]
    Open(#[from] OpenError),
}

impl From<StoreError> for ImportError {
    fn from(error: StoreError) -> Self {
        Self::Open(error.into())
    }
}

/// Reads an export into a directory without a log. The log appears there when the last line is verified.
pub fn import(reader: impl BufRead, dir: &Path, now: &Now) -> Result<Transferred, ImportError> {
    let directory = Directory::hold(dir, now)?;
    if directory.store().log_id()?.is_some() {
        return Err(ImportError::Exists);
    }
    let mut lines = Lines { reader, line: 0 };
    let header: Header = lines.next()?;
    if header.format != FORMAT {
        return Err(lines.wrong(format!("the format is not {FORMAT}")));
    }
    let mut digest = String::new();
    directory.create(header.log_id, |scratch| {
        let store = SledStore::open(&scratch.sled(), &Hooks::default())?;
        let head = copy(&mut lines, &header, &store, &mut digest)?;
        store.sync().map_err(io_error("making the store durable"))?;
        store.close();
        Ok::<_, ImportError>(head)
    })?;
    Ok(Transferred { log_id: header.log_id, events: header.count, digest })
}

/// Copies all records and verifies each, then the trailer.
fn copy<R: BufRead>(
    lines: &mut Lines<R>,
    header: &Header,
    store: &SledStore,
    digest: &mut String,
) -> Result<HeadRecord, ImportError> {
    let mut replay = Replay::new(header.log_id, Scrutiny::full());
    let mut hasher = Sha256::new();
    let mut group = Frames::default();
    for position in 1..=header.count {
        let line: Line = lines.next()?;
        let record = line.into_record().map_err(|field| lines.wrong(format!("{field} is malformed")))?;
        let bytes = record.encode();
        replay.see(&bytes).map_err(|Fault { what, .. }| lines.wrong(what))?;
        hasher.update(&bytes);
        group.add(|out| out.extend_from_slice(&bytes));
        if group.bytes() >= GROUP_BYTES || position == header.count {
            store.write(&group.chunks(Position(position + 1 - group.count() as u64)))?;
            group.clear();
        }
    }
    let trailer: Trailer = lines.next()?;
    *digest = hex(&hasher.finalize());
    if trailer.digest != *digest {
        return Err(lines.wrong("the digest does not fit the records".to_owned()));
    }
    if replay.whole().0 != header.count {
        return Err(lines.wrong("the last batch is not whole".to_owned()));
    }
    lines.end()?;
    let head = replay.into_index().head;
    Ok(HeadRecord { position: head.position, hash: head.hash, ..head_of_empty(header.log_id) })
}

struct Lines<R> {
    reader: R,
    line: u64,
}

impl<R: BufRead> Lines<R> {
    fn next<T: DeserializeOwned>(&mut self) -> Result<T, ImportError> {
        let bytes = self.read()?;
        if bytes.is_empty() {
            return Err(self.wrong("the export is cut off".to_owned()));
        }
        if bytes.last() != Some(&b'\n') {
            return Err(self.wrong("the line is cut off or too long".to_owned()));
        }
        serde_json::from_slice(&bytes).map_err(|error| self.wrong(error.to_string()))
    }

    fn end(&mut self) -> Result<(), ImportError> {
        if self.read()?.is_empty() {
            return Ok(());
        }
        Err(self.wrong("the export goes on behind its digest".to_owned()))
    }

    fn read(&mut self) -> Result<Vec<u8>, ImportError> {
        let mut bytes = Vec::new();
        self.line += 1;
        let mut limited = self.reader.by_ref().take(LINE_BYTES_MAX);
        limited.read_until(b'\n', &mut bytes).map_err(ImportError::Read)?;
        Ok(bytes)
    }

    fn wrong(&self, what: String) -> ImportError {
        ImportError::Line { line: self.line, what }
    }
}
