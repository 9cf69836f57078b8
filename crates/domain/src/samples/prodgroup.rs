//! A group that asks for more than the large tier, so that two of staff must approve.

use super::{
    Samples, dev_group, integration, member_of_staff, one_of_each, owner, prod_account, prod_group, subject,
};
use crate::{
    address::MailboxClass,
    decider::Decider,
    developer::Role,
    group::{GroupRef, Limits},
    ids::{StaffId, SubmissionId},
    policy::{Policy, Tier},
    prodgroup::{
        Asked, ChangesRequested, Command, Drafted, Event, FirstApprovalRecorded, IntegrationAdmitted,
        IntegrationReleased, KnownNames, LimitsAsked, People, ProdGroup, ProductionApproved,
        ProductionRefused, ReasonCode, Rejection, Renamed, ReviewStarted, Reviewer, SubmissionExpired,
        Submitted, Withdrawn,
        checklist::{Check, CheckCode, Checklist, ContactView, Evidence},
    },
    staff::StaffRole,
    testing::{at, fingerprint, fold, sealed, uuid},
};
use chrono::{DateTime, Utc};

const ROLE: Option<Role> = Some(Role::Owner);

fn submission() -> SubmissionId {
    SubmissionId::from_uuid(uuid(0x5a))
}

fn second_member_of_staff() -> StaffId {
    StaffId::from_uuid(uuid(0x58))
}

fn asked() -> Asked {
    Asked { tier: Tier::Custom, limits: Limits { calls: 1_000_000, sites: 100, ..Policy::default().large } }
}

fn limits_asked() -> LimitsAsked {
    LimitsAsked { asked: asked(), justification: sealed(subject(), 7) }
}

fn deadline() -> DateTime<Utc> {
    at("2027-01-04T10:00:00Z")
}

fn evidence() -> Evidence {
    let green = |code| Check { code, green: true, advisory: false, fix: String::new() };
    let second_owner = Check {
        green: false,
        advisory: true,
        fix: "Add a second owner.".to_owned(),
        ..green(CheckCode::SecondOwner)
    };
    Evidence {
        group_name: "Acme - Quiz".to_owned(),
        contact: Some(ContactView {
            epoch: 1,
            fingerprint: fingerprint(5),
            class: MailboxClass::Role,
            proven_at: at("2026-11-05T11:00:00Z"),
            open_to_strangers: false,
        }),
        integrations: vec![(integration(), 2)],
        asked: Some((asked().tier, asked().limits)),
        checklist: Checklist { checks: vec![green(CheckCode::ContactProven), second_owner] },
    }
}

fn known() -> KnownNames {
    KnownNames { vendor: "Acme".to_owned(), integrations: vec!["Quiz".to_owned()] }
}

fn reviewer(staff: StaffId) -> Reviewer {
    Reviewer {
        staff,
        role: StaffRole::Approver,
        email_fingerprint: fingerprint(0x58),
        domain_fingerprint: None,
        own_developers: Vec::new(),
        people: People { developers: vec![owner()], ..People::default() },
    }
}

fn drafted() -> Drafted {
    Drafted { account: prod_account(), name: "Acme - Quiz".to_owned(), limits: Policy::default().development }
}

fn submitted() -> Submitted {
    let evidence = evidence();
    Submitted {
        submission: submission(),
        by: owner(),
        asked: asked(),
        evidence_hash: evidence.hash(),
        evidence,
        expires_at: deadline(),
    }
}

fn first_approval() -> FirstApprovalRecorded {
    FirstApprovalRecorded {
        submission: submission(),
        staff: member_of_staff(),
        evidence_hash: evidence().hash(),
    }
}

fn changes_requested() -> ChangesRequested {
    ChangesRequested {
        submission: submission(),
        staff: member_of_staff(),
        reason: ReasonCode::Naming,
        note: Some(sealed(subject(), 8)),
        expires_at: deadline(),
    }
}

fn approved() -> ProductionApproved {
    ProductionApproved {
        submission: submission(),
        staff: vec![member_of_staff(), second_member_of_staff()],
        tier: asked().tier,
        limits: asked().limits,
        evidence_hash: evidence().hash(),
        policy_version: 1,
        approved_at: at("2026-11-06T10:00:00Z"),
    }
}

fn refused() -> ProductionRefused {
    ProductionRefused {
        submission: submission(),
        staff: member_of_staff(),
        reason: ReasonCode::Terms,
        note: Some(sealed(subject(), 9)),
    }
}

/// A draft with all that a submission needs, and then these facts.
fn ready_and(events: &[Event]) -> ProdGroup {
    let admitted = Event::IntegrationAdmitted(IntegrationAdmitted { integration: integration() });
    let ready = [Event::Drafted(drafted()), admitted, Event::LimitsAsked(limits_asked())];
    fold(&[&ready, events].concat())
}

