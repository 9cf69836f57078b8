use super::{Samples, dev_group, integration, one_of_each, other_dev_group, owner};
use crate::{
    devgroup::{
        Command, Created, DevGroup, Event, IntegrationAdmitted, IntegrationReleased, Rejection, Renamed,
    },
    group::GroupRef,
    policy::Policy,
    testing::fold,
};

pub(crate) fn created() -> Created {
    Created {
        name: "Acme - Quiz - Team 1".to_owned(),
        personal: false,
        owner: owner(),
        limits: Policy::default().development,
    }
}

impl Samples for DevGroup {
    fn phases() -> Vec<Self> {
        one_of_each! {
            DevGroup::Absent => DevGroup::default(),
            DevGroup::Active(_) => fold(&[Event::Created(created())]),
        }
    }

    fn commands() -> Vec<Command> {
        let to = GroupRef::Development(other_dev_group());
        one_of_each! {
            Command::Create { .. } => {
                Command::Create { group: dev_group(), owner: owner(), name: Some("Acme - Quiz".to_owned()) }
            },
            Command::Rename { .. } => {
                Command::Rename { group: dev_group(), by: owner(), name: "Acme - Polls".to_owned() }
            },
            Command::AdmitIntegration { .. } => {
                Command::AdmitIntegration { by: owner(), integration: integration() }
            },
            Command::ReleaseIntegration { .. } => {
                Command::ReleaseIntegration { by: owner(), integration: integration(), to }
            },
        }
    }

    fn events() -> Vec<Event> {
        let to = GroupRef::Development(other_dev_group());
        one_of_each! {
            Event::Created(_) => Event::Created(created()),
            Event::Renamed(_) => Event::Renamed(Renamed { name: "Acme - Polls".to_owned() }),
            Event::IntegrationAdmitted(_) => {
                Event::IntegrationAdmitted(IntegrationAdmitted { integration: integration() })
            },
            Event::IntegrationReleased(_) => {
                Event::IntegrationReleased(IntegrationReleased { integration: integration(), to })
            },
        }
    }

    fn code(rejection: &Rejection) -> &'static str {
        rejection.code()
    }
}
