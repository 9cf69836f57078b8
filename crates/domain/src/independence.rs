//! Who of staff may decide about whom: approvers, and nobody about their own.

use crate::{
    ids::{DeveloperId, StaffId},
    sealed::Fingerprint,
    staff::StaffRole,
};

/// A member of staff and everything independence is judged by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewer {
    /// Who.
    pub staff: StaffId,
    /// What they may do.
    pub role: StaffRole,
    /// Fingerprint of their address.
    pub email_fingerprint: Fingerprint,
    /// Fingerprint of their mail domain; none for free-mail.
    pub domain_fingerprint: Option<Fingerprint>,
    /// Developer accounts they declared as their own.
    pub own_developers: Vec<DeveloperId>,
    /// The people of the group or account they decide about.
    pub people: People,
}

/// Everybody who belongs, or ever belonged, to a group or an account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct People {
    /// Ever members and inviters.
    pub developers: Vec<DeveloperId>,
    /// Fingerprints of their addresses and of the contact.
    pub email_fingerprints: Vec<Fingerprint>,
    /// Fingerprints of their mail domains and the contact's; free-mail left out.
    pub domain_fingerprints: Vec<Fingerprint>,
}

/// Why somebody may not decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// Reads only.
    NotAnApprover,
    /// Is or was one of the people, or works where they do.
    NotIndependent,
}

impl Reviewer {
    /// An approver who neither is nor was one of the people, nor works where they do.
    pub(crate) fn check(&self) -> Result<(), Unfit> {
        match self.role {
            StaffRole::Approver => {}
            StaffRole::Reader | StaffRole::Auditor => return Err(Unfit::NotAnApprover),
        }
        let Self { people, own_developers, email_fingerprint, domain_fingerprint, .. } = self;
        let belongs = own_developers.iter().any(|developer| people.developers.contains(developer));
        let same_address = people.email_fingerprints.contains(email_fingerprint);
        let same_domain =
            domain_fingerprint.is_some_and(|domain| people.domain_fingerprints.contains(&domain));
        if belongs || same_address || same_domain { Err(Unfit::NotIndependent) } else { Ok(()) }
    }
}

/// Whether the first of two approvals still stands: who gave it might give it again, by what is known of them
/// now.
pub(crate) fn stands(given_by: StaffId, now: Option<&Reviewer>) -> bool {
    now.is_some_and(|reviewer| reviewer.staff == given_by && reviewer.check().is_ok())
}
