//! Looking at a log from outside: its end as noted, and every record verified.

use crate::directory::{Directory, OpenError, Store, io_error};
use crate::record::hex;
use crate::replay::{Replay, Scrutiny};
use crate::sled::SledStore;
use crate::{Head, Hooks, Now, Position, ReadError};
use sha2::{Digest, Sha256};
use std::{io, path::Path};
use uuid::Uuid;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckReport {
    /// Which log.
    pub log_id: Uuid,
    /// Good records from the first on, up to the last whole batch.
    pub events: u64,
    /// Streams they belong to.
    pub streams: u64,
    /// The first position where a good record is missing, and in what way.
    pub first_bad: Option<(Position, String)>,
    /// Hash of the last good record; of the log id when there is none.
    pub head_hash: [u8; 32],
    /// SHA-256 over the bytes of all good records in order, as hexadecimal digits.
    pub digest: String,
    /// Records known to be durable, as noted outside the store.
    pub durable: Position,
}

/// The durable end of the log in a directory, as noted outside its store; at most one group of appends is
/// newer. Takes no lock: works while a server runs.
pub fn head(dir: &Path) -> Result<Head, OpenError> {
    let (store, log_id) = existing(dir)?;
    let noted = store.head_record()?;
    Ok(Head { log_id, position: noted.position, hash: noted.hash })
}

/// Verifies every record of the log in a directory that nobody uses: checksum, hash, chain, positions,
/// batches, streams, and that nothing durable is missing. Changes no record; the store may rewrite its own
/// snapshot while opening.
pub fn check(dir: &Path, now: &Now) -> Result<CheckReport, OpenError> {
    existing(dir)?;
    let directory = Directory::hold(dir, now)?;
    let (paths, log_id) = existing(dir)?;
    let noted = paths.head_record()?;
    paths.move_leftovers_aside()?;
    let store = SledStore::open(&paths.sled(), &Hooks::default())?;
    let known = Some((noted.position, noted.hash));
    let mut replay = Replay::new(log_id, Scrutiny { known, ..Scrutiny::full() });
    let (mut digest, mut batch) = (Sha256::new(), Vec::new());
    let scanned = store.scan(&mut |position, bytes| {
        if noted.is_end && position > noted.position {
            return Ok(());
        }
        replay.see(bytes)?;
        batch.extend_from_slice(bytes);
        if replay.whole() == position {
            digest.update(&batch);
            batch.clear();
        }
        Ok(())
    });
    store.close();
    drop(directory);
    let first_bad = match scanned {
        Ok(()) if !batch.is_empty() => Some((replay.next(), "a batch is not whole".to_owned())),
        Ok(()) if replay.whole() < noted.position => {
            let what = format!("{} records were durable", noted.position.0);
            Some((replay.next(), what))
        }
        Ok(()) => None,
        Err(ReadError::Corrupt { position, what }) => Some((position, what)),
        Err(ReadError::Store(source)) => Some((replay.next(), source.to_string())),
        Err(error @ ReadError::OtherHistory { .. }) => Some((replay.next(), error.to_string())),
    };
    let index = replay.into_index();
    Ok(CheckReport {
        log_id,
        events: index.head.position.0,
        streams: index.streams.count() as u64,
        first_bad,
        head_hash: index.head.hash,
        digest: hex(&digest.finalize()),
        durable: noted.position,
    })
}

fn existing(dir: &Path) -> Result<(Store, Uuid), OpenError> {
    let store = Store::in_dir(dir);
    match store.log_id()? {
        Some(log_id) => Ok((store, log_id)),
        None => Err(io_error("finding a log")(io::Error::from(io::ErrorKind::NotFound))),
    }
}
