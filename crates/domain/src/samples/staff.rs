use super::{Samples, member_of_staff, one_of_each, owner, subject};
use crate::{
    ids::CredentialId,
    staff::{Command, Enrol, Enrolled, Event, Left, Rejection, RoleAssigned, Staff, StaffRole},
    testing::{fingerprint, fold, sealed, uuid},
};

pub(crate) fn enrol() -> Enrol {
    Enrol {
        staff: member_of_staff(),
        subject: subject(),
        email: sealed(subject(), 3),
        email_fingerprint: fingerprint(3),
        domain_fingerprint: Some(fingerprint(4)),
        name: sealed(subject(), 4),
        credential: CredentialId::from_uuid(uuid(0xc1)),
        role: StaffRole::Approver,
        own_developers: vec![owner()],
    }
}

pub(crate) fn enrolled() -> Enrolled {
    let Enrol {
        staff: _,
        subject,
        email,
        email_fingerprint,
        domain_fingerprint,
        name,
        credential,
        role,
        own_developers,
    } = enrol();
    Enrolled { subject, email, email_fingerprint, domain_fingerprint, name, credential, role, own_developers }
}

impl Samples for Staff {
    fn phases() -> Vec<Self> {
        let enrolled = Event::Enrolled(enrolled());
        one_of_each! {
            Staff::Absent => Staff::default(),
            Staff::Active(_) => fold(std::slice::from_ref(&enrolled)),
            Staff::Gone(_) => fold(&[enrolled, Event::Left(Left {})]),
        }
    }

    fn commands() -> Vec<Command> {
        one_of_each! {
            Command::Enrol(_) => Command::Enrol(enrol()),
            Command::AssignRole { .. } => Command::AssignRole { role: StaffRole::Auditor },
            Command::Leave => Command::Leave,
        }
    }

    fn events() -> Vec<Event> {
        one_of_each! {
            Event::Enrolled(_) => Event::Enrolled(enrolled()),
            Event::RoleAssigned(_) => Event::RoleAssigned(RoleAssigned { role: StaffRole::Auditor }),
            Event::Left(_) => Event::Left(Left {}),
        }
    }

    fn code(rejection: &Rejection) -> &'static str {
        rejection.code()
    }
}
