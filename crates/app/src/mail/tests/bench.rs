//! A portal's mail room: a log in memory, side state, a mailer into memory, a clock set by hand. Histories
//! are written as the use cases write them; the worker only reads them.

use crate::{
    aggregate::{Aggregate, new_event},
    clock::{Clock, ManualClock},
    codes::Challenge,
    ids::Ids,
    keyring::{BoundKeys, Fingerprinted, Keyring},
    mail::{Mailer, MemoryMailer, Outbox, SignUpRecipient, Worker, WorkerError, WorkerParts},
    sealing::{Field, Sealer},
    side_state::{PendingSignUp, Place, SideState},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    address::{Address, MailboxClass},
    developer::{self, Developer},
    ids::{
        CommandId, CredentialId, DeveloperId, IntentId, ProdAccountId, ProdGroupId, SignUpId, StaffId,
        SubjectId, SubmissionId,
    },
    policy::{Policy, Tier},
    prodaccount::{self, ProdAccount},
    prodgroup::{
        self, Asked, ProdGroup, ReasonCode,
        checklist::{Checklist, Evidence},
    },
    sealed::Fingerprint,
};
use eventlog::{
    ActorEnvelope, AppendBatch, Envelope, EventLog, Expected, Position, Record, StreamAppend, StreamName,
    StreamVersion,
};
use std::time::Duration;
use tokio::{sync::oneshot, task::JoinHandle};

pub(super) const BASE_URL: &str = "https://portal.example.org";
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) struct Bench {
    pub(super) dir: tempfile::TempDir,
    pub(super) ids: Ids,
    pub(super) clock: Clock,
    pub(super) hand: ManualClock,
    pub(super) keys: BoundKeys,
    pub(super) log: EventLog,
    pub(super) side: SideState,
    pub(super) sealer: Sealer,
    pub(super) outbox: Outbox,
    pub(super) mailer: Mailer,
    pub(super) post: MemoryMailer,
}

/// A worker that runs.
pub(super) struct Running {
    stop: oneshot::Sender<()>,
    worker: JoinHandle<Result<(), WorkerError>>,
}

impl Running {
    /// Asks it to stop and waits until it has.
    pub(super) async fn stop(self) -> Result<(), WorkerError> {
        self.stop.send(()).expect("the worker runs");
        patiently("the worker stops", self.worker).await.expect("the worker does not panic")
    }

    /// Waits until it stops by itself.
    pub(super) async fn ended(self) -> Result<(), WorkerError> {
        patiently("the worker ends", self.worker).await.expect("the worker does not panic")
    }

    /// Ends it between two instructions, as a crash would.
    pub(super) async fn crash(self) {
        self.worker.abort();
        assert!(self.worker.await.expect_err("it was ended").is_cancelled());
    }
}

pub(super) async fn patiently<T>(what: &str, condition: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, condition).await.unwrap_or_else(|_| panic!("waited too long: {what}"))
}

impl Bench {
    pub(super) async fn new() -> Self {
        let ids = Ids::seeded(1);
        let (clock, hand) = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let log = EventLog::memory(clock.for_log());
        let log_id = log.head().log_id;
        let keys = Keyring::generate(&ids).bind(log_id);
        let dir = tempfile::tempdir().unwrap();
        let side = SideState::open(Place::File(&dir.path().join("state.sqlite")), log_id).await.unwrap();
        let sealer = Sealer::new(side.clone(), keys.clone(), ids.clone(), clock.clone());
        let outbox = Outbox::new(side.clone(), keys.clone(), ids.clone(), clock.clone());
        let (mailer, post) = Mailer::memory();
        Self { dir, ids, clock, hand, keys, log, side, sealer, outbox, mailer, post }
    }

    /// The same portal after a restart: nothing but log and files is left.
    pub(super) async fn restarted(mut self) -> Self {
        self.side.close().await;
        self.side =
            SideState::open(Place::File(&self.dir.path().join("state.sqlite")), self.log.head().log_id)
                .await
                .unwrap();
        let side = self.side.clone();
        self.sealer = Sealer::new(side.clone(), self.keys.clone(), self.ids.clone(), self.clock.clone());
        self.outbox = Outbox::new(side, self.keys.clone(), self.ids.clone(), self.clock.clone());
        self
    }

    pub(super) fn start(&self) -> Running {
        let (stop, stopped) = oneshot::channel::<()>();
        let worker = Worker::new(WorkerParts {
            log: self.log.clone(),
            side: self.side.clone(),
            keys: self.keys.clone(),
            sealer: self.sealer.clone(),
            outbox: self.outbox.clone(),
            mailer: self.mailer.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            base_url: BASE_URL.to_owned(),
            policy: Policy::default(),
        });
        let shutdown = async { stopped.await.expect("the test holds the other end") };
        Running { stop, worker: tokio::spawn(worker.run(shutdown)) }
    }

