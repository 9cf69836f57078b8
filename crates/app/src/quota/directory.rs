//! Who is who at the door, in memory: what a call needs is found by a few look-ups in maps that readers share
//! without a lock. One task per node follows the log and publishes what has changed.

use super::{
    fold::{Fold, FoldedBadly, Issued},
    rules::{Place, Rules},
};
use crate::clock::Clock;
use chrono::{DateTime, Utc};
use domain::{
    group::GroupRef,
    ids::{DeveloperId, IntegrationId, SecretId},
    integration::TestMode,
    policy::Policy,
};
use eventlog::{EventLog, Position, ReadError, Record};
use foldhash::fast::RandomState;
use papaya::{HashMap, ResizeMode};
use quota::{Engine, Violated};
use std::{
    collections::BTreeMap, convert::Infallible, future::Future, hash::Hash, pin::pin, sync::Arc,
    time::Duration,
};
use tokio::sync::watch;
use uuid::Uuid;

/// Records read at once.
const PAGE: u32 = 1_000;
/// The log's hint may be missed; from time to time we look for ourselves.
const POLL_EVERY: Duration = Duration::from_secs(1);
/// Pause before a failed read is tried again.
const RETRY_AFTER: Duration = Duration::from_millis(200);
/// How long changed limits wait for what is leased under the old ones to go back.
const REVISE_MAX: Duration = Duration::from_secs(1);
/// Secrets that ended whose integrations are remembered; beyond that all are forgotten, and calls with them are
/// those of strangers.
const ENDED_MAX: usize = 100_000;
/// Characters of a public key.
pub(super) const KEY_CHARS: usize = 32;

pub(super) type Map<K, V> = HashMap<K, V, RandomState>;
type Key = [u8; KEY_CHARS];

/// A secret that opens the door.
#[derive(Clone, Copy)]
pub(crate) struct Credential {
    /// Whose.
    pub(crate) integration: IntegrationId,
    /// Its public key.
    pub(crate) key: Key,
    /// How calls with it are answered.
    pub(crate) mode: TestMode,
}

/// How far the directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// Nobody follows the log, not yet or not any more.
    Idle,
    /// It is being filled.
    Filling,
    /// Everything up to here is in force.
    At(Position),
}

/// The maps.
pub(crate) struct Directory {
    secrets: Map<SecretId, Credential>,
    keys: Map<Key, SecretId>,
    /// Whose secrets and keys were that open nothing any more: who shows one is refused, but no stranger.
    ended: Map<SecretId, IntegrationId>,
    ended_keys: Map<Key, IntegrationId>,
    places: Map<IntegrationId, Arc<Place>>,
    groups: Map<GroupRef, Arc<Rules>>,
    progress: watch::Sender<Progress>,
}

impl Default for Directory {
    fn default() -> Self {
        Self {
            secrets: map(),
            keys: map(),
            ended: map(),
            ended_keys: map(),
            places: map(),
            groups: map(),
            progress: watch::Sender::new(Progress::Idle),
        }
    }
}

/// A map that grows at once: one that is half-way through growing step by step answers twenty times more slowly.
pub(super) fn map<K: Hash + Eq, V>() -> Map<K, V> {
    HashMap::builder().resize_mode(ResizeMode::Blocking).hasher(RandomState::default()).build()
}

impl Directory {
    /// A live secret.
    pub(crate) fn credential(&self, secret: SecretId) -> Option<Credential> {
        self.secrets.pin().get(&secret).copied()
    }

    /// The secret of a public key.
    pub(crate) fn secret_of(&self, key: &str) -> Option<SecretId> {
        let key = Key::try_from(key.as_bytes()).ok()?;
        self.keys.pin().get(&key).copied()
    }

    /// Whose a secret is, or was.
    pub(crate) fn owner_of(&self, secret: SecretId) -> Option<IntegrationId> {
        let live = self.credential(secret).map(|credential| credential.integration);
        live.or_else(|| self.ended.pin().get(&secret).copied())
    }

