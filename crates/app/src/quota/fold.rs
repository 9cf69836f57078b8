//! What the log says of secrets, integrations and groups, as far as the door needs it. Plain facts, kept by the
//! one task that follows the log; what calls read is published from here.

use chrono::{DateTime, Utc};
use domain::{
    Decider as _, Unexpected,
    allowance::{self, Allowance, Base, InForce},
    codec::CodecError,
    decider::StoredEvent as _,
    developer, devgroup,
    group::GroupRef,
    ids::{DevGroupId, DeveloperId, IntegrationId, ProdGroupId, SecretId},
    integration::{self, TestMode},
    prodgroup,
    roster::{self, SiteId},
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
    /// The order.
    #[error("an event does not follow what precedes it")]
    Order(#[from] Unexpected),
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
    /// How calls with it are answered.
    pub(super) mode: TestMode,
}

/// An integration.
#[derive(Debug, Clone)]
pub(super) struct Registered {
    pub(super) group: GroupRef,
    pub(super) secrets: Vec<Issued>,
    /// Customer sites that use it.
    pub(super) sites: BTreeSet<SiteId>,
}

/// A group of either kind.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) reference: GroupRef,
    /// Who owns it; none of a production group, which an account owns.
    pub(super) owner: Option<DeveloperId>,
    /// What it has by itself.
    base: Base,
    /// What was set for it.
    allowance: Allowance,
    pub(super) integrations: BTreeSet<IntegrationId>,
    /// Position of the last event that changed its rules.
    pub(super) position: u64,
}

impl Group {
    /// What holds at an instant.
    pub(super) fn in_force(&self, now: DateTime<Utc>) -> InForce {
        self.allowance.in_force(self.base, now, |id| self.integrations.contains(&id))
    }
}

/// Everything folded so far, and what of it has changed since it was published.
#[derive(Default)]
pub(super) struct Fold {
    pub(super) integrations: HashMap<IntegrationId, Registered>,
    pub(super) groups: HashMap<GroupRef, Group>,
    organisations: HashMap<DeveloperId, Fingerprint>,
    /// Ends of grants that are published.
    ends: BTreeSet<(DateTime<Utc>, GroupRef)>,
    pub(super) changed: Changed,
}

/// What has to be published anew.
#[derive(Default)]
pub(super) struct Changed {
    pub(super) groups: BTreeSet<GroupRef>,
    pub(super) integrations: BTreeSet<IntegrationId>,
    /// Secrets that open nothing any more, and whose they were.
    pub(super) revoked: Vec<(IntegrationId, Issued)>,
}

