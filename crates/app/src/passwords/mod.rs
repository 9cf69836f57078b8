//! Passwords: argon2id (RFC 9106) with 19 MiB, two passes, one lane, on a small pool of threads of its own
//! behind a bounded queue, so that a flood of sign-ins costs neither memory nor other requests' time.

mod rule;

use crate::{ids::Ids, secret::Secret};
use argon2::{Algorithm, Argon2, Block, Params, Version, password_hash::phc::PasswordHash};
use data_encoding::BASE64_NOPAD;
use std::{
    hint::black_box,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
};
use subtle::ConstantTimeEq as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

pub use rule::{PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, PasswordRule, check_password};

/// Waiting for a thread, or at one, at once; one more is told to come back.
const QUEUE_MAX: usize = 64;
const HASH_BYTES: usize = 32;
const SALT_BYTES: usize = 16;
/// OWASP's least, and the crate's default.
const M_COST_KIB: u32 = 19 * 1024;
const T_COST: u32 = 2;
const P_COST: u32 = 1;
/// A stored hash asking for more than this is damaged: it would be a way to exhaust the machine.
const M_COST_KIB_MAX: u32 = 64 * 1024;
const T_COST_MAX: u32 = 10;

/// Why a password was neither hashed nor compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// The queue is full.
    #[error("too many passwords wait to be hashed")]
    Busy,
    /// The pool has ended.
    #[error("the password pool has ended")]
    Closed,
    /// The stored hash is none of ours.
    #[error("a stored password hash is malformed")]
    Malformed,
}

/// The outcome of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// It is the password.
    pub matches: bool,
    /// The hash was made with other parameters than today's; hash the password anew.
    pub needs_rehash: bool,
}

/// The pool. Cheap to clone; its threads end with the last clone.
#[derive(Clone)]
pub struct Passwords {
    queue: SyncSender<Job>,
    places: Arc<Semaphore>,
    ids: Ids,
}

/// A place in the queue, taken before the asker is charged with anything.
pub struct Place {
    _held: OwnedSemaphorePermit,
}

enum Job {
    Hash { password: Secret<String>, salt: [u8; SALT_BYTES], reply: Reply<Secret<String>> },
    Verify { password: Secret<String>, phc: Secret<String>, reply: Reply<Verified> },
}

type Reply<T> = oneshot::Sender<Result<T, PasswordError>>;

impl Passwords {
    /// Starts `threads` threads (at least one), each with 19 MiB once it has worked.
    pub fn start(threads: usize, ids: Ids) -> std::io::Result<Self> {
        let (queue, jobs) = sync_channel(QUEUE_MAX);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..threads.max(1) {
            let jobs = Arc::clone(&jobs);
            thread::Builder::new().name(format!("password-{number}")).spawn(move || work(&jobs))?;
        }
        Ok(Self { queue, places: Arc::new(Semaphore::new(QUEUE_MAX)), ids })
    }

    /// Takes a place in the queue. [`PasswordError::Busy`] when there is none.
    pub fn place(&self) -> Result<Place, PasswordError> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        place.map(|held| Place { _held: held }).map_err(|_| PasswordError::Busy)
    }

    /// Hashes a password with a new salt; a PHC string.
    pub async fn hash(&self, password: Secret<String>) -> Result<Secret<String>, PasswordError> {
        self.hash_at(self.place()?, password).await
    }

    async fn hash_at(&self, place: Place, password: Secret<String>) -> Result<Secret<String>, PasswordError> {
        let salt = self.ids.bytes();
        self.ask(place, |reply| Job::Hash { password, salt, reply }).await
    }

    /// Compares a password with a stored hash.
    pub async fn verify(
        &self,
        place: Place,
        password: Secret<String>,
        phc: Secret<String>,
    ) -> Result<Verified, PasswordError> {
        self.ask(place, |reply| Job::Verify { password, phc, reply }).await
    }

    /// Does the work of a comparison where there is nothing to compare with, so that unknown addresses take
    /// as long as known ones.
    pub async fn verify_dummy(&self, place: Place, password: Secret<String>) -> Result<(), PasswordError> {
        black_box(self.hash_at(place, password).await?);
        Ok(())
    }

    async fn ask<T>(&self, place: Place, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, PasswordError> {
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(job(reply)).map_err(|error| match error {
            TrySendError::Full(_) => PasswordError::Busy,
            TrySendError::Disconnected(_) => PasswordError::Closed,
        })?;
        let answered = answer.await;
        drop(place);
        answered.map_err(|_| PasswordError::Closed)?
    }
}

