//! What the log says of secrets, integrations and groups, as far as the door needs it. Plain facts, kept by the
//! one task that follows the log; what calls read is published from here.

use domain::{
    codec::CodecError,
    decider::StoredEvent as _,
    developer, devgroup,
    group::{GroupRef, Limits},
    ids::{DevGroupId, DeveloperId, IntegrationId, ProdGroupId, SecretId},
    integration, prodgroup,
    sealed::Fingerprint,
};
use eventlog::Record;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// A record whose stream name holds no id, or whose payload this program can't read.
#[derive(Debug, thiserror::Error)]
pub enum FoldedBadly {
    /// The payload.
    #[error("an event cannot be read")]
    Payload(#[from] CodecError),
    /// The name of the stream.
    #[error("a stream's name holds no id")]
    Stream,
}

/// A secret that opens the door.
#[derive(Debug, Clone)]
pub(super) struct Issued {
    pub(super) secret: SecretId,
    /// Its public key.
    pub(super) key: String,
}

/// An integration.
#[derive(Debug, Clone)]
pub(super) struct Registered {
    pub(super) group: GroupRef,
    pub(super) secrets: Vec<Issued>,
}

/// A group of either kind.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) reference: GroupRef,
    /// Who owns it; none of a production group, which an account owns.
    pub(super) owner: Option<DeveloperId>,
    pub(super) limits: Limits,
    pub(super) integrations: BTreeSet<IntegrationId>,
    /// Position of the last event that changed its rules: later rules have a higher one.
    pub(super) revision: u64,
}

/// Everything folded so far, and what of it has changed since it was published.
#[derive(Default)]
pub(super) struct Fold {
    pub(super) integrations: HashMap<IntegrationId, Registered>,
    pub(super) groups: HashMap<GroupRef, Group>,
    organisations: HashMap<DeveloperId, Fingerprint>,
    pub(super) changed: Changed,
}

/// What has to be published anew.
#[derive(Default)]
pub(super) struct Changed {
    pub(super) groups: BTreeSet<GroupRef>,
    pub(super) integrations: BTreeSet<IntegrationId>,
    /// Secrets that open nothing any more, with their public keys.
    pub(super) revoked: Vec<Issued>,
}

impl Fold {
    /// Takes one record in.
    pub(super) fn apply(&mut self, record: &Record) -> Result<(), FoldedBadly> {
        match record.event_type.as_str() {
            "developer.registered" => self.developer(record),
            "devgroup.created" => self.dev_group(record),
            "prodgroup.drafted" | "prodgroup.production_approved" => self.prod_group(record),
            text if text.starts_with("integration.") && text != "integration.facts_declared" => {
                self.integration(record)
            }
            _ => Ok(()),
        }
    }

    /// The organisation that an owner's proven address is at; none for free mail.
    pub(super) fn organisation(&self, owner: DeveloperId) -> Option<Fingerprint> {
        self.organisations.get(&owner).copied()
    }

    fn developer(&mut self, record: &Record) -> Result<(), FoldedBadly> {
        let event = developer::Event::decode(&record.event_type, record.schema, &record.payload)?;
        if let developer::Event::Registered(registered) = event
            && let Some(organisation) = registered.domain_fingerprint
        {
            self.organisations.insert(DeveloperId::from_uuid(uuid(record)?), organisation);
        }
        Ok(())
    }

    fn dev_group(&mut self, record: &Record) -> Result<(), FoldedBadly> {
        let event = devgroup::Event::decode(&record.event_type, record.schema, &record.payload)?;
        if let devgroup::Event::Created(created) = event {
            let reference = GroupRef::Development(DevGroupId::from_uuid(uuid(record)?));
            self.begin(reference, Some(created.owner), created.limits, record);
        }
        Ok(())
    }

    fn prod_group(&mut self, record: &Record) -> Result<(), FoldedBadly> {
        let reference = GroupRef::Production(ProdGroupId::from_uuid(uuid(record)?));
        match prodgroup::Event::decode(&record.event_type, record.schema, &record.payload)? {
            prodgroup::Event::Drafted(drafted) => self.begin(reference, None, drafted.limits, record),
            prodgroup::Event::ProductionApproved(approved) => {
                if let Some(group) = self.changing(reference, record) {
                    group.limits = approved.limits;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn integration(&mut self, record: &Record) -> Result<(), FoldedBadly> {
        let id = IntegrationId::from_uuid(uuid(record)?);
        match integration::Event::decode(&record.event_type, record.schema, &record.payload)? {
            integration::Event::Registered(registered) => {
                self.place(id, None, registered.group);
                self.integrations.insert(id, Registered { group: registered.group, secrets: Vec::new() });
            }
            integration::Event::SecretIssued(issued) => {
                if let Some(integration) = self.integrations.get_mut(&id) {
                    integration.secrets.push(Issued { secret: issued.secret, key: issued.key });
                }
            }
            integration::Event::Moved(moved) => {
                self.place(id, Some(moved.from), moved.to);
                if let Some(integration) = self.integrations.get_mut(&id) {
                    integration.group = moved.to;
                }
            }
            integration::Event::SecretRevoked(revoked) => {
                if let Some(integration) = self.integrations.get_mut(&id) {
                    let ended = integration.secrets.extract_if(.., |issued| issued.secret == revoked.secret);
                    self.changed.revoked.extend(ended);
                }
            }
            integration::Event::FactsDeclared(_) | integration::Event::TestModeSet(_) => return Ok(()),
        }
        self.changed.integrations.insert(id);
        Ok(())
    }

    fn begin(&mut self, reference: GroupRef, owner: Option<DeveloperId>, limits: Limits, record: &Record) {
        let integrations = BTreeSet::new();
        let revision = record.position.0;
        self.groups.insert(reference, Group { reference, owner, limits, integrations, revision });
        self.changed.groups.insert(reference);
    }

    /// The group whose rules a record changes.
    fn changing(&mut self, reference: GroupRef, record: &Record) -> Option<&mut Group> {
        let group = self.groups.get_mut(&reference)?;
        group.revision = record.position.0;
        self.changed.groups.insert(reference);
        Some(group)
    }

    fn place(&mut self, id: IntegrationId, from: Option<GroupRef>, to: GroupRef) {
        if let Some(group) = from.and_then(|from| self.groups.get_mut(&from)) {
            group.integrations.remove(&id);
        }
        if let Some(group) = self.groups.get_mut(&to) {
            group.integrations.insert(id);
        }
    }
}

/// The id in a stream's name.
fn uuid(record: &Record) -> Result<Uuid, FoldedBadly> {
    Uuid::try_parse(record.stream.id()).map_err(|_| FoldedBadly::Stream)
}
