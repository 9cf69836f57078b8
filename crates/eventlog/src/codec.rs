//! Encoding and decoding of records; the layout is told in [`record`](crate::record).

use crate::record::{FORMAT, HASH_BYTES, READER, RecordError};
use crate::{Position, StreamVersion};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use uuid::Uuid;

const MAGIC: &[u8; 4] = b"PREC";
/// The part stamped by the writer.
const STAMP_BYTES: usize = 4 * 8 + 2 * HASH_BYTES;

/// What is known of an event before the writer takes it; borrows from a batch or from stored bytes.
pub(crate) struct Body<'a> {
    pub(crate) format: u16,
    pub(crate) min_reader: u16,
    pub(crate) log_id: Uuid,
    pub(crate) event_id: Uuid,
    pub(crate) command_id: Uuid,
    pub(crate) batch_index: u16,
    pub(crate) batch_length: u16,
    pub(crate) schema: u16,
    pub(crate) policy_version: u32,
    pub(crate) stream: &'a str,
    pub(crate) event_type: &'a str,
    pub(crate) actor: [&'a str; 4],
    pub(crate) on_behalf_of: Option<&'a str>,
    pub(crate) reason: Option<&'a str>,
    pub(crate) fingerprint: Option<[u8; 32]>,
    pub(crate) causation_id: Option<Uuid>,
    pub(crate) request_id: Option<Uuid>,
    pub(crate) subjects: Cow<'a, [Uuid]>,
    pub(crate) payload: &'a [u8],
}

impl<'a> Body<'a> {
    /// Appends the stored form; lengths were checked when the batch was taken.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&self.format.to_be_bytes());
        out.extend_from_slice(&self.min_reader.to_be_bytes());
        for id in [self.log_id, self.event_id, self.command_id] {
            out.extend_from_slice(id.as_bytes());
        }
        for number in [self.batch_index, self.batch_length, self.schema] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        out.extend_from_slice(&self.policy_version.to_be_bytes());
        put_text(out, self.stream);
        put_text(out, self.event_type);
        self.actor.iter().for_each(|text| put_text(out, text));
        for text in [self.on_behalf_of, self.reason] {
            out.push(u8::from(text.is_some()));
            if let Some(text) = text {
                put_text(out, text);
            }
        }
        put_option(out, self.fingerprint.as_ref().map(|bytes| &bytes[..]));
        put_option(out, self.causation_id.as_ref().map(|id| &id.as_bytes()[..]));
        put_option(out, self.request_id.as_ref().map(|id| &id.as_bytes()[..]));
        out.push(u8::try_from(self.subjects.len()).unwrap_or(u8::MAX));
        self.subjects.iter().for_each(|id| out.extend_from_slice(id.as_bytes()));
        out.extend_from_slice(&u32::try_from(self.payload.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(self.payload);
    }

    /// Reads the part before the stamp.
    pub(crate) fn decode(record: &'a [u8]) -> Result<Self, RecordError> {
        let mut rest = Rest::of_body(record)?;
        let (format, min_reader) = rest.format()?;
        let body = Self {
            format,
            min_reader,
            log_id: rest.uuid("log_id")?,
            event_id: rest.uuid("event_id")?,
            command_id: rest.uuid("command_id")?,
            batch_index: rest.u16("batch_index")?,
            batch_length: rest.u16("batch_length")?,
            schema: rest.u16("schema")?,
            policy_version: u32::from_be_bytes(rest.array("policy_version")?),
            stream: rest.text("stream")?,
            event_type: rest.text("event_type")?,
            actor: [
                rest.text("actor kind")?,
                rest.text("actor id")?,
                rest.text("actor authority")?,
                rest.text("actor session")?,
            ],
            on_behalf_of: rest.option("on_behalf_of", Rest::text)?,
            reason: rest.option("reason", Rest::text)?,
            fingerprint: rest.option("fingerprint", Rest::array)?,
            causation_id: rest.option("causation_id", Rest::uuid)?,
            request_id: rest.option("request_id", Rest::uuid)?,
            subjects: rest.subjects()?,
            payload: rest.payload()?,
        };
        if rest.0.is_empty() || format > FORMAT { Ok(body) } else { Err(RecordError::Malformed("length")) }
    }
}

/// What following a log needs of a body; much cheaper to read than all of it.
pub(crate) struct Outline<'a> {
    pub(crate) log_id: Uuid,
    pub(crate) command_id: Uuid,
    pub(crate) batch_index: u16,
    pub(crate) batch_length: u16,
    pub(crate) stream: &'a [u8],
}

