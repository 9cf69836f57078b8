//! Histories: a log filled by gestures whose facts are checked by the aggregates' own folds.

use super::facts::{approved, contact, created, reached, review_started, sealed, submitted};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Decider,
    allowance::{self, Allowance},
    claim,
    decider::StoredEvent,
    developer::{self, Developer, Role},
    devgroup::{self, DevGroup},
    gateway,
    group::GroupRef,
    ids::{
        CredentialId, DevGroupId, DeveloperId, IntegrationId, IntentId, ProdAccountId, ProdGroupId, SecretId,
        SubjectId,
    },
    integration::{self, Integration, facts::Facts},
    mail,
    policy::Policy,
    prodaccount::{self, ProdAccount},
    prodgroup::{self, ProdGroup},
    roster,
    sealed::Fingerprint,
    staff::{self, Staff, StaffRole},
    usagewatch::{self, UsageWatch},
};
use eventlog::{
    ActorEnvelope, AppendBatch, Envelope, EventLog, Expected, NewEvent, Position, Record, StreamAppend,
    StreamName, StreamVersion,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};
use tempfile::TempDir;
use uuid::Uuid;

/// A log with what happened so far.
pub(super) struct Portal {
    pub(super) log: EventLog,
    clock: Arc<AtomicI64>,
    last_id: u128,
    pub(super) developers: Vec<DeveloperId>,
    pub(super) groups: Vec<DevGroupId>,
    pub(super) integrations: Vec<(IntegrationId, GroupRef)>,
    pub(super) accounts: Vec<ProdAccountId>,
    epochs: BTreeMap<ProdAccountId, u32>,
    pub(super) prod_groups: Vec<ProdGroupId>,
    folder: TempDir,
}