/// One thread: takes jobs until the pool is dropped. Memory is kept between jobs.
fn work(jobs: &Mutex<Receiver<Job>>) {
    let mut memory = Vec::new();
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        // A reply nobody waits for any more is dropped: the asker has gone.
        let answered = match job {
            Ok(Job::Hash { password, salt, reply }) => {
                reply.send(hash_blocking(&password, salt, &mut memory)).is_ok()
            }
            Ok(Job::Verify { password, phc, reply }) => {
                reply.send(verify_blocking(&password, &phc, &mut memory)).is_ok()
            }
            Err(_) => return,
        };
        if !answered {
            tracing::debug!("a password was hashed for a caller that had gone");
        }
    }
}

fn hash_blocking(
    password: &Secret<String>,
    salt: [u8; SALT_BYTES],
    memory: &mut Vec<Block>,
) -> Result<Secret<String>, PasswordError> {
    let hash = derive(password, &salt, todays_params()?, memory)?;
    let (salt, hash) = (BASE64_NOPAD.encode(&salt), BASE64_NOPAD.encode(hash.as_slice()));
    let version = u32::from(Version::V0x13);
    Ok(Secret::new(format!("$argon2id$v={version}$m={M_COST_KIB},t={T_COST},p={P_COST}${salt}${hash}")))
}

fn verify_blocking(
    password: &Secret<String>,
    phc: &Secret<String>,
    memory: &mut Vec<Block>,
) -> Result<Verified, PasswordError> {
    let stored = PasswordHash::new(phc.reveal()).map_err(|_| PasswordError::Malformed)?;
    let params = Params::try_from(&stored).map_err(|_| PasswordError::Malformed)?;
    let (Some(salt), Some(expected)) = (stored.salt, stored.hash) else {
        return Err(PasswordError::Malformed);
    };
    let is_ours = stored.algorithm.as_str() == Algorithm::Argon2id.as_str()
        && stored.version == Some(Version::V0x13.into())
        && expected.len() == HASH_BYTES
        && params.m_cost() <= M_COST_KIB_MAX
        && params.t_cost() <= T_COST_MAX
        && params.p_cost() == P_COST;
    if !is_ours {
        return Err(PasswordError::Malformed);
    }
    let needs_rehash = (params.m_cost(), params.t_cost()) != (M_COST_KIB, T_COST);
    let hash = derive(password, salt.as_ref(), params, memory)?;
    Ok(Verified { matches: hash.as_slice().ct_eq(expected.as_bytes()).into(), needs_rehash })
}

