//! Sealing of personal fields. Each subject has a key of its own, kept in side state under a wrapping key
//! of the keyring; destroying that key erases the subject from log, read model and back-ups at once.

use crate::{
    aead::{NONCE_BYTES, decrypt, encrypt, framed},
    clock::Clock,
    ids::Ids,
    keyring::{BoundKeys, KEY_BYTES, Key},
    secret::Secret,
    side_state::{SideState, SideStateError, StoredSubjectKey},
};
use domain::{ids::SubjectId, sealed::Sealed};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use zeroize::Zeroizing;

const CACHED_KEYS_MAX: usize = 10_000;
/// A subject has one key; the number stands in each sealed field for the day it gets another.
const GENERATION: u32 = 1;
const REWRAP_BATCH: u32 = 500;

/// Which personal field; bound to its ciphertext, so that one can't be put in the place of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// Address by which a developer or a member of staff signs in.
    Email,
    /// Name of a person.
    Name,
    /// Contact mailbox of a production account.
    Contact,
    /// Why a vendor asks for limits.
    Justification,
    /// What staff write to a vendor.
    Note,
}

impl Field {
    /// Part of what is authenticated; never changes.
    fn label(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Name => "name",
            Self::Contact => "contact",
            Self::Justification => "justification",
            Self::Note => "note",
        }
    }
}

/// A personal field that was opened. Without `Debug` and `Display`: it must not slip into a log.
#[derive(Clone, PartialEq, Eq)]
pub enum Opened {
    /// The clear text.
    Clear(Zeroizing<String>),
    /// The subject's key was destroyed.
    Erased,
}

impl Opened {
    /// What people are shown: the clear text or `[erased]`.
    pub fn shown(&self) -> &str {
        match self {
            Self::Clear(text) => text,
            Self::Erased => "[erased]",
        }
    }
}

/// Why sealing or opening failed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// A subject has no key although something is sealed under it: side state is not the one that belongs
    /// to this log, or lost rows. Nothing may go on.
    #[error("the key of {subject} is missing")]
    MissingKey {
        /// Whose.
        subject: SubjectId,
    },
    /// The keyring lacks a wrapping key that is in use. Nothing may go on.
    #[error("wrapping key {generation} is missing from the keyring")]
    MissingWrappingKey {
        /// Which.
        generation: u32,
    },
    /// The ciphertext is not of this subject and field, or it was changed. What needs this field fails;
    /// everything else is sound.
    #[error("a sealed field of {subject} does not open with its key")]
    Damaged {
        /// Whose.
        subject: SubjectId,
    },
    /// The subject was erased; nothing more is sealed for it.
    #[error("the subject was erased")]
    Erased,
    /// Side state failed.
    #[error("the keys cannot be read")]
    Side(#[from] SideStateError),
}

impl SealError {
    /// Whether the process must stop: what it would go on with is wrong.
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::MissingKey { .. } | Self::MissingWrappingKey { .. } => true,
            Self::Damaged { .. } | Self::Erased | Self::Side(_) => false,
        }
    }
}

/// Seals and opens personal fields. Cheap to clone.
#[derive(Clone)]
pub struct Sealer {
    side: SideState,
    keys: BoundKeys,
    ids: Ids,
    clock: Clock,
    cache: Arc<Mutex<Cache>>,
}

/// Unwrapped keys. `erasures` tells a reader that a key it fetched may have been destroyed meanwhile.
#[derive(Default)]
struct Cache {
    keys: HashMap<(SubjectId, u32), Arc<Key>>,
    erasures: u64,
}

enum SubjectKey {
    Present(Arc<Key>),
    Destroyed,
}

impl Sealer {
    /// Seals with keys of this side state.
    pub fn new(side: SideState, keys: BoundKeys, ids: Ids, clock: Clock) -> Self {
        Self { side, keys, ids, clock, cache: Arc::default() }
    }

    /// Gives a subject its key; durable when Ok. A subject that has one keeps it, so that a replayed
    /// command changes nothing.
    pub async fn new_subject(&self, subject: SubjectId) -> Result<(), SealError> {
        let key: Key = Secret::new(self.ids.bytes());
        let stored = self.wrap(subject, GENERATION, &key);
        Ok(self.side.insert_subject_key(subject, &stored).await?)
    }

