//! Which facts in the log ask for a mail: one pure function from record to intent.

use super::{ContactNews, MailKind};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Decider,
    codec::CodecError,
    decider::StoredEvent,
    group::GroupRef,
    ids::{DeveloperId, IntentId, ProdAccountId, ProdGroupId, SubmissionId},
    prodaccount::{self, ProdAccount},
    prodgroup::{self, ProdGroup},
    roster::{self, Roster},
    usagewatch::{self, LimitOf, Reached, UsageWatch},
};
use eventlog::Record;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A notice that could not be delivered for so long is given up.
const NOTICE_LIFE: TimeDelta = TimeDelta::days(5);
/// That a threshold was reached is told within its window, or within this time when that is shorter.
const THRESHOLD_LIFE_MIN: TimeDelta = TimeDelta::hours(1);

/// A mail that a fact in the log asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailIntent {
    /// Names the mail: the challenge's own intent, or derived from the event.
    pub intent: IntentId,
    /// What is to be told.
    pub wish: Wish,
    /// The event that asks for it.
    pub cause: Uuid,
    /// From then on it is not sent any more.
    pub expires_at: DateTime<Utc>,
}

/// What is to be told, by ids only; everything else is folded when the mail is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wish {
    /// A code to the declared contact of an account.
    ContactCode {
        /// Whose contact.
        account: ProdAccountId,
    },
    /// Staff ask for changes of a submission.
    ChangesRequested {
        /// Of which group.
        group: ProdGroupId,
        /// Which submission.
        submission: SubmissionId,
    },
    /// A submission was approved.
    ProductionApproved {
        /// Of which group.
        group: ProdGroupId,
        /// Which submission.
        submission: SubmissionId,
    },
    /// A submission was refused.
    ProductionRefused {
        /// Of which group.
        group: ProdGroupId,
        /// Which submission.
        submission: SubmissionId,
    },
    /// Few places for customer sites are left.
    SitesNearlyFull {
        /// In which group.
        group: GroupRef,
        /// When; tells the newest from those before.
        at: DateTime<Utc>,
    },
    /// A customer site was refused.
    SiteRefused {
        /// In which group.
        group: GroupRef,
        /// When; tells the newest from those before.
        at: DateTime<Utc>,
    },
    /// A threshold of a limit was reached.
    ThresholdReached {
        /// Of which group; of a limit over many groups, one of them.
        group: GroupRef,
        /// Of which limit.
        #[serde(default)]
        limit_of: LimitOf,
        /// Which part of its calls.
        part: Option<Uuid>,
        /// In percent of the limit.
        percent: u8,
        /// When.
        since: DateTime<Utc>,
        /// Who of several is told; none: who answers for the group.
        #[serde(default)]
        to: Option<DeveloperId>,
    },
    /// The proof of a contact needs the owners of its account.
    ContactNews {
        /// Whose contact.
        account: ProdAccountId,
        /// Which declaration.
        epoch: u32,
        /// What is told.
        news: ContactNews,
        /// Which of the owners is told.
        to: Option<DeveloperId>,
    },
}

/// All of whom one fact is told, each in a mail of its own.
pub(super) enum Everybody {
    /// The owners of a production group's account.
    OwnersOfGroup(ProdGroupId),
    /// The owners of an account.
    OwnersOfAccount(ProdAccountId),
}

impl Wish {
    /// Whose contact it goes to.
    pub(super) fn contact_of(self) -> Option<ProdAccountId> {
        match self {
            Self::ContactCode { account } => Some(account),
            _ => None,
        }
    }

    /// Its kind of mail.
    pub fn kind(self) -> MailKind {
        match self {
            Self::ContactCode { .. } => MailKind::ContactCode,
            Self::ChangesRequested { .. } => MailKind::ChangesRequested,
            Self::ProductionApproved { .. } => MailKind::ProductionApproved,
            Self::ProductionRefused { .. } => MailKind::ProductionRefused,
            Self::SitesNearlyFull { .. } => MailKind::SitesNearlyFull,
            Self::SiteRefused { .. } => MailKind::SiteRefused,
            Self::ThresholdReached { limit_of, percent, .. } => MailKind::of_threshold(limit_of, percent),
            Self::ContactNews { news, .. } => news.kind(),
        }
    }
}

/// The mail a record asks for, if any.
pub fn intent_of(record: &Record) -> Result<Option<MailIntent>, CodecError> {
    // Streams that are not named by a UUID are not those of aggregates.
    let Ok(id) = Uuid::try_parse(record.stream.id()) else { return Ok(None) };
    match record.stream.category() {
        ProdAccount::CATEGORY => {
            let event = prodaccount::Event::decode(&record.event_type, record.schema, &record.payload)?;
            Ok(account_intent(record, ProdAccountId::from_uuid(id), &event))
        }
        ProdGroup::CATEGORY => {
            let event = prodgroup::Event::decode(&record.event_type, record.schema, &record.payload)?;
            Ok(group_intent(record, ProdGroupId::from_uuid(id), &event))
        }
        Roster::CATEGORY => {
            let event = roster::Event::decode(&record.event_type, record.schema, &record.payload)?;
            Ok(roster_intent(record, &event))
        }
        UsageWatch::CATEGORY => {
            let event = usagewatch::Event::decode(&record.event_type, record.schema, &record.payload)?;
            Ok(threshold_intent(record, id, &event))
        }
        _ => Ok(None),
    }
}