impl Samples for ProdGroup {
    fn phases() -> Vec<Self> {
        let handed_in = Event::Submitted(submitted());
        let started =
            Event::ReviewStarted(ReviewStarted { submission: submission(), staff: member_of_staff() });
        let once = Event::FirstApprovalRecorded(first_approval());
        let changes = Event::ChangesRequested(changes_requested());
        let grant = Event::ProductionApproved(approved());
        let refusal = Event::ProductionRefused(refused());
        let withdrawn = Event::Withdrawn(Withdrawn { submission: submission() });
        let expired = Event::SubmissionExpired(SubmissionExpired { submission: submission() });
        let submitted_and =
            |events: &[Event]| ready_and(&[std::slice::from_ref(&handed_in), events].concat());
        let review_and = |events: &[Event]| submitted_and(&[std::slice::from_ref(&started), events].concat());
        one_of_each! {
            ProdGroup::Absent => ProdGroup::default(),
            ProdGroup::Draft(_) => ready_and(&[]),
            ProdGroup::Submitted(..) => submitted_and(&[]),
            ProdGroup::InReview(_, _, None) => review_and(&[]),
            ProdGroup::InReview(_, _, Some(_)) => review_and(std::slice::from_ref(&once)),
            ProdGroup::ChangesRequested(..) => review_and(&[changes]),
            ProdGroup::Approved(..) => review_and(&[once.clone(), grant]),
            ProdGroup::Refused(..) => review_and(&[refusal]),
            ProdGroup::Withdrawn(_) => submitted_and(&[withdrawn]),
            ProdGroup::Expired(_) => submitted_and(&[expired]),
        }
    }

    fn label(&self) -> String {
        match self {
            Self::InReview(_, _, Some(_)) => format!("{} (one approval)", self.phase()),
            Self::Absent
            | Self::Draft(_)
            | Self::Submitted(..)
            | Self::InReview(_, _, None)
            | Self::ChangesRequested(..)
            | Self::Approved(..)
            | Self::Refused(..)
            | Self::Withdrawn(_)
            | Self::Expired(_) => self.phase().to_owned(),
        }
    }

    fn commands() -> Vec<Command> {
        let (reviewer, first) = (reviewer(second_member_of_staff()), Some(reviewer(member_of_staff())));
        let evidence = evidence();
        let (reason, note) = (ReasonCode::Other, Some(sealed(subject(), 10)));
        let to = GroupRef::Development(dev_group());
        let new_integration = crate::ids::IntegrationId::from_uuid(uuid(0x2d));
        one_of_each! {
            Command::Draft { .. } => Command::Draft {
                group: prod_group(),
                account: prod_account(),
                role: ROLE,
                name: "Acme - Quiz".to_owned(),
                known: known(),
            },
            Command::Rename { .. } => Command::Rename { role: ROLE, name: "Acme".to_owned(), known: known() },
            Command::AdmitIntegration { .. } => {
                Command::AdmitIntegration { role: ROLE, integration: new_integration }
            },
            Command::ReleaseIntegration { .. } => {
                Command::ReleaseIntegration { role: ROLE, integration: integration(), to }
            },
            Command::AskLimits { .. } => Command::AskLimits {
                role: ROLE,
                asked: Asked { tier: Tier::Large, limits: Policy::default().large },
                justification: sealed(subject(), 11),
            },
            Command::Submit { .. } => Command::Submit {
                by: owner(),
                role: ROLE,
                submission: SubmissionId::from_uuid(uuid(0x5c)),
                evidence: evidence.clone(),
            },
            Command::Withdraw { .. } => Command::Withdraw { role: ROLE },
            Command::StartReview { .. } => Command::StartReview { reviewer: reviewer.clone() },
            Command::RequestChanges { .. } => {
                Command::RequestChanges { reviewer: reviewer.clone(), reason, note: note.clone() }
            },
            Command::Approve { .. } => Command::Approve { reviewer: reviewer.clone(), first, evidence },
            Command::Refuse { .. } => Command::Refuse { reviewer, reason, note },
            Command::Expire => Command::Expire,
        }
    }

    fn events() -> Vec<Event> {
        let to = GroupRef::Development(dev_group());
        one_of_each! {
            Event::Drafted(_) => Event::Drafted(drafted()),
            Event::Renamed(_) => Event::Renamed(Renamed { name: "Acme".to_owned() }),
            Event::IntegrationAdmitted(_) => {
                Event::IntegrationAdmitted(IntegrationAdmitted { integration: integration() })
            },
            Event::IntegrationReleased(_) => {
                Event::IntegrationReleased(IntegrationReleased { integration: integration(), to })
            },
            Event::LimitsAsked(_) => Event::LimitsAsked(limits_asked()),
            Event::Submitted(_) => Event::Submitted(submitted()),
            Event::Withdrawn(_) => Event::Withdrawn(Withdrawn { submission: submission() }),
            Event::ReviewStarted(_) => {
                Event::ReviewStarted(ReviewStarted { submission: submission(), staff: member_of_staff() })
            },
            Event::ChangesRequested(_) => Event::ChangesRequested(changes_requested()),
            Event::FirstApprovalRecorded(_) => Event::FirstApprovalRecorded(first_approval()),
            Event::ProductionApproved(_) => Event::ProductionApproved(approved()),
            Event::ProductionRefused(_) => Event::ProductionRefused(refused()),
            Event::SubmissionExpired(_) => {
                Event::SubmissionExpired(SubmissionExpired { submission: submission() })
            },
        }
    }

    fn code(rejection: &Rejection) -> &'static str {
        rejection.code()
    }
}
