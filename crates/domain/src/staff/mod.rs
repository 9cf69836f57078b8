//! Members of staff: a realm of their own, with a second factor from the start.

#[cfg(test)]
mod tests;

use crate::{
    claim::{ClaimChange, ClaimKey},
    decider::{Context, Decider, Decision, Unexpected},
    ids::{CredentialId, DeveloperId, StaffId, SubjectId},
    sealed::{Fingerprint, Sealed, Subjects},
    stored_events,
};
use serde::{Deserialize, Serialize};

/// Requests about staff.
#[derive(Debug, Clone)]
pub enum Command {
    /// The operator adds a member of staff.
    Enrol(Enrol),
    /// The operator changes what they may do.
    AssignRole {
        /// The new role.
        role: StaffRole,
    },
    /// The operator ends their access.
    Leave,
}

/// The operator adds a member of staff.
#[derive(Debug, Clone)]
pub struct Enrol {
    /// The new member.
    pub staff: StaffId,
    /// Whose key seals the personal fields.
    pub subject: SubjectId,
    /// Address, sealed.
    pub email: Sealed,
    /// Fingerprint of the address, in the same space as developers' addresses.
    pub email_fingerprint: Fingerprint,
    /// Fingerprint of the registrable mail domain; none for free-mail.
    pub domain_fingerprint: Option<Fingerprint>,
    /// Name, sealed.
    pub name: Sealed,
    /// Where side state keeps password hash and second factor.
    pub credential: CredentialId,
    /// What they may do.
    pub role: StaffRole,
    /// Developer accounts of their own, declared for independence.
    pub own_developers: Vec<DeveloperId>,
}

/// What a member of staff may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum StaffRole {
    /// Reads queue and evidence.
    #[serde(rename = "reader")]
    Reader,
    /// Reads and decides.
    #[serde(rename = "approver")]
    Approver,
    /// Reads everything, decides nothing.
    #[serde(rename = "auditor")]
    Auditor,
}

/// Facts about staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Was added.
    Enrolled(Enrolled),
    /// May do something else now.
    RoleAssigned(RoleAssigned),
    /// Has no access any more.
    Left(Left),
}

/// Was added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// Whose key seals the personal fields.
    pub subject: SubjectId,
    /// Address.
    pub email: Sealed,
    /// Fingerprint of the address.
    pub email_fingerprint: Fingerprint,
    /// Fingerprint of the registrable mail domain; none for free-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain_fingerprint: Option<Fingerprint>,
    /// Name.
    pub name: Sealed,
    /// Where side state keeps password hash and second factor.
    pub credential: CredentialId,
    /// What they may do.
    pub role: StaffRole,
    /// Developer accounts of their own.
    pub own_developers: Vec<DeveloperId>,
}

/// May do something else now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleAssigned {
    /// The role in force.
    pub role: StaffRole,
}

/// Has no access any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {}

impl Subjects for Enrolled {
    fn subjects(&self) -> Vec<SubjectId> {
        vec![self.subject]
    }
}
impl Subjects for RoleAssigned {}
impl Subjects for Left {}

stored_events!(Event {
    Enrolled = "staff.enrolled" @ 1;
    RoleAssigned = "staff.role_assigned" @ 1;
    Left = "staff.left" @ 1;
});

/// The broken rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Was added already.
    #[error("this member of staff exists already")]
    AlreadyEnrolled,
    /// No such member.
    #[error("there is no such member of staff")]
    NotEnrolled,
    /// Access has ended.
    #[error("this member of staff has left")]
    HasLeft,
}

/// Phases of a member of staff.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Staff {
    /// Nothing happened yet.
    #[default]
    Absent,
    /// May sign in.
    Active(Enrolled),
    /// May not.
    Gone(Enrolled),
}

impl Decider for Staff {
    const CATEGORY: &'static str = "staff";
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command, _context: &Context<'_>) -> Result<Decision<Event>, Rejection> {
        match (command, self) {
            (Command::Enrol(enrol), Self::Absent) => Ok(enrol.decide()),
            (Command::Enrol(_), Self::Active(_)) => Err(Rejection::AlreadyEnrolled),
            (Command::AssignRole { role }, Self::Active(enrolled)) if enrolled.role == role => {
                Ok(Decision::nothing())
            }
            (Command::AssignRole { role }, Self::Active(_)) => {
                Ok(Decision::events([Event::RoleAssigned(RoleAssigned { role })]))
            }
            // The address stays claimed: decisions on record go on naming one person.
            (Command::Leave, Self::Active(_)) => Ok(Decision::events([Event::Left(Left {})])),
            (Command::AssignRole { .. } | Command::Leave, Self::Absent) => Err(Rejection::NotEnrolled),
            (Command::Enrol(_) | Command::AssignRole { .. } | Command::Leave, Self::Gone(_)) => {
                Err(Rejection::HasLeft)
            }
        }
    }

    fn evolve(self, event: &Event) -> Result<Self, Unexpected> {
        match (event, self) {
            (Event::Enrolled(enrolled), Self::Absent) => Ok(Self::Active(enrolled.clone())),
            (Event::RoleAssigned(assigned), Self::Active(enrolled)) => {
                Ok(Self::Active(Enrolled { role: assigned.role, ..enrolled }))
            }
            (Event::Left(_), Self::Active(enrolled)) => Ok(Self::Gone(enrolled)),
            (Event::Enrolled(_), state @ (Self::Active(_) | Self::Gone(_)))
            | (Event::RoleAssigned(_) | Event::Left(_), state @ (Self::Absent | Self::Gone(_))) => {
                Err(state.unexpected(event))
            }
        }
    }

    fn phase(&self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Active(_) => "active",
            Self::Gone(_) => "gone",
        }
    }
}

impl Enrol {
    fn decide(self) -> Decision<Event> {
        let claim = ClaimChange::Take {
            key: ClaimKey::StaffEmail(self.email_fingerprint),
            holder: Staff::stream(self.staff.uuid()),
        };
        Decision::events([Event::Enrolled(Enrolled {
            subject: self.subject,
            email: self.email,
            email_fingerprint: self.email_fingerprint,
            domain_fingerprint: self.domain_fingerprint,
            name: self.name,
            credential: self.credential,
            role: self.role,
            own_developers: self.own_developers,
        })])
        .with_claim(claim)
    }
}