impl Fold {
    /// Takes one record in.
    pub(super) fn apply(&mut self, record: &Record) -> Result<(), FoldedBadly> {
        match record.event_type.as_str() {
            "developer.registered" => self.developer(record),
            "devgroup.created" => self.dev_group(record),
            "prodgroup.drafted" | "prodgroup.production_approved" => self.prod_group(record),
            text if text.starts_with("allowance.") => self.allowance(record),
            text if text.starts_with("roster.") => self.roster(record),
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

    /// Something of this group changes by itself at an instant.
    pub(super) fn will_end(&mut self, at: DateTime<Utc>, group: GroupRef) {
        self.ends.insert((at, group));
    }

    /// The next instant at which something changes by itself.
    pub(super) fn next_end(&self) -> Option<DateTime<Utc>> {
        self.ends.first().map(|(at, _)| *at)
    }

    /// What has changed by itself until now counts as changed.
    pub(super) fn pass(&mut self, now: DateTime<Utc>) {
        while let Some((at, group)) = self.ends.pop_first() {
            if at > now {
                self.ends.insert((at, group));
                return;
            }
            self.changed.groups.insert(group);
        }
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
            let base = Base { limits: created.limits, approval: None };
            self.begin(reference, Some(created.owner), base, record);
        }
        Ok(())
    }

    fn prod_group(&mut self, record: &Record) -> Result<(), FoldedBadly> {
        let reference = GroupRef::Production(ProdGroupId::from_uuid(uuid(record)?));
        match prodgroup::Event::decode(&record.event_type, record.schema, &record.payload)? {
            prodgroup::Event::Drafted(drafted) => {
                let base = Base { limits: drafted.limits, approval: None };
                self.begin(reference, None, base, record);
            }
            prodgroup::Event::ProductionApproved(approved) => {
                if let Some(group) = self.changing(reference, record) {
                    group.base = Base { limits: approved.limits, approval: Some(approved.submission) };
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn allowance(&mut self, record: &Record) -> Result<(), FoldedBadly> {
        let event = allowance::Event::decode(&record.event_type, record.schema, &record.payload)?;
        let id = uuid(record)?;
        let kinds = [
            GroupRef::Development(DevGroupId::from_uuid(id)),
            GroupRef::Production(ProdGroupId::from_uuid(id)),
        ];
        for reference in kinds {
            if let Some(group) = self.changing(reference, record) {
                group.allowance = std::mem::take(&mut group.allowance).evolve(&event)?;
            }
        }
        Ok(())
    }

    fn integration(&mut self, record: &Record) -> Result<(), FoldedBadly> {
        let id = IntegrationId::from_uuid(uuid(record)?);
        match integration::Event::decode(&record.event_type, record.schema, &record.payload)? {
            integration::Event::Registered(registered) => {
                self.place(id, None, registered.group, record);
                let (group, secrets, sites) = (registered.group, Vec::new(), BTreeSet::new());
                self.integrations.insert(id, Registered { group, secrets, sites });
            }
            integration::Event::SecretIssued(issued) => {
                if let Some(integration) = self.integrations.get_mut(&id) {
                    let mode = TestMode::Off;
                    integration.secrets.push(Issued { secret: issued.secret, key: issued.key, mode });
                }
            }
            integration::Event::SecretRevoked(revoked) => {
                if let Some(integration) = self.integrations.get_mut(&id) {
                    let ended = integration.secrets.extract_if(.., |issued| issued.secret == revoked.secret);
                    self.changed.revoked.extend(ended.map(|issued| (id, issued)));
                }
            }
            integration::Event::TestModeSet(set) => {
                let secrets = self.integrations.get_mut(&id).map(|integration| &mut integration.secrets);
                let secrets = secrets.into_iter().flatten();
                secrets
                    .filter(|issued| issued.secret == set.secret)
                    .for_each(|issued| issued.mode = set.mode);
            }
            integration::Event::Moved(moved) => {
                self.place(id, Some(moved.from), moved.to, record);
                if let Some(integration) = self.integrations.get_mut(&id) {
                    integration.group = moved.to;
                    if matches!(moved.to, GroupRef::Production(_)) {
                        integration.secrets.iter_mut().for_each(|issued| issued.mode = TestMode::Off);
                    }
                }
            }
            integration::Event::FactsDeclared(_) => return Ok(()),
        }
        self.changed.integrations.insert(id);
        Ok(())
    }

    fn roster(&mut self, record: &Record) -> Result<(), FoldedBadly> {
        match roster::Event::decode(&record.event_type, record.schema, &record.payload)? {
            roster::Event::SiteRegistered(fact) => {
                self.sites(fact.integration, |sites| {
                    sites.insert(fact.site);
                });
            }
            roster::Event::SiteReleased(fact) => {
                self.sites(fact.integration, |sites| {
                    sites.remove(&fact.site);
                });
            }
            roster::Event::SiteRemoved(fact) => {
                let group = self.groups.get(&fact.group);
                for id in group.map(|group| group.integrations.clone()).unwrap_or_default() {
                    self.sites(id, |sites| {
                        sites.remove(&fact.site);
                    });
                }
            }
            roster::Event::IntegrationDeparted(fact) => self.sites(fact.integration, BTreeSet::clear),
            roster::Event::IntegrationArrived(fact) => {
                let arrived = fact.sites.into_iter().map(|carried| carried.site);
                self.sites(fact.integration, |sites| sites.extend(arrived));
            }
            roster::Event::NearlyFull(_)
            | roster::Event::Refused(_)
            | roster::Event::PlacesTaken(_)
            | roster::Event::PlacesFreed(_) => {}
        }
        Ok(())
    }

    /// Changes who uses an integration.
    fn sites(&mut self, id: IntegrationId, change: impl FnOnce(&mut BTreeSet<SiteId>)) {
        if let Some(integration) = self.integrations.get_mut(&id) {
            change(&mut integration.sites);
            self.changed.integrations.insert(id);
        }
    }

    fn begin(&mut self, reference: GroupRef, owner: Option<DeveloperId>, base: Base, record: &Record) {
        let (allowance, integrations) = (Allowance::default(), BTreeSet::new());
        let position = record.position.0;
        self.groups.insert(reference, Group { reference, owner, base, allowance, integrations, position });
        self.changed.groups.insert(reference);
    }

    /// The group whose rules a record changes.
    fn changing(&mut self, reference: GroupRef, record: &Record) -> Option<&mut Group> {
        let group = self.groups.get_mut(&reference)?;
        group.position = record.position.0;
        self.changed.groups.insert(reference);
        Some(group)
    }

    /// Who is in a group decides which of its shares count.
    fn place(&mut self, id: IntegrationId, from: Option<GroupRef>, to: GroupRef, record: &Record) {
        for reference in from.into_iter().chain([to]) {
            let Some(group) = self.groups.get_mut(&reference) else { continue };
            if reference == to {
                group.integrations.insert(id);
            } else {
                group.integrations.remove(&id);
            }
            if group.allowance != Allowance::Untouched {
                self.changing(reference, record);
            }
        }
    }
}

/// The id in a stream's name.
fn uuid(record: &Record) -> Result<Uuid, FoldedBadly> {
    Uuid::try_parse(record.stream.id()).map_err(|_| FoldedBadly::Stream)
}
