use super::{Samples, one_of_each, owner, prod_account, prod_group, subject};
use crate::{
    address::MailboxClass,
    ids::IntentId,
    prodaccount::{
        Command, ContactChallengeRequested, ContactDeclared, ContactInput, ContactProven, Event, GroupOpened,
        Open, Opened, ProdAccount, Rejection,
    },
    testing::{at, fingerprint, fold, sealed, uuid},
};

fn intent() -> IntentId {
    IntentId::from_uuid(uuid(0x17))
}

/// A contact mailbox; another number is another mailbox.
fn contact(number: u8) -> ContactInput {
    ContactInput {
        address: sealed(subject(), number),
        fingerprint: fingerprint(number),
        domain_fingerprint: Some(fingerprint(9)),
        class: MailboxClass::Role,
    }
}

fn opened() -> Opened {
    Opened {
        vendor_name: "Acme".to_owned(),
        owner: owner(),
        subject: subject(),
        support_url: Some("https://acme-quizzes.com/help".to_owned()),
    }
}

fn declared() -> ContactDeclared {
    let ContactInput { address, fingerprint, domain_fingerprint, class } = contact(5);
    ContactDeclared { epoch: 1, address, fingerprint, domain_fingerprint, class }
}

fn challenge() -> ContactChallengeRequested {
    ContactChallengeRequested { intent: intent(), epoch: 1, expires_at: at("2026-11-08T10:00:00Z") }
}

impl Samples for ProdAccount {
    fn phases() -> Vec<Self> {
        let opened = Event::Opened(opened());
        let in_use = [
            opened.clone(),
            Event::ContactDeclared(declared()),
            Event::ContactChallengeRequested(challenge()),
        ];
        one_of_each! {
            ProdAccount::Absent => ProdAccount::default(),
            ProdAccount::Opening(_) => fold(&[opened]),
            ProdAccount::Open(_) => fold(&in_use),
        }
    }

    fn commands() -> Vec<Command> {
        let open = Open {
            account: prod_account(),
            owner: owner(),
            vendor_name: "Acme".to_owned(),
            subject: subject(),
            contact: contact(5),
            support_url: None,
        };
        one_of_each! {
            Command::Open(_) => Command::Open(open),
            Command::DeclareContact { .. } => Command::DeclareContact { by: owner(), contact: contact(6) },
            Command::RequestContactChallenge { .. } => {
                Command::RequestContactChallenge { by: owner(), intent: IntentId::from_uuid(uuid(0x18)) }
            },
            Command::ConfirmContact { .. } => Command::ConfirmContact { by: owner(), intent: intent() },
            Command::OpenGroup { .. } => Command::OpenGroup { by: owner(), group: prod_group() },
        }
    }

    fn events() -> Vec<Event> {
        let proven = ContactProven { intent: intent(), epoch: 1, proven_at: at("2026-11-05T11:00:00Z") };
        one_of_each! {
            Event::Opened(_) => Event::Opened(opened()),
            Event::ContactDeclared(_) => Event::ContactDeclared(declared()),
            Event::ContactChallengeRequested(_) => Event::ContactChallengeRequested(challenge()),
            Event::ContactProven(_) => Event::ContactProven(proven),
            Event::GroupOpened(_) => Event::GroupOpened(GroupOpened { group: prod_group() }),
        }
    }

    fn code(rejection: &Rejection) -> &'static str {
        rejection.code()
    }
}