impl<'a> Outline<'a> {
    /// Reads the beginning of a record.
    pub(crate) fn decode(record: &'a [u8]) -> Result<Self, RecordError> {
        let mut rest = Rest::of_body(record)?;
        rest.format()?;
        let log_id = rest.uuid("log_id")?;
        rest.take(16, "event_id")?;
        let command_id = rest.uuid("command_id")?;
        let (batch_index, batch_length) = (rest.u16("batch_index")?, rest.u16("batch_length")?);
        rest.take(2 + 4, "schema and policy_version")?;
        let [length] = rest.array("stream")?;
        let stream = rest.take(usize::from(length), "stream")?;
        Ok(Self { log_id, command_id, batch_index, batch_length, stream })
    }
}

/// What the writer adds to a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) position: Position,
    pub(crate) version: StreamVersion,
    pub(crate) previous_in_stream: Position,
    pub(crate) recorded_at_ms: i64,
    pub(crate) previous_hash: [u8; 32],
    pub(crate) hash: [u8; 32],
}

impl Stamp {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        self.encode_hashed(out);
        out.extend_from_slice(&self.hash);
    }

    fn encode_hashed(&self, out: &mut Vec<u8>) {
        for number in [self.position.0, self.version.0, self.previous_in_stream.0] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        out.extend_from_slice(&self.recorded_at_ms.to_be_bytes());
        out.extend_from_slice(&self.previous_hash);
    }

    /// Appends the stored form with the hash that follows from it and from the body hashed so far.
    pub(crate) fn seal(mut self, body_hashed: &Sha256, out: &mut Vec<u8>) -> [u8; 32] {
        let start = out.len();
        self.encode_hashed(out);
        let mut hasher = body_hashed.clone();
        hasher.update(&out[start..]);
        self.hash = hasher.finalize().into();
        out.extend_from_slice(&self.hash);
        self.hash
    }

    /// Reads the end of a record.
    pub(crate) fn decode(record: &[u8]) -> Result<Self, RecordError> {
        let start = record.len().checked_sub(STAMP_BYTES).ok_or(RecordError::Short("stamp"))?;
        let mut rest = Rest(&record[start..]);
        Ok(Self {
            position: Position(rest.u64("position")?),
            version: StreamVersion(rest.u64("version")?),
            previous_in_stream: Position(rest.u64("previous_in_stream")?),
            recorded_at_ms: i64::from_be_bytes(rest.array("recorded_at")?),
            previous_hash: rest.array("previous_hash")?,
            hash: rest.array("hash")?,
        })
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(text.as_bytes());
}

fn put_option(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    out.push(u8::from(bytes.is_some()));
    out.extend_from_slice(bytes.unwrap_or_default());
}