    /// Whose a public key is, or was.
    pub(crate) fn owner_of_key(&self, key: &str) -> Option<IntegrationId> {
        let live = self.secret_of(key).and_then(|secret| self.owner_of(secret));
        let key = Key::try_from(key.as_bytes()).ok()?;
        live.or_else(|| self.ended_keys.pin().get(&key).copied())
    }

    /// Where an integration lives.
    pub(crate) fn place(&self, integration: IntegrationId) -> Option<Arc<Place>> {
        self.places.pin().get(&integration).cloned()
    }

    /// The rules of a group.
    pub(crate) fn rules(&self, group: GroupRef) -> Option<Arc<Rules>> {
        self.groups.pin().get(&group).cloned()
    }

    /// Owners of development groups that count in a ceiling, each with one of those groups. Looks at all groups: for
    /// rare occasions.
    pub(crate) fn owners_below(&self, of: Violated, number: u128) -> BTreeMap<DeveloperId, GroupRef> {
        let mut owners = BTreeMap::new();
        for (group, rules) in &self.groups.pin() {
            let (Some(owner), true) = (rules.ceiling(Violated::Owner), rules.ceiling(of) == Some(number))
            else {
                continue;
            };
            let one = owners.entry(DeveloperId::from_uuid(Uuid::from_u128(owner))).or_insert(*group);
            *one = (*one).min(*group);
        }
        owners
    }

    /// Whether it answers for the log as it is, a few events perhaps left out.
    pub(crate) fn is_ready(&self) -> bool {
        matches!(*self.progress.borrow(), Progress::At(_))
    }

    /// Waits until it answers for the log.
    pub(crate) async fn filled(&self) {
        let mut progress = self.progress.subscribe();
        if progress.wait_for(|progress| matches!(progress, Progress::At(_))).await.is_err() {
            tracing::trace!("the directory is gone");
        }
    }

    /// Waits until what a command recorded is in force on this node; at once when nobody follows the log.
    pub(crate) async fn applied(&self, position: Position) {
        let mut progress = self.progress.subscribe();
        let in_force = progress.wait_for(|progress| match progress {
            Progress::Idle => true,
            Progress::Filling => false,
            Progress::At(at) => *at >= position,
        });
        if in_force.await.is_err() {
            tracing::trace!("the directory is gone");
        }
    }

    /// Publishes what has changed. Returns the rules that take the place of others.
    fn publish(&self, fold: &mut Fold, policy: &Policy, now: DateTime<Utc>) -> Vec<Arc<Rules>> {
        let changed = std::mem::take(&mut fold.changed);
        let mut later = Vec::new();
        let mut moved = changed.integrations;
        for reference in &changed.groups {
            let Some(group) = fold.groups.get(reference) else { continue };
            let rules = Arc::new(Rules::of(group, fold, policy, now));
            moved.extend(&group.integrations);
            if let Some(end) = rules.end() {
                fold.will_end(end, *reference);
            }
            if self.groups.pin().insert(*reference, rules.clone()).is_some() {
                later.push(rules);
            }
        }
        for (integration, revoked) in changed.revoked {
            self.revoke(integration, &revoked);
        }
        for id in moved {
            self.publish_integration(fold, id);
        }
        later
    }

    fn revoke(&self, integration: IntegrationId, revoked: &Issued) {
        let (ended, ended_keys) = (self.ended.pin(), self.ended_keys.pin());
        if ended.len() >= ENDED_MAX {
            ended.clear();
            ended_keys.clear();
        }
        ended.insert(revoked.secret, integration);
        self.secrets.pin().remove(&revoked.secret);
        if let Ok(key) = Key::try_from(revoked.key.as_bytes()) {
            ended_keys.insert(key, integration);
            self.keys.pin().remove(&key);
        }
    }

    fn publish_integration(&self, fold: &Fold, id: IntegrationId) {
        let Some(integration) = fold.integrations.get(&id) else { return };
        if let Some(rules) = self.rules(integration.group) {
            self.places.pin().insert(id, Arc::new(Place::new(id, rules, &integration.sites)));
        }
        for issued in &integration.secrets {
            let Ok(key) = Key::try_from(issued.key.as_bytes()) else { continue };
            self.secrets.pin().insert(issued.secret, Credential { integration: id, key, mode: issued.mode });
            self.keys.pin().insert(key, issued.secret);
        }
    }
}