fn threshold_intent(record: &Record, id: Uuid, event: &usagewatch::Event) -> Option<MailIntent> {
    let usagewatch::Event::Reached(Reached {
        group, limit_of, part, percent, since, window_s, mailed, ..
    }) = *event;
    // What limits over many groups tell an owner stands in a stream of the owner's.
    let to = limit_of.is_ceiling().then(|| DeveloperId::from_uuid(id));
    let wish = Wish::ThresholdReached { group, limit_of, part, percent, since, to };
    mailed.then(|| notice(record, wish, threshold_life(window_s)))
}

impl MailIntent {
    /// All who are told, where it is not one only.
    pub(super) fn for_everybody(&self) -> Option<Everybody> {
        match self.wish {
            Wish::ThresholdReached { group: GroupRef::Production(group), to: None, .. } => {
                Some(Everybody::OwnersOfGroup(group))
            }
            Wish::ContactNews { account, to: None, .. } => Some(Everybody::OwnersOfAccount(account)),
            _ => None,
        }
    }

    /// The same for one of several, under a name of its own.
    #[must_use]
    pub(super) fn to(&self, owner: DeveloperId) -> Self {
        let mut intent = self.clone();
        if let Wish::ThresholdReached { to, .. } | Wish::ContactNews { to, .. } = &mut intent.wish {
            *to = Some(owner);
            intent.intent = IntentId::from_uuid(Uuid::new_v5(&self.intent.uuid(), owner.uuid().as_bytes()));
        }
        intent
    }
}

/// How long a threshold is worth a mail: as long as its window, within reason.
pub(super) fn threshold_life(window_s: u32) -> TimeDelta {
    TimeDelta::seconds(window_s.into()).clamp(THRESHOLD_LIFE_MIN, NOTICE_LIFE)
}

fn notice(record: &Record, wish: Wish, lasts: TimeDelta) -> MailIntent {
    MailIntent {
        intent: IntentId::from_uuid(Uuid::new_v5(&record.event_id, b"notice")),
        wish,
        cause: record.event_id,
        expires_at: record.recorded_at + lasts,
    }
}

fn account_intent(record: &Record, account: ProdAccountId, event: &prodaccount::Event) -> Option<MailIntent> {
    use prodaccount::Event;
    match event {
        Event::ContactChallengeRequested(requested) => Some(MailIntent {
            intent: requested.intent,
            wish: Wish::ContactCode { account },
            cause: record.event_id,
            expires_at: requested.expires_at,
        }),
        event => ContactNews::of(event).map(|(news, epoch)| {
            notice(record, Wish::ContactNews { account, epoch, news, to: None }, NOTICE_LIFE)
        }),
    }
}

fn group_intent(record: &Record, group: ProdGroupId, event: &prodgroup::Event) -> Option<MailIntent> {
    use prodgroup::Event;
    let wish = match event {
        Event::ChangesRequested(event) => Wish::ChangesRequested { group, submission: event.submission },
        Event::ProductionApproved(event) => Wish::ProductionApproved { group, submission: event.submission },
        Event::ProductionRefused(event) => Wish::ProductionRefused { group, submission: event.submission },
        Event::Drafted(_)
        | Event::Renamed(_)
        | Event::IntegrationAdmitted(_)
        | Event::IntegrationReleased(_)
        | Event::LimitsAsked(_)
        | Event::Submitted(_)
        | Event::Withdrawn(_)
        | Event::ReviewStarted(_)
        | Event::FirstApprovalRecorded(_)
        | Event::SubmissionExpired(_) => return None,
    };
    Some(notice(record, wish, NOTICE_LIFE))
}

fn roster_intent(record: &Record, event: &roster::Event) -> Option<MailIntent> {
    use roster::Event;
    match event {
        Event::NearlyFull(fact) => {
            Some(notice(record, Wish::SitesNearlyFull { group: fact.group, at: fact.at }, NOTICE_LIFE))
        }
        Event::Refused(fact) => {
            Some(notice(record, Wish::SiteRefused { group: fact.group, at: fact.at }, NOTICE_LIFE))
        }
        Event::SiteRegistered(_)
        | Event::SiteReleased(_)
        | Event::SiteRemoved(_)
        | Event::IntegrationDeparted(_)
        | Event::IntegrationArrived(_)
        | Event::PlacesTaken(_)
        | Event::PlacesFreed(_) => None,
    }
}