/// One spelling for one password, whatever keyboard typed it: NFKC, as NIST SP 800-63B 3.1.1.2 asks.
fn derive(
    password: &Secret<String>,
    salt: &[u8],
    params: Params,
    memory: &mut Vec<Block>,
) -> Result<Zeroizing<[u8; HASH_BYTES]>, PasswordError> {
    let password: Zeroizing<String> = Zeroizing::new(password.reveal().nfkc().collect());
    memory.resize(params.block_count(), Block::new());
    let mut hash = Zeroizing::new([0; HASH_BYTES]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(password.as_bytes(), salt, hash.as_mut_slice(), memory)
        .map_err(|_| PasswordError::Malformed)?;
    Ok(hash)
}

fn todays_params() -> Result<Params, PasswordError> {
    Params::new(M_COST_KIB, T_COST, P_COST, Some(HASH_BYTES)).map_err(|_| PasswordError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_verifies_against_its_hash_only() {
        let pool = Passwords::start(2, Ids::seeded(1)).unwrap();
        let phc = pool.hash(secret("correct horse battery")).await.unwrap();
        assert!(phc.reveal().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", phc.reveal());
        let right =
            pool.verify(pool.place().unwrap(), secret("correct horse battery"), phc.clone()).await.unwrap();
        assert_eq!(right, Verified { matches: true, needs_rehash: false });
        let wrong =
            pool.verify(pool.place().unwrap(), secret("correct horse batterz"), phc.clone()).await.unwrap();
        assert!(!wrong.matches);
        let again = pool.hash(secret("correct horse battery")).await.unwrap();
        assert_ne!(again.reveal(), phc.reveal());
        pool.verify_dummy(pool.place().unwrap(), secret("whatever it is")).await.unwrap();
    }

    #[tokio::test]
    async fn one_password_has_one_spelling() {
        let pool = Passwords::start(1, Ids::seeded(1)).unwrap();
        let composed = pool.hash(secret("Z\u{fc}rich am See")).await.unwrap();
        assert!(
            pool.verify(pool.place().unwrap(), secret("Zu\u{308}rich am See"), composed)
                .await
                .unwrap()
                .matches
        );
    }

    #[tokio::test]
    async fn a_hash_with_other_parameters_verifies_and_is_to_be_made_anew() {
        let pool = Passwords::start(1, Ids::seeded(1)).unwrap();
        let params = Params::new(8 * 1024, 1, 1, Some(HASH_BYTES)).unwrap();
        let hash = derive(&secret("an older password"), &[5; 16], params, &mut Vec::new()).unwrap();
        let phc = format!(
            "$argon2id$v=19$m=8192,t=1,p=1${}${}",
            BASE64_NOPAD.encode(&[5; 16]),
            BASE64_NOPAD.encode(hash.as_slice())
        );
        let verified =
            pool.verify(pool.place().unwrap(), secret("an older password"), Secret::new(phc)).await.unwrap();
        assert_eq!(verified, Verified { matches: true, needs_rehash: true });
    }

    #[tokio::test]
    async fn a_stored_hash_cannot_ask_for_more_than_the_machine_has() {
        let pool = Passwords::start(1, Ids::seeded(1)).unwrap();
        let rest = "$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        for beginning in [
            "$argon2id$v=19$m=4194304,t=2,p=1",
            "$argon2id$v=19$m=19456,t=1000,p=1",
            "$argon2id$v=19$m=19456,t=2,p=64",
            "$argon2i$v=19$m=19456,t=2,p=1",
            "$argon2id$v=16$m=19456,t=2,p=1",
        ] {
            let outcome = pool
                .verify(pool.place().unwrap(), secret("x"), Secret::new(format!("{beginning}{rest}")))
                .await;
            assert_eq!(outcome, Err(PasswordError::Malformed), "{beginning}");
        }
        assert_eq!(
            pool.verify(pool.place().unwrap(), secret("x"), secret("nonsense")).await,
            Err(PasswordError::Malformed)
        );
    }

    #[tokio::test]
    async fn what_the_queue_cannot_hold_is_refused_at_once() {
        // No thread takes from this queue, so nothing leaves it.
        let (queue, _jobs) = sync_channel(1);
        let pool = Passwords { queue, places: Arc::new(Semaphore::new(1)), ids: Ids::seeded(1) };
        let waiting = tokio::spawn({
            let pool = pool.clone();
            async move { pool.hash(secret("first in line")).await }
        });
        tokio::task::yield_now().await;
        assert_eq!(pool.place().err(), Some(PasswordError::Busy));
        waiting.abort();
    }
}