/// Why the directory has stopped. The door stays shut from then on: what it knows may be out of date.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The log can't be read.
    #[error("the log cannot be read")]
    Log(#[from] ReadError),
    /// An event can't be taken in.
    #[error("event {event_type} at position {} cannot be taken in", position.0)]
    Event {
        /// Where it stands.
        position: Position,
        /// Its stored type.
        event_type: String,
        /// What is wrong.
        #[source]
        source: FoldedBadly,
    },
}

/// Follows the log. One per node.
pub struct Follower {
    pub(super) log: EventLog,
    pub(super) directory: Arc<Directory>,
    pub(super) engine: Engine,
    pub(super) clock: Clock,
    pub(super) policy: Policy,
}

impl Follower {
    /// Fills the directory and keeps it up to date until told to stop.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), DirectoryError> {
        let directory = self.directory.clone();
        directory.progress.send_replace(Progress::Filling);
        let mut shutdown = pin!(shutdown);
        let ended = tokio::select! {
            () = &mut shutdown => Ok(()),
            Err(error) = self.follow() => Err(error),
        };
        directory.progress.send_replace(Progress::Idle);
        ended
    }

    async fn follow(&self) -> Result<Infallible, DirectoryError> {
        let mut head = self.log.watch();
        let mut fold = Fold::default();
        let mut at = Position(0);
        let filled = self.log.head().position;
        loop {
            let more = self.take_in(&mut fold, &mut at).await?;
            if at >= filled {
                self.put_in_force(&mut fold).await;
                self.directory.progress.send_replace(Progress::At(at));
            }
            if more {
                continue;
            }
            // What should have ended by the clock on the wall, and has not, ends by the machine's: it is looked at
            // again with the next poll.
            let end = fold.next_end().filter(|end| *end > self.clock.now());
            let by_itself = async {
                match end {
                    Some(end) => self.clock.wait_until(end).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = by_itself => {}
                changed = head.changed() => if changed.is_err() { std::future::pending().await },
                () = tokio::time::sleep(POLL_EVERY) => {}
            }
        }
    }

    /// Takes the next page in. Whether there may be more.
    async fn take_in(&self, fold: &mut Fold, at: &mut Position) -> Result<bool, DirectoryError> {
        let page = self.page_after(*at).await?;
        for record in &page {
            fold.apply(record).map_err(|source| DirectoryError::Event {
                position: record.position,
                event_type: record.event_type.clone(),
                source,
            })?;
            *at = record.position;
        }
        Ok(page.len() == PAGE as usize)
    }

    /// The next page, however long reading does not work.
    async fn page_after(&self, at: Position) -> Result<Vec<Record>, DirectoryError> {
        loop {
            match self.log.read_all(at, PAGE).await {
                Ok(page) => return Ok(page),
                Err(error @ (ReadError::Corrupt { .. } | ReadError::OtherHistory { .. })) => {
                    return Err(error.into());
                }
                Err(error @ ReadError::Store(_)) => {
                    // What is known may be out of date by the time reading works again.
                    self.directory.progress.send_replace(Progress::Filling);
                    tracing::warn!(%error, "the directory of the door stands still; it is tried again");
                    tokio::time::sleep(RETRY_AFTER).await;
                }
            }
        }
    }

    /// The time that calls count by: a clock that somebody sets ends nothing.
    fn effective(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.engine.now_ms()).unwrap_or_else(|| self.clock.now())
    }

    async fn put_in_force(&self, fold: &mut Fold) {
        let now = self.effective();
        fold.pass(now);
        let later = self.directory.publish(fold, &self.policy, now);
        let stale: Vec<_> = later.iter().flat_map(|rules| rules.stale(&self.engine)).collect();
        let revised = stale.iter().map(|(key, chain)| self.engine.revise(*key, chain));
        let all = futures_util::future::join_all(revised);
        if tokio::time::timeout(REVISE_MAX, all).await.is_err() {
            tracing::warn!("what is leased under older limits has not gone back in time");
        }
    }
}
