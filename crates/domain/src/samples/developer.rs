use super::{Samples, dev_group, one_of_each, owner, prod_account, prod_group, subject};
use crate::{
    developer::{
        AccountJoined, Command, Developer, Event, GroupJoined, Register, Registered, Rejection, Role,
    },
    group::GroupRef,
    ids::CredentialId,
    testing::{at, fingerprint, fold, sealed, uuid},
};

pub(crate) fn register() -> Register {
    Register {
        developer: owner(),
        subject: subject(),
        email: sealed(subject(), 1),
        email_fingerprint: fingerprint(1),
        domain_fingerprint: Some(fingerprint(2)),
        name: sealed(subject(), 2),
        credential: CredentialId::from_uuid(uuid(0xc0)),
        terms_version: "2026-11".to_owned(),
        locale: "en".to_owned(),
    }
}

pub(crate) fn registered() -> Registered {
    let Register { subject, email, email_fingerprint, domain_fingerprint, name, credential, .. } = register();
    let Register { terms_version, locale, .. } = register();
    let proven_at = at("2026-11-02T10:00:00Z");
    Registered {
        subject,
        email,
        email_fingerprint,
        domain_fingerprint,
        name,
        credential,
        terms_version,
        locale,
        proven_at,
    }
}

impl Samples for Developer {
    fn phases() -> Vec<Self> {
        one_of_each! {
            Developer::Absent => Developer::default(),
            Developer::Active(_) => fold(&[Event::Registered(registered())]),
        }
    }

    fn commands() -> Vec<Command> {
        one_of_each! {
            Command::Register(_) => Command::Register(register()),
            Command::JoinGroup { .. } => {
                Command::JoinGroup { group: GroupRef::Development(dev_group()), role: Role::Owner }
            },
            Command::JoinAccount { .. } => Command::JoinAccount { account: prod_account(), role: Role::Owner },
        }
    }

    fn events() -> Vec<Event> {
        one_of_each! {
            Event::Registered(_) => Event::Registered(registered()),
            Event::GroupJoined(_) => {
                Event::GroupJoined(GroupJoined { group: GroupRef::Production(prod_group()), role: Role::Admin })
            },
            Event::AccountJoined(_) => {
                Event::AccountJoined(AccountJoined { account: prod_account(), role: Role::Owner })
            },
        }
    }

    fn code(rejection: &Rejection) -> &'static str {
        rejection.code()
    }
}
