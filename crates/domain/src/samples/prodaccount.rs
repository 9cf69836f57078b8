use super::{Samples, one_of_each, owner, prod_account, prod_group, subject};
use crate::{
    address::MailboxClass,
    ids::IntentId,
    prodaccount::{
        BounceCause, CheckVerdict, Command, Consequence, ContactBounced, ContactChallengeRequested,
        ContactChecked, ContactDeclared, ContactDisowned, ContactInput, ContactProofDue, ContactProofEnded,
        ContactProven, EndCause, Event, GroupOpened, Open, Opened, ProdAccount, Rejection, Sender, Signals,
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
    ContactChallengeRequested {
        intent: intent(),
        epoch: 1,
        expires_at: at("2026-11-08T10:00:00Z"),
        sender: Sender::Usual,
    }
}

fn next() -> IntentId {
    IntentId::from_uuid(uuid(0x18))
}

fn signals() -> Signals {
    Signals { mail_hosts: vec![fingerprint(1)], name_servers: vec![fingerprint(2)] }
}

fn bounced() -> ContactBounced {
    ContactBounced {
        epoch: 1,
        intent: intent(),
        cause: BounceCause::NoMailbox,
        status: "5.1.1".to_owned(),
        at: at("2026-11-06T10:00:00Z"),
        consequence: Consequence::Degrades,
    }
}

fn checked() -> ContactChecked {
    ContactChecked {
        epoch: 1,
        verdict: CheckVerdict::Unreachable,
        reason: "no_domain".to_owned(),
        signals: signals(),
        at: at("2026-11-07T10:00:00Z"),
        consequence: Consequence::Ends { at: at("2026-11-21T10:00:00Z") },
    }
}

fn disowned() -> ContactDisowned {
    ContactDisowned {
        epoch: 1,
        intent: intent(),
        at: at("2026-11-06T11:00:00Z"),
        consequence: Consequence::Nothing,
    }
}

fn due() -> ContactProofDue {
    ContactProofDue { epoch: 1, ends_at: at("2027-05-04T11:00:00Z"), reminder: 1 }
}

fn ended() -> ContactProofEnded {
    ContactProofEnded { epoch: 1, at: at("2027-05-04T11:00:00Z"), cause: EndCause::Lapsed }
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
            Command::ConfirmContact { .. } => Command::ConfirmContact { by: Some(owner()), intent: intent(), next: next() },
            Command::DisownContact { .. } => Command::DisownContact { intent: intent() },
            Command::RenewContact { .. } => Command::RenewContact { intent: next() },
            Command::RecordBounce { .. } => Command::RecordBounce {
                intent: intent(),
                cause: BounceCause::NoMailbox,
                status: "5.1.1".to_owned(),
                next: next(),
            },
            Command::RecordCheck { .. } => Command::RecordCheck {
                epoch: 1,
                verdict: CheckVerdict::Fine,
                reason: "accepted".to_owned(),
                signals: signals(),
                next: next(),
            },
            Command::EndProof => Command::EndProof,
            Command::OpenGroup { .. } => Command::OpenGroup { by: owner(), group: prod_group() },
        }
    }

    fn events() -> Vec<Event> {
        let proven = ContactProven {
            intent: intent(),
            epoch: 1,
            proven_at: at("2026-11-05T11:00:00Z"),
            sender: Sender::Usual,
        };
        one_of_each! {
            Event::Opened(_) => Event::Opened(opened()),
            Event::ContactDeclared(_) => Event::ContactDeclared(declared()),
            Event::ContactChallengeRequested(_) => Event::ContactChallengeRequested(challenge()),
            Event::ContactProven(_) => Event::ContactProven(proven),
            Event::ContactBounced(_) => Event::ContactBounced(bounced()),
            Event::ContactChecked(_) => Event::ContactChecked(checked()),
            Event::ContactDisowned(_) => Event::ContactDisowned(disowned()),
            Event::ContactProofDue(_) => Event::ContactProofDue(due()),
            Event::ContactProofEnded(_) => Event::ContactProofEnded(ended()),
            Event::GroupOpened(_) => Event::GroupOpened(GroupOpened { group: prod_group() }),
        }
    }

    fn code(rejection: &Rejection) -> &'static str {
        rejection.code()
    }
}
