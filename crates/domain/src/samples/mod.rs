//! One of everything: a state for each phase, a command and an event for each variant. From them come the
//! goldens of the codec and the table of every phase with every command, so that whatever is added fails
//! the tests until it has its row.

pub(crate) mod allowance;
pub(crate) mod developer;
pub(crate) mod devgroup;
pub(crate) mod gateway;
pub(crate) mod integration;
mod outcomes;
mod prodaccount;
mod prodgroup;
pub(crate) mod roster;
pub(crate) mod staff;
mod usagewatch;

use crate::{
    codec::CodecError,
    decider::{Decider, StoredEvent},
    ids::{DevGroupId, DeveloperId, IntegrationId, ProdAccountId, ProdGroupId, StaffId, SubjectId},
    testing::uuid,
};

/// One sample a variant, in the order written. A variant without a row fails the build, a sample under
/// another variant's row fails the test.
macro_rules! one_of_each {
    ($($pattern:pat => $sample:expr,)+) => {{
        let samples = vec![$((stringify!($pattern), $sample)),+];
        for (row, sample) in &samples {
            let variant = match sample { $($pattern => stringify!($pattern),)+ };
            assert_eq!(&variant, row, "the sample is another variant's");
        }
        samples.into_iter().map(|(_, sample)| sample).collect()
    }};
}
use one_of_each;

/// An aggregate that can be tried out.
pub(crate) trait Samples: Decider<Command: Clone> {
    /// One state for each phase.
    fn phases() -> Vec<Self>;
    /// The name of the state in the table: its phase, and more where a phase has parts.
    fn label(&self) -> String {
        self.phase().to_owned()
    }
    /// One request for each command, asked by somebody who may.
    fn commands() -> Vec<Self::Command>;
    /// One fact for each event.
    fn events() -> Vec<Self::Event>;
    /// The code of a broken rule.
    fn code(rejection: &Self::Rejection) -> &'static str;
}

/// Every event of every stream, encoded as the log stores it.
pub(crate) struct StoredSample {
    pub(crate) stored_type: &'static str,
    pub(crate) schema: u16,
    pub(crate) payload: Vec<u8>,
    pub(crate) subjects: Vec<SubjectId>,
    /// Reads a payload as its own type and writes it again.
    pub(crate) again: Again,
}

type Again = fn(&str, u16, &[u8]) -> Result<Vec<u8>, CodecError>;

fn stored<E: StoredEvent>(events: Vec<E>) -> impl Iterator<Item = StoredSample> {
    events.into_iter().map(|event| StoredSample {
        stored_type: event.stored_type(),
        schema: event.schema(),
        payload: event.encode().expect("a sample can be stored"),
        subjects: event.subjects(),
        again: |stored_type, schema, payload| E::decode(stored_type, schema, payload)?.encode(),
    })
}

/// A sample of every event there is.
pub(crate) fn stored_events() -> Vec<StoredSample> {
    stored(crate::developer::Developer::events())
        .chain(stored(crate::devgroup::DevGroup::events()))
        .chain(stored(crate::integration::Integration::events()))
        .chain(stored(crate::staff::Staff::events()))
        .chain(stored(crate::prodaccount::ProdAccount::events()))
        .chain(stored(crate::prodgroup::ProdGroup::events()))
        .chain(stored(crate::gateway::Gateway::events()))
        .chain(stored(crate::allowance::Allowance::events()))
        .chain(stored(crate::roster::Roster::events()))
        .chain(stored(crate::usagewatch::UsageWatch::events()))
        .chain(stored(outcomes::claim_events()))
        .chain(stored(outcomes::mail_events()))
        .collect()
}

/// The owner of everything.
pub(crate) fn owner() -> DeveloperId {
    DeveloperId::from_uuid(uuid(0xd0))
}

pub(crate) fn dev_group() -> DevGroupId {
    DevGroupId::from_uuid(uuid(0xa0))
}

pub(crate) fn other_dev_group() -> DevGroupId {
    DevGroupId::from_uuid(uuid(0xa1))
}

pub(crate) fn prod_account() -> ProdAccountId {
    ProdAccountId::from_uuid(uuid(0xac))
}

pub(crate) fn prod_group() -> ProdGroupId {
    ProdGroupId::from_uuid(uuid(0xb0))
}

pub(crate) fn integration() -> IntegrationId {
    IntegrationId::from_uuid(uuid(0x1d))
}

pub(crate) fn member_of_staff() -> StaffId {
    StaffId::from_uuid(uuid(0x57))
}

/// The person behind the samples.
pub(crate) fn subject() -> SubjectId {
    SubjectId::from_uuid(uuid(0x5b))
}
