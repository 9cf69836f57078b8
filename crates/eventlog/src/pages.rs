//! A stream read page by page, oldest first.

use crate::{EventLog, Position, ReadError, Record};

/// What [`EventLog::stream_pages`] gives: the stream as it was then. It holds one page and eight bytes for each
/// record that follows.
pub struct StreamPages {
    pub(crate) log: EventLog,
    pub(crate) first: Option<Vec<Record>>,
    /// Where the records behind the first page stand, newest first.
    pub(crate) later: Vec<Position>,
    pub(crate) size: u32,
}

impl StreamPages {
    /// The next page; empty when there is no more.
    pub async fn next(&mut self) -> Result<Vec<Record>, ReadError> {
        if let Some(first) = self.first.take() {
            return Ok(first);
        }
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let mut positions = self.later.split_off(self.later.len().saturating_sub(size));
        positions.reverse();
        self.log.read_at(positions).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ActorEnvelope, AppendBatch, Envelope, Expected, NewEvent, StreamAppend, StreamName, StreamVersion,
    };
    use std::sync::{Arc, atomic::Ordering};
    use uuid::Uuid;

    const LENGTH: u64 = 5_000;

    async fn long_stream(log: &EventLog) -> StreamName {
        let stream = StreamName::parse("a-1").unwrap();
        for version in (0..LENGTH).step_by(50) {
            let expected = match version {
                0 => Expected::NoStream,
                version => Expected::Exact(StreamVersion(version)),
            };
            let event =
                NewEvent { event_type: "a.b".to_owned(), schema: 1, payload: vec![], subjects: vec![] };
            let events = vec![event; 50];
            let envelope = Envelope {
                command_id: Uuid::from_u128(version.into()),
                fingerprint: None,
                causation_id: None,
                actor: ActorEnvelope::default(),
                on_behalf_of: None,
                reason: None,
                request_id: None,
                policy_version: 1,
                privileged: false,
            };
            let streams = vec![StreamAppend { stream: stream.clone(), expected, events }];
            log.append(AppendBatch { envelope, streams }).await.unwrap();
        }
        stream
    }

    #[tokio::test]
    async fn a_long_stream_is_read_in_pages_with_at_most_two_looks_at_each_record() {
        let log = EventLog::memory(Arc::new(|| chrono::DateTime::UNIX_EPOCH));
        let stream = long_stream(&log).await;
        let EventLog::Memory(memory) = &log else { panic!("opened in memory") };
        let before = memory.shown.load(Ordering::Relaxed);
        let mut pages = log.stream_pages(&stream, StreamVersion(0), 500).await.unwrap();
        let mut read = 0;
        while let Some(last) = pages.next().await.unwrap().last() {
            read = last.version.0;
        }
        assert_eq!(read, LENGTH);
        let shown = memory.shown.load(Ordering::Relaxed) - before;
        assert!((LENGTH..=2 * LENGTH).contains(&shown), "{shown} looks");
    }
}