/// The bytes not read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    /// All of a record but its stamp.
    fn of_body(record: &'a [u8]) -> Result<Self, RecordError> {
        let end = record.len().checked_sub(STAMP_BYTES).ok_or(RecordError::Short("stamp"))?;
        Ok(Self(&record[..end]))
    }

    /// Format and oldest reader, which must be one that this program is.
    fn format(&mut self) -> Result<(u16, u16), RecordError> {
        if self.array::<4>("magic")? != *MAGIC {
            return Err(RecordError::Malformed("magic"));
        }
        let (format, min_reader) = (self.u16("format")?, self.u16("min_reader")?);
        if min_reader > READER {
            return Err(RecordError::Newer { min_reader });
        }
        Ok((format, min_reader))
    }

    fn take(&mut self, count: usize, field: &'static str) -> Result<&'a [u8], RecordError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(RecordError::Short(field))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], RecordError> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(RecordError::Short(field))?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u16(&mut self, field: &'static str) -> Result<u16, RecordError> {
        self.array(field).map(u16::from_be_bytes)
    }

    fn u64(&mut self, field: &'static str) -> Result<u64, RecordError> {
        self.array(field).map(u64::from_be_bytes)
    }

    fn uuid(&mut self, field: &'static str) -> Result<Uuid, RecordError> {
        self.array(field).map(Uuid::from_bytes)
    }

    fn text(&mut self, field: &'static str) -> Result<&'a str, RecordError> {
        let [length] = self.array(field)?;
        let bytes = self.take(usize::from(length), field)?;
        std::str::from_utf8(bytes).map_err(|_| RecordError::Malformed(field))
    }

    fn option<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&mut Self, &'static str) -> Result<T, RecordError>,
    ) -> Result<Option<T>, RecordError> {
        match self.array(field)? {
            [0] => Ok(None),
            [1] => read(self, field).map(Some),
            _ => Err(RecordError::Malformed(field)),
        }
    }

    fn subjects(&mut self) -> Result<Cow<'a, [Uuid]>, RecordError> {
        let [count] = self.array("subjects")?;
        (0..count).map(|_| self.uuid("subjects")).collect::<Result<Vec<_>, _>>().map(Cow::Owned)
    }

    fn payload(&mut self) -> Result<&'a [u8], RecordError> {
        let length = u32::from_be_bytes(self.array("payload")?);
        self.take(usize::try_from(length).map_err(|_| RecordError::Malformed("payload"))?, "payload")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ActorEnvelope, Record, StreamName};
    use chrono::DateTime;
    use proptest::prelude::*;

    fn text() -> impl Strategy<Value = String> {
        "[!-~]{0,100}"
    }

    fn id() -> impl Strategy<Value = Uuid> {
        any::<u128>().prop_map(Uuid::from_u128)
    }

    prop_compose! {
        fn record()(
            ids in (id(), id(), id()),
            options in (any::<Option<[u8; 32]>>(), prop::option::of(id()), prop::option::of(id())),
            texts in (text(), text(), text(), text(), "[!-~]{1,100}"),
            optional_texts in (prop::option::of(text()), prop::option::of(text())),
            numbers in any::<(u16, u16, u16, u32, u64, u64, u64)>(),
            at_ms in -1_000_000_000_000..4_000_000_000_000_i64,
            stream in "[a-z.]{1,50}-[!-~]{1,100}",
            subjects in prop::collection::vec(id(), 0..5),
            payload in any::<Vec<u8>>(),
            hashes in any::<([u8; 32], [u8; 32])>(),
        ) -> Record {
            Record {
                format: FORMAT,
                min_reader: READER,
                log_id: ids.0,
                position: Position(numbers.4),
                stream: StreamName::parse(&stream).unwrap(),
                version: StreamVersion(numbers.5),
                previous_in_stream: Position(numbers.6),
                event_id: ids.1,
                command_id: ids.2,
                fingerprint: options.0,
                causation_id: options.1,
                batch_index: numbers.0,
                batch_length: numbers.1,
                event_type: texts.4,
                schema: numbers.2,
                recorded_at: DateTime::from_timestamp_millis(at_ms).unwrap(),
                actor: ActorEnvelope { kind: texts.0, id: texts.1, authority: texts.2, session: texts.3 },
                on_behalf_of: optional_texts.0,
                reason: optional_texts.1,
                request_id: options.2,
                policy_version: numbers.3,
                subjects,
                payload,
                previous_hash: hashes.0,
                hash: hashes.1,
            }
        }
    }

    proptest! {
        #[test]
        fn a_record_comes_back_from_its_bytes(record in record()) {
            let bytes = record.encode();
            prop_assert_eq!(&Record::decode(&bytes).unwrap(), &record);
            let outline = Outline::decode(&bytes).unwrap();
            prop_assert_eq!(outline.stream, record.stream.as_str().as_bytes());
            prop_assert_eq!((outline.log_id, outline.command_id), (record.log_id, record.command_id));
            prop_assert_eq!((outline.batch_index, outline.batch_length), (record.batch_index, record.batch_length));
        }

        #[test]
        fn a_record_cut_or_changed_never_panics(record in record(), cut in any::<usize>(), bit in any::<usize>()) {
            let mut bytes = record.encode();
            prop_assert!(Record::decode(&bytes[..cut % bytes.len()]).is_err());
            let place = bit / 8 % bytes.len();
            bytes[place] ^= 1 << (bit % 8);
            prop_assert!(Record::decode(&bytes).is_err() || Record::decode(&bytes).unwrap() != record);
        }
    }

    #[test]
    fn a_record_for_later_programs_is_told_from_a_damaged_one() {
        let mut bytes = vec![0; 300];
        bytes[..8].copy_from_slice(b"PREC\0\x02\0\x02");
        assert_eq!(Record::decode(&bytes).unwrap_err(), RecordError::Newer { min_reader: 2 });
        bytes[0] = b'p';
        assert_eq!(Record::decode(&bytes).unwrap_err(), RecordError::Malformed("magic"));
    }
}