    pub(super) async fn append<A: Aggregate>(&self, id: A::Id, events: &[A::Event]) -> Position {
        let stream = A::stream_of(id);
        let version = self.log.stream_version(&stream).await.unwrap();
        let expected =
            if version == StreamVersion(0) { Expected::NoStream } else { Expected::Exact(version) };
        let events = events.iter().map(|event| new_event(event).unwrap()).collect();
        let envelope = Envelope {
            command_id: self.ids.v4(),
            fingerprint: None,
            causation_id: None,
            actor: ActorEnvelope::default(),
            on_behalf_of: None,
            reason: None,
            request_id: None,
            policy_version: 1,
            privileged: false,
        };
        let streams = vec![StreamAppend { stream, expected, events }];
        self.log.append(AppendBatch { envelope, streams }).await.unwrap().last
    }

    pub(super) fn fingerprint(&self, address: &str) -> Fingerprint {
        self.keys.fingerprint(Fingerprinted::Address, address)
    }

    pub(super) async fn subject(&self) -> SubjectId {
        let subject = SubjectId::from_uuid(self.ids.v4());
        self.sealer.new_subject(subject).await.unwrap();
        subject
    }

    pub(super) async fn developer(&self, address: &str) -> DeveloperId {
        let developer = DeveloperId::from_uuid(self.ids.v4());
        let subject = self.subject().await;
        let registered = developer::Registered {
            subject,
            email: self.sealer.seal(subject, Field::Email, address).await.unwrap(),
            email_fingerprint: self.fingerprint(address),
            domain_fingerprint: None,
            name: self.sealer.seal(subject, Field::Name, "Ada Lovelace").await.unwrap(),
            credential: CredentialId::from_uuid(self.ids.v4()),
            terms_version: "2026-11".to_owned(),
            locale: "en".to_owned(),
            proven_at: self.clock.now(),
        };
        self.append::<Developer>(developer, &[developer::Event::Registered(registered)]).await;
        developer
    }

    async fn declared(&self, subject: SubjectId, epoch: u32, contact: &str) -> prodaccount::Event {
        prodaccount::Event::ContactDeclared(prodaccount::ContactDeclared {
            epoch,
            address: self.sealer.seal(subject, Field::Contact, contact).await.unwrap(),
            fingerprint: self.fingerprint(contact),
            domain_fingerprint: None,
            class: MailboxClass::Role,
        })
    }

    /// An account whose contact is declared, and its subject.
    pub(super) async fn account(&self, owner: DeveloperId, contact: &str) -> (ProdAccountId, SubjectId) {
        let account = ProdAccountId::from_uuid(self.ids.v4());
        let subject = self.subject().await;
        let opened = prodaccount::Event::Opened(prodaccount::Opened {
            vendor_name: "Acme Learning".to_owned(),
            owner,
            subject,
            support_url: None,
        });
        let declared = self.declared(subject, 1, contact).await;
        self.append::<ProdAccount>(account, &[opened, declared]).await;
        (account, subject)
    }

    pub(super) async fn declare(&self, account: (ProdAccountId, SubjectId), epoch: u32, contact: &str) {
        let declared = self.declared(account.1, epoch, contact).await;
        self.append::<ProdAccount>(account.0, &[declared]).await;
    }

    /// Declares a contact whose address was sealed for another subject.
    pub(super) async fn declare_damaged(&self, account: (ProdAccountId, SubjectId), other: SubjectId) {
        let mut declared = self.declared(other, 2, "other@acme.example").await;
        if let prodaccount::Event::ContactDeclared(declared) = &mut declared {
            declared.address.subject = account.1;
        }
        self.append::<ProdAccount>(account.0, &[declared]).await;
    }

    /// Asks for a code to the declared contact.
    pub(super) async fn challenge(&self, account: ProdAccountId) -> IntentId {
        self.challenge_epoch(account, 1).await
    }

    /// Asks for a code to the contact of a declaration.
    pub(super) async fn challenge_epoch(&self, account: ProdAccountId, epoch: u32) -> IntentId {
        let intent = IntentId::from_uuid(self.ids.v4());
        let requested = prodaccount::ContactChallengeRequested {
            intent,
            epoch,
            expires_at: self.clock.now() + TimeDelta::hours(72),
            sender: prodaccount::Sender::Usual,
        };
        let event = prodaccount::Event::ContactChallengeRequested(requested);
        self.append::<ProdAccount>(account, &[event]).await;
        intent
    }

