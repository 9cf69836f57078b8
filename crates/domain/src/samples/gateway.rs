use super::{Samples, one_of_each};
use crate::{
    gateway::{
        Command, CredentialIssued, CredentialRevoked, Event, Gateway, NewCredential, Registered, Rejection,
        Retired, Settings,
    },
    ids::GatewayCredentialId,
    staff::StaffRole,
    testing::{at, fold, uuid},
};
use std::num::NonZeroU32;

pub(crate) fn credential(number: u128) -> NewCredential {
    let credential = GatewayCredentialId::from_uuid(uuid(number));
    NewCredential { credential, last_four: "wxyz".to_owned() }
}

pub(crate) fn settings() -> Settings {
    Settings { signed: true, calls_per_second_max: NonZeroU32::new(5_000) }
}

pub(crate) fn registered() -> Event {
    Event::Registered(Registered { name: "Gateway Frankfurt".to_owned(), settings: settings() })
}

pub(crate) fn issued(number: u128) -> Event {
    let NewCredential { credential, last_four } = credential(number);
    let issued_at = at("2026-11-05T10:00:00Z");
    Event::CredentialIssued(CredentialIssued { credential, last_four, issued_at })
}

impl Samples for Gateway {
    fn phases() -> Vec<Self> {
        one_of_each! {
            Gateway::Absent => Gateway::default(),
            Gateway::Active(_) => fold(&[registered(), issued(1)]),
            Gateway::Retired => fold(&[registered(), issued(1), Event::Retired(Retired {})]),
        }
    }

    fn commands() -> Vec<Command> {
        let role = Some(StaffRole::Approver);
        one_of_each! {
            Command::Register { .. } => {
                let name = "Gateway Frankfurt".to_owned();
                Command::Register { role, name, settings: settings(), credential: credential(1) }
            },
            Command::IssueCredential { .. } => Command::IssueCredential { role, credential: credential(2) },
            Command::RevokeCredential { .. } => {
                Command::RevokeCredential { role, credential: credential(1).credential }
            },
            Command::Retire { .. } => Command::Retire { role },
        }
    }

    fn events() -> Vec<Event> {
        let credential = credential(1).credential;
        one_of_each! {
            Event::Registered(_) => registered(),
            Event::CredentialIssued(_) => issued(1),
            Event::CredentialRevoked(_) => Event::CredentialRevoked(CredentialRevoked { credential }),
            Event::Retired(_) => Event::Retired(Retired {}),
        }
    }

    fn code(rejection: &Rejection) -> &'static str {
        rejection.code()
    }
}