impl Portal {
    pub(super) fn new() -> Self {
        let clock = Arc::new(AtomicI64::new(1_760_000_000_000));
        let now = Arc::clone(&clock);
        let log = EventLog::memory(Arc::new(move || {
            DateTime::from_timestamp_millis(now.fetch_add(1, Ordering::Relaxed)).unwrap()
        }));
        Self {
            log,
            clock,
            last_id: 0,
            developers: Vec::new(),
            groups: Vec::new(),
            integrations: Vec::new(),
            accounts: Vec::new(),
            epochs: BTreeMap::new(),
            prod_groups: Vec::new(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.clock.load(Ordering::Relaxed)).unwrap()
    }

    /// A folder for a read model, by name.
    pub(super) fn folder(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) async fn records(&self) -> Vec<Record> {
        self.log.read_all(Position(0), u32::MAX).await.unwrap()
    }

    pub(super) fn stored_types() -> BTreeSet<String> {
        [
            developer::Event::stored_types(),
            devgroup::Event::stored_types(),
            prodaccount::Event::stored_types(),
            prodgroup::Event::stored_types(),
            integration::Event::stored_types(),
            staff::Event::stored_types(),
            gateway::Event::stored_types(),
            roster::Event::stored_types(),
            allowance::Event::stored_types(),
            usagewatch::Event::stored_types(),
            mail::Event::stored_types(),
            claim::Event::stored_types(),
        ]
        .into_iter()
        .flatten()
        .map(|(stored_type, _)| (*stored_type).to_owned())
        .collect()
    }

    pub(super) fn id(&mut self) -> Uuid {
        self.last_id += 1;
        Uuid::from_u128(self.last_id)
    }

    /// Facts of an aggregate, when they can follow what its stream holds.
    pub(super) async fn facts<D: Decider>(&self, id: Uuid, events: Vec<D::Event>) -> Option<StreamAppend> {
        let stream = StreamName::parse(&format!("{}-{}", D::CATEGORY, id.hyphenated())).unwrap();
        let mut state = D::default();
        let before = self.log.read_stream(&stream, StreamVersion(0), u32::MAX).await.unwrap();
        for record in &before {
            let event = D::Event::decode(&record.event_type, record.schema, &record.payload).unwrap();
            state = state.evolve(&event).unwrap();
        }
        for event in &events {
            state = state.evolve(event).ok()?;
        }
        let version = StreamVersion(before.len() as u64);
        Some(append(stream, version, &events))
    }

    async fn loose<E: StoredEvent>(&self, stream: &str, events: &[E]) -> StreamAppend {
        let stream = StreamName::parse(stream).unwrap();
        let version = self.log.stream_version(&stream).await.unwrap();
        append(stream, version, events)
    }

    /// Appends what could follow; false when something could not.
    pub(super) async fn record(
        &mut self,
        by: Option<DeveloperId>,
        streams: impl IntoIterator<Item = Option<StreamAppend>>,
    ) -> bool {
        let Some(streams) = streams.into_iter().collect::<Option<Vec<_>>>() else { return false };
        let actor = by.map_or_else(
            || ActorEnvelope { kind: "system".to_owned(), ..ActorEnvelope::default() },
            |id| ActorEnvelope {
                kind: "developer".to_owned(),
                id: id.to_string(),
                ..ActorEnvelope::default()
            },
        );
        let envelope = Envelope {
            command_id: self.id(),
            fingerprint: None,
            causation_id: None,
            actor,
            on_behalf_of: None,
            reason: None,
            request_id: None,
            policy_version: 1,
            privileged: false,
        };
        self.log.append(AppendBatch { envelope, streams }).await.unwrap();
        true
    }

    /// An event no program knows, at the end of a stream.
    pub(super) async fn poison(&mut self, stream: &str, event_type: &str) {
        let stream = StreamName::parse(stream).unwrap();
        let version = self.log.stream_version(&stream).await.unwrap();
        let event = NewEvent {
            event_type: event_type.to_owned(),
            schema: 1,
            payload: b"{}".to_vec(),
            subjects: Vec::new(),
        };
        let poisoned = StreamAppend { stream, expected: expected(version), events: vec![event] };
        assert!(self.record(None, [Some(poisoned)]).await);
    }

    pub(super) async fn sign_up(&mut self) -> DeveloperId {
        let developer = DeveloperId::from_uuid(self.id());
        let group = DevGroupId::from_uuid(self.id());
        let registered = developer::Registered {
            subject: SubjectId::from_uuid(developer.uuid()),
            email: sealed(developer.uuid(), 1),
            email_fingerprint: Fingerprint([1; 32]),
            domain_fingerprint: None,
            name: sealed(developer.uuid(), 2),
            credential: CredentialId::from_uuid(self.id()),
            terms_version: "2026-11".to_owned(),
            locale: "en".to_owned(),
            proven_at: self.now(),
        };
        let joined = developer::GroupJoined { group: GroupRef::Development(group), role: Role::Owner };
        let person = vec![developer::Event::Registered(registered), developer::Event::GroupJoined(joined)];
        let claim = format!("claim.email-{:064x}", developer.uuid().as_u128());
        let taken = claim::Event::Taken(claim::Taken { holder: format!("developer-{}", developer.uuid()) });
        let streams = [
            self.facts::<Developer>(developer.uuid(), person).await,
            self.facts::<DevGroup>(group.uuid(), vec![created(developer, "Personal group", true)]).await,
            Some(self.loose(&claim, &[taken]).await),
        ];
        assert!(self.record(None, streams).await);
        self.developers.push(developer);
        self.groups.push(group);
        developer
    }

    pub(super) async fn group(&mut self, owner: DeveloperId, name: &str) -> DevGroupId {
        let group = DevGroupId::from_uuid(self.id());
        let joined = developer::GroupJoined { group: GroupRef::Development(group), role: Role::Owner };
        let streams = [
            self.facts::<Developer>(owner.uuid(), vec![developer::Event::GroupJoined(joined)]).await,
            self.facts::<DevGroup>(group.uuid(), vec![created(owner, name, false)]).await,
        ];
        assert!(self.record(Some(owner), streams).await);
        self.groups.push(group);
        group
    }

    pub(super) async fn rename(&mut self, group: DevGroupId, name: &str) -> bool {
        let renamed = devgroup::Event::Renamed(devgroup::Renamed { name: name.to_owned() });
        let facts = self.facts::<DevGroup>(group.uuid(), vec![renamed]).await;
        self.record(None, [facts]).await
    }

    pub(super) async fn register(
        &mut self,
        owner: DeveloperId,
        group: DevGroupId,
        facts: Facts,
    ) -> IntegrationId {
        let id = IntegrationId::from_uuid(self.id());
        let group_ref = GroupRef::Development(group);
        let registered = integration::Registered { owner, group: group_ref, facts };
        let admitted = devgroup::IntegrationAdmitted { integration: id };
        let streams = [
            self.facts::<Integration>(id.uuid(), vec![integration::Event::Registered(registered)]).await,
            self.facts::<DevGroup>(group.uuid(), vec![devgroup::Event::IntegrationAdmitted(admitted)]).await,
        ];
        assert!(self.record(Some(owner), streams).await);
        self.integrations.push((id, group_ref));
        id
    }

    pub(super) async fn declare(&mut self, id: IntegrationId, facts: Facts) -> bool {
        let declared = integration::Event::FactsDeclared(integration::FactsDeclared { facts });
        let facts = self.facts::<Integration>(id.uuid(), vec![declared]).await;
        self.record(None, [facts]).await
    }

    /// Another secret, in test mode and out of it, and revoked.
    pub(super) async fn try_secret_out(&mut self, id: IntegrationId) -> bool {
        use integration::{Event, SecretRevoked, TestMode, TestModeSet};
        let secret = SecretId::from_uuid(self.id());
        let issued = self.issued(secret);
        let set = |mode| Event::TestModeSet(TestModeSet { secret, mode });
        let revoked = Event::SecretRevoked(SecretRevoked { secret, at: self.now() });
        let events = vec![issued, set(TestMode::Over), set(TestMode::Off), revoked];
        let facts = self.facts::<Integration>(id.uuid(), events).await;
        self.record(None, [facts]).await
    }

    pub(super) async fn test_mode(&mut self, id: IntegrationId, secret: SecretId) -> bool {
        let set = integration::TestModeSet { secret, mode: integration::TestMode::Near };
        let facts = self.facts::<Integration>(id.uuid(), vec![integration::Event::TestModeSet(set)]).await;
        self.record(None, [facts]).await
    }

    pub(super) async fn issue_secret(&mut self, id: IntegrationId) -> bool {
        let secret = SecretId::from_uuid(self.id());
        let facts = self.facts::<Integration>(id.uuid(), vec![self.issued(secret)]).await;
        self.record(None, [facts]).await
    }

    fn issued(&self, secret: SecretId) -> integration::Event {
        integration::Event::SecretIssued(integration::SecretIssued {
            secret,
            key: "k".repeat(32),
            last_four: "abcd".to_owned(),
            issued_at: self.now(),
        })
    }

    pub(super) async fn move_to(&mut self, id: IntegrationId, to: GroupRef) -> bool {
        let Some(at) = self.integrations.iter().position(|(known, _)| *known == id) else { return false };
        let from = self.integrations[at].1;
        if from == to {
            return false;
        }
        let moved = integration::Event::Moved(integration::Moved { from, to });
        let streams = [
            self.facts::<Integration>(id.uuid(), vec![moved]).await,
            self.left(from, id, to).await,
            self.entered(to, id).await,
        ];
        let done = self.record(None, streams).await;
        if done {
            self.integrations[at].1 = to;
        }
        done
    }

    async fn left(&self, from: GroupRef, integration: IntegrationId, to: GroupRef) -> Option<StreamAppend> {
        match from {
            GroupRef::Development(id) => {
                let released = devgroup::IntegrationReleased { integration, to };
                self.facts::<DevGroup>(id.uuid(), vec![devgroup::Event::IntegrationReleased(released)]).await
            }
            GroupRef::Production(id) => {
                let released = prodgroup::IntegrationReleased { integration, to };
                self.facts::<ProdGroup>(id.uuid(), vec![prodgroup::Event::IntegrationReleased(released)])
                    .await
            }
        }
    }

    async fn entered(&self, to: GroupRef, integration: IntegrationId) -> Option<StreamAppend> {
        match to {
            GroupRef::Development(id) => {
                let admitted = devgroup::IntegrationAdmitted { integration };
                self.facts::<DevGroup>(id.uuid(), vec![devgroup::Event::IntegrationAdmitted(admitted)]).await
            }
            GroupRef::Production(id) => {
                let admitted = prodgroup::IntegrationAdmitted { integration };
                self.facts::<ProdGroup>(id.uuid(), vec![prodgroup::Event::IntegrationAdmitted(admitted)])
                    .await
            }
        }
    }

    pub(super) async fn account(&mut self, owner: DeveloperId, vendor: &str) -> ProdAccountId {
        let account = ProdAccountId::from_uuid(self.id());
        let opened = prodaccount::Opened {
            vendor_name: vendor.to_owned(),
            owner,
            subject: SubjectId::from_uuid(account.uuid()),
            support_url: Some("https://acme.example/help".to_owned()),
        };
        let joined = developer::AccountJoined { account, role: Role::Owner };
        let facts = vec![prodaccount::Event::Opened(opened), contact(account, 1)];
        let streams = [
            self.facts::<ProdAccount>(account.uuid(), facts).await,
            self.facts::<Developer>(owner.uuid(), vec![developer::Event::AccountJoined(joined)]).await,
        ];
        assert!(self.record(Some(owner), streams).await);
        self.accounts.push(account);
        self.epochs.insert(account, 1);
        account
    }

    pub(super) async fn declare_contact(&mut self, account: ProdAccountId) -> bool {
        let epoch = self.epochs[&account] + 1;
        self.epochs.insert(account, epoch);
        let facts = self.facts::<ProdAccount>(account.uuid(), vec![contact(account, epoch)]).await;
        self.record(None, [facts]).await
    }

    pub(super) async fn request_challenge(&mut self, account: ProdAccountId) -> IntentId {
        let epoch = self.epochs[&account];
        let intent = IntentId::from_uuid(self.id());
        let expires_at = self.now() + TimeDelta::hours(72);
        let requested = prodaccount::ContactChallengeRequested {
            intent,
            epoch,
            expires_at,
            sender: prodaccount::Sender::Usual,
        };
        let event = prodaccount::Event::ContactChallengeRequested(requested);
        let facts = self.facts::<ProdAccount>(account.uuid(), vec![event]).await;
        assert!(self.record(None, [facts]).await);
        intent
    }

    pub(super) async fn prove_contact(&mut self, account: ProdAccountId) -> bool {
        let epoch = self.epochs[&account];
        let intent = self.request_challenge(account).await;
        self.mail(intent, mail::Event::Sent(mail::Sent { attempt: 1, contact_of: None })).await;
        let proven = prodaccount::ContactProven {
            intent,
            epoch,
            proven_at: self.now(),
            sender: prodaccount::Sender::Rotated,
        };
        let facts =
            self.facts::<ProdAccount>(account.uuid(), vec![prodaccount::Event::ContactProven(proven)]).await;
        self.record(None, [facts]).await
    }

    /// One more fact of the contact of an account.
    pub(super) async fn watch_contact(&mut self, account: ProdAccountId, event: prodaccount::Event) -> bool {
        let facts = self.facts::<ProdAccount>(account.uuid(), vec![event]).await;
        self.record(None, [facts]).await
    }

    pub(super) async fn mail(&mut self, intent: IntentId, outcome: mail::Event) {
        let facts = self.loose(&format!("mail-{}", intent.uuid()), &[outcome]).await;
        assert!(self.record(None, [Some(facts)]).await);
    }

    pub(super) async fn draft(&mut self, by: DeveloperId, account: ProdAccountId, name: &str) -> ProdGroupId {
        let group = ProdGroupId::from_uuid(self.id());
        let drafted =
            prodgroup::Drafted { account, name: name.to_owned(), limits: Policy::default().development };
        let opened = prodaccount::GroupOpened { group };
        let streams = [
            self.facts::<ProdGroup>(group.uuid(), vec![prodgroup::Event::Drafted(drafted)]).await,
            self.facts::<ProdAccount>(account.uuid(), vec![prodaccount::Event::GroupOpened(opened)]).await,
        ];
        assert!(self.record(Some(by), streams).await);
        self.prod_groups.push(group);
        group
    }

    pub(super) async fn promote(&mut self, group: ProdGroupId, event: prodgroup::Event) -> bool {
        let facts = self.facts::<ProdGroup>(group.uuid(), vec![event]).await;
        self.record(None, [facts]).await
    }

    /// What was set for a group.
    pub(super) async fn allow(&mut self, group: GroupRef, event: allowance::Event) -> bool {
        let uuid = match group {
            GroupRef::Development(id) => id.uuid(),
            GroupRef::Production(id) => id.uuid(),
        };
        let facts = self.facts::<Allowance>(uuid, vec![event]).await;
        self.record(None, [facts]).await
    }

    /// A threshold of a group was reached.
    pub(super) async fn watch(&mut self, group: GroupRef, percent: u8) -> bool {
        let uuid = match group {
            GroupRef::Development(id) => id.uuid(),
            GroupRef::Production(id) => id.uuid(),
        };
        self.watched(uuid, reached(group, percent, self.now())).await
    }

    /// A threshold was reached and told in the watch of this number.
    pub(super) async fn watched(&mut self, watch: Uuid, reached: usagewatch::Reached) -> bool {
        let facts = self.facts::<UsageWatch>(watch, vec![usagewatch::Event::Reached(reached)]).await;
        self.record(None, [facts]).await
    }

    pub(super) async fn submit(&mut self, group: ProdGroupId, by: DeveloperId) -> bool {
        let event = submitted(group, by, self.now() + TimeDelta::days(60));
        self.promote(group, event).await
    }

    pub(super) async fn review(&mut self, group: ProdGroupId) -> bool {
        self.promote(group, review_started(group)).await
    }

    pub(super) async fn approve(&mut self, group: ProdGroupId) -> bool {
        let event = approved(group, self.now());
        self.promote(group, event).await
    }

    pub(super) async fn enrol_staff(&mut self) {
        let id = self.id();
        let enrolled = staff::Enrolled {
            subject: SubjectId::from_uuid(id),
            email: sealed(id, 1),
            email_fingerprint: Fingerprint([9; 32]),
            domain_fingerprint: None,
            name: sealed(id, 2),
            credential: CredentialId::from_uuid(id),
            role: StaffRole::Reader,
            own_developers: Vec::new(),
        };
        let events = vec![
            staff::Event::Enrolled(enrolled),
            staff::Event::RoleAssigned(staff::RoleAssigned { role: StaffRole::Approver }),
            staff::Event::Left(staff::Left {}),
        ];
        let facts = self.facts::<Staff>(id, events).await;
        assert!(self.record(None, [facts]).await);
    }

    pub(super) async fn release_claim(&mut self, developer: DeveloperId) {
        let stream = format!("claim.email-{:064x}", developer.uuid().as_u128());
        let released = claim::Event::Released(claim::Released { held_until: None });
        let facts = self.loose(&stream, &[released]).await;
        assert!(self.record(None, [Some(facts)]).await);
    }
}

fn append<E: StoredEvent>(stream: StreamName, version: StreamVersion, events: &[E]) -> StreamAppend {
    let events = events
        .iter()
        .map(|event| NewEvent {
            event_type: event.stored_type().to_owned(),
            schema: event.schema(),
            payload: event.encode().unwrap(),
            subjects: event.subjects().into_iter().map(SubjectId::uuid).collect(),
        })
        .collect();
    StreamAppend { stream, expected: expected(version), events }
}

fn expected(version: StreamVersion) -> Expected {
    match version {
        StreamVersion(0) => Expected::NoStream,
        version => Expected::Exact(version),
    }
}
