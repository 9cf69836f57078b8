//! Folding: a stream's events become the state decisions are made on. Folded states are kept with their
//! version, so that the next fold reads only what is newer.

use domain::{
    Unexpected,
    claim::{self, Claim},
    codec::CodecError,
    decider::StoredEvent,
};
use eventlog::{EventLog, ReadError, Record, StreamName, StreamVersion};
use std::{
    any::Any,
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::aggregate::Aggregate;

/// Records read at once.
const PAGE: u32 = 500;
/// States kept per generation; two generations are kept.
const GENERATION_MAX: usize = 5_000;

/// Why a stream can't be folded.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    /// The log could not be read.
    #[error("the log could not be read")]
    Read(#[source] ReadError),
    /// An event that can't follow what precedes it.
    #[error("stream {stream} is corrupt at version {}", .version.0)]
    CorruptStream {
        /// Which; names hold ids and keyed hashes only.
        stream: StreamName,
        /// The first event that does not fit.
        version: StreamVersion,
        /// In what way; none when an event is missing or repeated.
        #[source]
        source: Option<Unexpected>,
    },
    /// An event this program can't read.
    #[error("stream {stream} is unreadable at version {}", .version.0)]
    Undecodable {
        /// Which.
        stream: StreamName,
        /// Which event.
        version: StreamVersion,
        /// Why.
        #[source]
        source: CodecError,
    },
}

/// A state and the version of the stream it was folded from.
#[derive(Debug, Clone)]
pub(crate) struct Folded<S> {
    /// The state.
    pub(crate) state: Arc<S>,
    /// 0 when the stream holds nothing.
    pub(crate) version: StreamVersion,
}

/// Folds streams and keeps the states of those used lately.
pub(crate) struct Folds {
    log: EventLog,
    kept: Mutex<Kept>,
}

impl Folds {
    pub(crate) fn new(log: EventLog) -> Self {
        Self { log, kept: Mutex::new(Kept::default()) }
    }

    /// The current state of an aggregate.
    pub(crate) async fn aggregate<A: Aggregate>(&self, id: A::Id) -> Result<Folded<A>, FoldError> {
        self.fold::<A, A::Event>(&A::stream_of(id), A::evolve).await
    }

    /// The current holder of a claim.
    pub(crate) async fn claim(&self, stream: &StreamName) -> Result<Folded<Claim>, FoldError> {
        self.fold::<Claim, claim::Event>(stream, Claim::evolve).await
    }

    async fn fold<S, E>(
        &self,
        stream: &StreamName,
        evolve: impl Fn(S, &E) -> Result<S, Unexpected>,
    ) -> Result<Folded<S>, FoldError>
    where
        S: Default + Clone + Send + Sync + 'static,
        E: StoredEvent,
    {
        let start = self.kept::<S>(stream);
        let mut version = start.as_ref().map_or(StreamVersion(0), |kept| kept.version);
        let mut newer: Option<S> = None;
        let mut pages = self.log.stream_pages(stream, version, PAGE).await.map_err(FoldError::Read)?;
        loop {
            let page = pages.next().await.map_err(FoldError::Read)?;
            if page.is_empty() {
                break;
            }
            for record in &page {
                let event = next_event(stream, version, record)?;
                let state = newer.take().or_else(|| start.as_ref().map(|kept| (*kept.state).clone()));
                newer = Some(evolve(state.unwrap_or_default(), &event).map_err(|source| {
                    FoldError::CorruptStream {
                        stream: stream.clone(),
                        version: record.version,
                        source: Some(source),
                    }
                })?);
                version = record.version;
            }
        }
        let folded = match (newer, start) {
            (Some(state), _) => Folded { state: Arc::new(state), version },
            (None, Some(kept)) => return Ok(kept),
            (None, None) => return Ok(Folded { state: Arc::default(), version }),
        };
        self.keep(stream, &folded);
        Ok(folded)
    }

    fn kept<S: Send + Sync + 'static>(&self, stream: &StreamName) -> Option<Folded<S>> {
        let (state, version) = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(stream)?;
        Some(Folded { state: state.downcast::<S>().ok()?, version })
    }

    fn keep<S: Send + Sync + 'static>(&self, stream: &StreamName, folded: &Folded<S>) {
        let state: Arc<dyn Any + Send + Sync> = Arc::clone(&folded.state) as _;
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).put(stream.clone(), (state, folded.version));
    }
}

fn next_event<E: StoredEvent>(
    stream: &StreamName,
    after: StreamVersion,
    record: &Record,
) -> Result<E, FoldError> {
    if record.version.0 != after.0 + 1 {
        return Err(FoldError::CorruptStream {
            stream: stream.clone(),
            version: StreamVersion(after.0 + 1),
            source: None,
        });
    }
    E::decode(&record.event_type, record.schema, &record.payload).map_err(|source| FoldError::Undecodable {
        stream: stream.clone(),
        version: record.version,
        source,
    })
}

type Entry = (Arc<dyn Any + Send + Sync>, StreamVersion);

/// Least recently used states go in whole generations: no bookkeeping per use but a move to the young one.
#[derive(Default)]
struct Kept {
    young: HashMap<StreamName, Entry>,
    old: HashMap<StreamName, Entry>,
}

impl Kept {
    fn get(&mut self, stream: &StreamName) -> Option<Entry> {
        if let Some(entry) = self.young.get(stream) {
            return Some(entry.clone());
        }
        let (stream, entry) = self.old.remove_entry(stream)?;
        self.insert(stream, entry.clone());
        Some(entry)
    }

    /// Two folds of one stream may finish in either order; the newer one stays.
    fn put(&mut self, stream: StreamName, entry: Entry) {
        if self.get(&stream).is_none_or(|kept| kept.1 < entry.1) {
            self.insert(stream, entry);
        }
    }

    fn insert(&mut self, stream: StreamName, entry: Entry) {
        if self.young.len() >= GENERATION_MAX && !self.young.contains_key(&stream) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(stream, entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(n: usize) -> StreamName {
        StreamName::parse(&format!("devgroup-{n}")).unwrap()
    }

    fn entry(version: u64) -> Entry {
        (Arc::new(()), StreamVersion(version))
    }

    #[test]
    fn states_used_lately_survive_a_new_generation_and_the_others_go() {
        let mut kept = Kept::default();
        for n in 0..GENERATION_MAX {
            kept.put(name(n), entry(1));
        }
        kept.put(name(GENERATION_MAX), entry(1));
        assert!(kept.get(&name(0)).is_some(), "still in the old generation, and young again now");
        for n in 0..GENERATION_MAX {
            kept.put(name(10 * GENERATION_MAX + n), entry(1));
        }
        assert!(kept.get(&name(1)).is_none());
        assert!(kept.get(&name(0)).is_some());
        assert!(kept.young.len() + kept.old.len() <= 2 * GENERATION_MAX);
    }

    #[test]
    fn an_older_fold_never_replaces_a_newer_one() {
        let mut kept = Kept::default();
        kept.put(name(1), entry(7));
        kept.put(name(1), entry(3));
        assert_eq!(kept.get(&name(1)).unwrap().1, StreamVersion(7));
    }
}