    /// Seals a field under the subject's newest key.
    pub async fn seal(&self, subject: SubjectId, field: Field, clear: &str) -> Result<Sealed, SealError> {
        let SubjectKey::Present(key) = self.key(subject, GENERATION).await? else {
            return Err(SealError::Erased);
        };
        let nonce: [u8; NONCE_BYTES] = self.ids.bytes();
        let ciphertext = encrypt(&key, &nonce, &associated(subject, field), clear.as_bytes());
        Ok(Sealed { subject, key_generation: GENERATION, nonce: nonce.to_vec(), ciphertext })
    }

    /// Opens a field.
    pub async fn open(&self, sealed: &Sealed, field: Field) -> Result<Opened, SealError> {
        let subject = sealed.subject;
        let SubjectKey::Present(key) = self.key(subject, sealed.key_generation).await? else {
            return Ok(Opened::Erased);
        };
        let damaged = || SealError::Damaged { subject };
        let nonce = <[u8; NONCE_BYTES]>::try_from(sealed.nonce.as_slice()).map_err(|_| damaged())?;
        let clear =
            decrypt(&key, &nonce, &associated(subject, field), &sealed.ciphertext).ok_or_else(damaged)?;
        let text = std::str::from_utf8(&clear).map_err(|_| damaged())?;
        Ok(Opened::Clear(Zeroizing::new(text.to_owned())))
    }

    /// Destroys the subject's keys; nothing sealed under them can be read ever after. Once more does no
    /// harm. Still to be done by the caller: the event, and what was derived in clear.
    pub async fn erase(&self, subject: SubjectId) -> Result<(), SealError> {
        let destroyed = self.side.destroy_subject_keys(subject, self.clock.now()).await;
        let mut cache = self.cache();
        cache.erasures += 1;
        cache.keys.retain(|(of, _), _| *of != subject);
        Ok(destroyed?)
    }

    /// Wraps every subject key with the newest wrapping key, so that older generations may leave the
    /// keyring. Returns how many were wrapped anew.
    pub async fn rewrap(&self) -> Result<u64, SealError> {
        let (newest, _) = self.keys.newest_wrapping();
        let mut rewrapped = 0;
        loop {
            let batch = self.side.keys_wrapped_before(newest, REWRAP_BATCH).await?;
            if batch.is_empty() {
                return Ok(rewrapped);
            }
            for (subject, stored) in batch {
                let Some(key) = self.unwrap(subject, &stored)? else { continue };
                let anew = self.wrap(subject, stored.generation, &key);
                self.side.rewrap_subject_key(subject, &anew).await?;
                rewrapped += 1;
            }
        }
    }

