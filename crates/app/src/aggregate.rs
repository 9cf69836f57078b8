//! Where each aggregate's stream is, and how its events go into the log.

use crate::error::AppError;
use domain::{
    Decider,
    allowance::Allowance,
    decider::StoredEvent,
    developer::Developer,
    devgroup::DevGroup,
    gateway::Gateway,
    group::GroupRef,
    ids::{
        DevGroupId, DeveloperId, GatewayId, IntegrationId, ProdAccountId, ProdGroupId, StaffId, SubjectId,
    },
    integration::Integration,
    prodaccount::ProdAccount,
    prodgroup::ProdGroup,
    roster::{Roster, RosterOf},
    staff::Staff,
    usagewatch::{UsageWatch, WatchOf},
};
use eventlog::{NewEvent, StreamName};
use uuid::Uuid;

/// An aggregate with its stream, reached by an id of its own kind only.
pub(crate) trait Aggregate: Decider<Rejection: Into<AppError>> {
    /// What names one.
    type Id: Copy + Send + Sync;

    /// The UUID in the stream's name.
    fn uuid(id: Self::Id) -> Uuid;

    /// The stream.
    fn stream_of(id: Self::Id) -> StreamName {
        stream_name(&Self::stream(Self::uuid(id)))
    }
}

/// For names put together from a constant category and an id.
#[expect(clippy::expect_used, reason = "categories are constants, ids are hexadecimal digits and hyphens")]
pub(crate) fn stream_name(text: &str) -> StreamName {
    StreamName::parse(text).expect("a category and an id make a stream name")
}

/// An event as the log takes it.
pub(crate) fn new_event<E: StoredEvent>(event: &E) -> Result<NewEvent, AppError> {
    Ok(NewEvent {
        event_type: event.stored_type().to_owned(),
        schema: event.schema(),
        payload: event.encode()?,
        subjects: event.subjects().into_iter().map(SubjectId::uuid).collect(),
    })
}

impl Aggregate for Developer {
    type Id = DeveloperId;
    fn uuid(id: DeveloperId) -> Uuid {
        id.uuid()
    }
}

impl Aggregate for DevGroup {
    type Id = DevGroupId;
    fn uuid(id: DevGroupId) -> Uuid {
        id.uuid()
    }
}

impl Aggregate for ProdAccount {
    type Id = ProdAccountId;
    fn uuid(id: ProdAccountId) -> Uuid {
        id.uuid()
    }
}

impl Aggregate for ProdGroup {
    type Id = ProdGroupId;
    fn uuid(id: ProdGroupId) -> Uuid {
        id.uuid()
    }
}

impl Aggregate for Integration {
    type Id = IntegrationId;
    fn uuid(id: IntegrationId) -> Uuid {
        id.uuid()
    }
}

impl Aggregate for Allowance {
    type Id = GroupRef;
    fn uuid(id: GroupRef) -> Uuid {
        match id {
            GroupRef::Development(id) => id.uuid(),
            GroupRef::Production(id) => id.uuid(),
        }
    }
}

impl Aggregate for UsageWatch {
    type Id = WatchOf;
    fn uuid(id: WatchOf) -> Uuid {
        match id {
            WatchOf::Group(group) => Allowance::uuid(group),
            WatchOf::Owner(owner) => owner.uuid(),
        }
    }
}

impl Aggregate for Staff {
    type Id = StaffId;
    fn uuid(id: StaffId) -> Uuid {
        id.uuid()
    }
}

impl Aggregate for Gateway {
    type Id = GatewayId;
    fn uuid(id: GatewayId) -> Uuid {
        id.uuid()
    }
}

impl Aggregate for Roster {
    type Id = RosterOf;
    fn uuid(id: RosterOf) -> Uuid {
        id.uuid()
    }
}