    /// A production group under review.
    pub(super) async fn group_in_review(
        &self,
        owner: DeveloperId,
        account: ProdAccountId,
    ) -> (ProdGroupId, SubmissionId) {
        let group = ProdGroupId::from_uuid(self.ids.v4());
        let (submission, staff) = (SubmissionId::from_uuid(self.ids.v4()), StaffId::from_uuid(self.ids.v4()));
        let policy = Policy::default();
        let asked = Asked { tier: Tier::Standard, limits: policy.standard };
        let name = "Acme Learning - Quiz".to_owned();
        let evidence = Evidence {
            group_name: name.clone(),
            contact: None,
            integrations: Vec::new(),
            asked: Some((asked.tier, asked.limits)),
            checklist: Checklist { checks: Vec::new() },
        };
        let events = [
            prodgroup::Event::Drafted(prodgroup::Drafted { account, name, limits: policy.development }),
            prodgroup::Event::Submitted(prodgroup::Submitted {
                submission,
                by: owner,
                asked,
                evidence_hash: evidence.hash(),
                evidence,
                expires_at: self.clock.now() + TimeDelta::days(60),
            }),
            prodgroup::Event::ReviewStarted(prodgroup::ReviewStarted { submission, staff }),
        ];
        self.append::<ProdGroup>(group, &events).await;
        (group, submission)
    }

    pub(super) async fn request_changes(
        &self,
        group: (ProdGroupId, SubmissionId),
        subject: SubjectId,
        note: &str,
    ) {
        let event = prodgroup::Event::ChangesRequested(prodgroup::ChangesRequested {
            submission: group.1,
            staff: StaffId::from_uuid(self.ids.v4()),
            reason: ReasonCode::Naming,
            note: Some(self.sealer.seal(subject, Field::Note, note).await.unwrap()),
            expires_at: self.clock.now() + TimeDelta::days(60),
        });
        self.append::<ProdGroup>(group.0, &[event]).await;
    }

    /// Lets a sign-up wait and queues its mail.
    pub(super) async fn sign_up(&self, address: &str, known: bool) -> SignUpId {
        let sign_up = SignUpId::from_uuid(self.ids.v4());
        let expires_at = self.clock.now() + TimeDelta::minutes(15);
        let fingerprint = self.fingerprint(address);
        let pending = PendingSignUp { address: fingerprint, payload: vec![1], known, expires_at };
        self.side.insert_sign_up(sign_up, &pending, self.clock.now()).await.unwrap();
        let policy = Policy { reserved_mail_domains: vec!["example".to_owned()], ..Policy::default() };
        let to = Address::parse(address, &policy).unwrap();
        let recipient = SignUpRecipient { sign_up, to: &to, address: fingerprint, locale: "en", expires_at };
        if known {
            self.outbox.enqueue_already_known(&recipient).await.unwrap();
        } else {
            self.outbox.enqueue_sign_up_code(&recipient).await.unwrap();
        }
        sign_up
    }

    pub(super) fn contact_code(&self, intent: IntentId, account: ProdAccountId, contact: &str) -> String {
        Challenge::contact(intent, account, self.fingerprint(contact), 1).code(&self.keys).reveal().clone()
    }

    /// Waits until the outcome of a mail is in the log.
    pub(super) async fn outcome(&self, intent: IntentId) -> Record {
        let stream = StreamName::parse(&format!("mail-{}", intent.uuid())).unwrap();
        let mut head = self.log.watch();
        patiently("the outcome is recorded", async {
            loop {
                let mut records = self.log.read_stream(&stream, StreamVersion(0), 10).await.unwrap();
                if let Some(record) = records.pop() {
                    assert!(records.is_empty(), "a mail has one outcome");
                    return record;
                }
                head.changed().await.expect("the log lives");
            }
        })
        .await
    }

    /// Waits until the next mail is due at an instant that fits.
    pub(super) async fn next_due(&self, fits: impl Fn(DateTime<Utc>) -> bool) -> DateTime<Utc> {
        patiently("a mail is put off", async {
            loop {
                if let Some(due) = self.side.next_mail_due().await.unwrap().filter(|due| fits(*due)) {
                    return due;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }

    /// Waits until nothing waits any more.
    pub(super) async fn outbox_is_empty(&self) {
        patiently("the outbox empties", async {
            while self.side.mails_waiting().await.unwrap() > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    pub(super) fn command(&self) -> CommandId {
        CommandId::from_uuid(self.ids.v4())
    }
}