    /// A subject's key, from the cache or from side state. What is read is kept, unless an erasure came
    /// between.
    async fn key(&self, subject: SubjectId, generation: u32) -> Result<SubjectKey, SealError> {
        let erasures = {
            let cache = self.cache();
            if let Some(key) = cache.keys.get(&(subject, generation)) {
                return Ok(SubjectKey::Present(Arc::clone(key)));
            }
            cache.erasures
        };
        let stored = self.side.subject_key(subject, generation).await?;
        let stored = stored.ok_or(SealError::MissingKey { subject })?;
        let Some(key) = self.unwrap(subject, &stored)? else { return Ok(SubjectKey::Destroyed) };
        let key = Arc::new(key);
        let mut cache = self.cache();
        if cache.erasures == erasures {
            if cache.keys.len() >= CACHED_KEYS_MAX {
                // Starting over is as good as any order of eviction here, and needs none to be kept.
                cache.keys.clear();
            }
            cache.keys.insert((subject, generation), Arc::clone(&key));
        }
        Ok(SubjectKey::Present(key))
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wrap(&self, subject: SubjectId, generation: u32, key: &Key) -> StoredSubjectKey {
        let (wrapping_generation, wrapping) = self.keys.newest_wrapping();
        let nonce: [u8; NONCE_BYTES] = self.ids.bytes();
        let sealed = encrypt(wrapping, &nonce, &key_associated(subject, generation), key.reveal());
        let wrapped = Some([nonce.as_slice(), &sealed].concat());
        StoredSubjectKey { generation, wrapped, wrapping_generation }
    }

    fn unwrap(&self, subject: SubjectId, stored: &StoredSubjectKey) -> Result<Option<Key>, SealError> {
        let Some(wrapped) = &stored.wrapped else { return Ok(None) };
        let generation = stored.wrapping_generation;
        let wrapping = self.keys.wrapping(generation).ok_or(SealError::MissingWrappingKey { generation })?;
        let key = wrapped.split_first_chunk::<NONCE_BYTES>().and_then(|(nonce, sealed)| {
            decrypt(wrapping, nonce, &key_associated(subject, stored.generation), sealed)
        });
        let key = key.and_then(|key| <[u8; KEY_BYTES]>::try_from(key.as_slice()).ok());
        key.map(|key| Some(Secret::new(key))).ok_or(SealError::Damaged { subject })
    }
}

fn associated(subject: SubjectId, field: Field) -> Vec<u8> {
    framed(&[b"devportal/1", subject.uuid().as_bytes(), field.label().as_bytes()])
}

fn key_associated(subject: SubjectId, generation: u32) -> Vec<u8> {
    framed(&[b"devportal/1", b"subject key", subject.uuid().as_bytes(), &generation.to_be_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::Keyring;
    use chrono::DateTime;
    use uuid::Uuid;

    struct Bench {
        dir: tempfile::TempDir,
        ids: Ids,
        keyring: Keyring,
        sealer: Sealer,
    }

    async fn bench() -> Bench {
        let dir = tempfile::tempdir().unwrap();
        let ids = Ids::seeded(1);
        let keyring = Keyring::generate(&ids);
        let sealer = sealer(&dir, &keyring, &ids).await;
        Bench { dir, ids, keyring, sealer }
    }

    async fn sealer(dir: &tempfile::TempDir, keyring: &Keyring, ids: &Ids) -> Sealer {
        let log_id = Uuid::from_u128(1);
        let side = SideState::open(crate::side_state::Place::File(&dir.path().join("state.sqlite")), log_id)
            .await
            .unwrap();
        let (clock, _) = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        Sealer::new(side, keyring.bind(log_id), ids.clone(), clock)
    }

    async fn subject(bench: &Bench) -> SubjectId {
        let subject = SubjectId::from_uuid(bench.ids.v4());
        bench.sealer.new_subject(subject).await.unwrap();
        subject
    }

    #[tokio::test]
    async fn what_was_sealed_opens_also_after_a_restart() {
        let bench = bench().await;
        let subject = subject(&bench).await;
        let sealed = bench.sealer.seal(subject, Field::Name, "Ada Lovelace").await.unwrap();
        assert!(!sealed.ciphertext.windows(3).any(|three| three == b"Ada"));
        let restarted = sealer(&bench.dir, &bench.keyring, &bench.ids).await;
        for sealer in [&bench.sealer, &restarted] {
            assert_eq!(sealer.open(&sealed, Field::Name).await.unwrap().shown(), "Ada Lovelace");
        }
        restarted.new_subject(subject).await.unwrap();
        assert_eq!(restarted.open(&sealed, Field::Name).await.unwrap().shown(), "Ada Lovelace");
        let again = bench.sealer.seal(subject, Field::Name, "Ada Lovelace").await.unwrap();
        assert_ne!(again.ciphertext, sealed.ciphertext);
    }

    #[tokio::test]
    async fn a_field_opens_for_no_other_subject_and_no_other_field() {
        let bench = bench().await;
        let (one, other) = (subject(&bench).await, subject(&bench).await);
        let sealed = bench.sealer.seal(one, Field::Email, "ada@example.com").await.unwrap();
        let moved = Sealed { subject: other, ..sealed.clone() };
        let mut changed = sealed.clone();
        changed.ciphertext[0] ^= 1;
        let short = Sealed { nonce: vec![0; 12], ..sealed.clone() };
        for (sealed, field) in
            [(&moved, Field::Email), (&sealed, Field::Name), (&changed, Field::Email), (&short, Field::Email)]
        {
            let error = bench.sealer.open(sealed, field).await.err().unwrap();
            assert!(matches!(error, SealError::Damaged { .. }) && !error.is_fatal());
        }
    }

    #[tokio::test]
    async fn an_erased_subject_reads_erased_everywhere_and_takes_nothing_new() {
        let bench = bench().await;
        let (gone, stays) = (subject(&bench).await, subject(&bench).await);
        let sealed = bench.sealer.seal(gone, Field::Email, "ada@example.com").await.unwrap();
        let kept = bench.sealer.seal(stays, Field::Email, "bob@example.com").await.unwrap();
        let key_file = bench.dir.path().join("state.sqlite");
        let wrapped =
            bench.sealer.side.subject_key(gone, GENERATION).await.unwrap().unwrap().wrapped.unwrap();
        let on_disk = || {
            let files = [key_file.clone(), key_file.with_extension("sqlite-wal")];
            let holds = |bytes: Vec<u8>| bytes.windows(wrapped.len()).any(|part| part == wrapped);
            files.into_iter().any(|file| holds(std::fs::read(file).unwrap()))
        };
        assert!(on_disk());
        bench.sealer.erase(gone).await.unwrap();
        bench.sealer.erase(gone).await.unwrap();
        assert!(!on_disk());
        assert_eq!(bench.sealer.open(&sealed, Field::Email).await.unwrap().shown(), "[erased]");
        let error = bench.sealer.seal(gone, Field::Email, "ada@example.com").await.err().unwrap();
        assert!(matches!(error, SealError::Erased) && !error.is_fatal());
        assert_eq!(bench.sealer.open(&kept, Field::Email).await.unwrap().shown(), "bob@example.com");
        // A replayed command does not bring the key back.
        bench.sealer.new_subject(gone).await.unwrap();
        assert_eq!(bench.sealer.open(&sealed, Field::Email).await.unwrap().shown(), "[erased]");
    }

    #[tokio::test]
    async fn a_missing_key_is_not_an_erased_one() {
        let bench = bench().await;
        let sealed = {
            let subject = subject(&bench).await;
            bench.sealer.seal(subject, Field::Email, "ada@example.com").await.unwrap()
        };
        let elsewhere = tempfile::tempdir().unwrap();
        let other = sealer(&elsewhere, &bench.keyring, &bench.ids).await;
        let error = other.open(&sealed, Field::Email).await.err().unwrap();
        assert!(matches!(error, SealError::MissingKey { .. }) && error.is_fatal());
        let error = other.seal(sealed.subject, Field::Email, "x").await.err().unwrap();
        assert!(matches!(error, SealError::MissingKey { .. }));
    }

    #[tokio::test]
    async fn rewrapping_frees_the_keyring_of_an_older_generation() {
        let mut bench = bench().await;
        let subject = subject(&bench).await;
        let sealed = bench.sealer.seal(subject, Field::Name, "Ada").await.unwrap();
        let old = bench.keyring.bind(Uuid::from_u128(1));
        bench.keyring.add_generation(&bench.ids);
        let rotated = sealer(&bench.dir, &bench.keyring, &bench.ids).await;
        assert_eq!(rotated.open(&sealed, Field::Name).await.unwrap().shown(), "Ada");
        assert_eq!(rotated.rewrap().await.unwrap(), 1);
        assert_eq!(rotated.rewrap().await.unwrap(), 0);
        let fresh = sealer(&bench.dir, &bench.keyring, &bench.ids).await;
        assert_eq!(fresh.open(&sealed, Field::Name).await.unwrap().shown(), "Ada");
        let behind = Sealer { keys: old, cache: Arc::default(), ..fresh };
        let error = behind.open(&sealed, Field::Name).await.err().unwrap();
        assert!(matches!(error, SealError::MissingWrappingKey { generation: 2 }) && error.is_fatal());
    }
}
