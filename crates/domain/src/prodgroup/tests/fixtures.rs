//! Histories of one group, one for each phase, as the deciders write them.

use super::{
    checklist::{Check, Checklist},
    *,
};
use crate::{decider::StoredEvent, ids::DevGroupId};

pub(super) const GROUP: ProdGroupId = ProdGroupId::from_uuid(uuid::Uuid::from_u128(1));
pub(super) const ACCOUNT: ProdAccountId = ProdAccountId::from_uuid(uuid::Uuid::from_u128(2));
pub(super) const DEVELOPER: DeveloperId = DeveloperId::from_uuid(uuid::Uuid::from_u128(3));
pub(super) const SUBJECT: SubjectId = SubjectId::from_uuid(uuid::Uuid::from_u128(4));
pub(super) const SUBMISSION: SubmissionId = SubmissionId::from_uuid(uuid::Uuid::from_u128(5));
pub(super) const ALICE: StaffId = StaffId::from_uuid(uuid::Uuid::from_u128(6));
pub(super) const BOB: StaffId = StaffId::from_uuid(uuid::Uuid::from_u128(7));
pub(super) const CAROL: StaffId = StaffId::from_uuid(uuid::Uuid::from_u128(9));
pub(super) const OWNER: Option<Role> = Some(Role::Owner);
pub(super) const ADMIN: Option<Role> = Some(Role::Admin);

pub(super) fn now() -> DateTime<Utc> {
    at("2026-11-22T12:00:00Z")
}

/// When an open submission, or a request for changes, of these histories expires.
pub(super) fn deadline() -> DateTime<Utc> {
    now() + TimeDelta::days(60)
}

pub(super) fn known() -> KnownNames {
    KnownNames { vendor: "Acme".to_owned(), integrations: vec!["Quiz".to_owned()] }
}

pub(super) fn integration(number: u128) -> IntegrationId {
    IntegrationId::from_uuid(uuid(number))
}

pub(super) fn elsewhere() -> GroupRef {
    GroupRef::Development(DevGroupId::from_uuid(uuid(8)))
}

fn holder() -> String {
    prodaccount::name_holder(ACCOUNT)
}

fn only_key(name: &str) -> ClaimKey {
    let [key] = names::claim_keys(name).try_into().expect("a name with one key");
    ClaimKey::Name(key)
}

pub(super) fn take(name: &str) -> ClaimChange {
    ClaimChange::Take { key: only_key(name), holder: holder() }
}

pub(super) fn release(name: &str) -> ClaimChange {
    ClaimChange::Release { key: only_key(name), holder: holder() }
}

pub(super) fn standard() -> Asked {
    Asked { tier: Tier::Standard, limits: Policy::default().standard }
}

/// One call more than the large tier.
pub(super) fn above_large() -> Asked {
    let large = Policy::default().large;
    Asked { tier: Tier::Custom, limits: Limits { calls: large.calls + 1, ..large } }
}

/// A checklist in which these checks are red.
pub(super) fn red(codes: &[CheckCode]) -> Checklist {
    let advisory = |code| matches!(code, CheckCode::ContactRole | CheckCode::SecondOwner);
    let check =
        |&code: &CheckCode| Check { code, green: false, advisory: advisory(code), fix: "Fix it.".to_owned() };
    Checklist { checks: codes.iter().map(check).collect() }
}

pub(super) fn evidence() -> Evidence {
    Evidence {
        group_name: "Acme - Quiz".to_owned(),
        contact: None,
        integrations: vec![(integration(1), 1)],
        asked: None,
        checklist: red(&[]),
    }
}

pub(super) fn drafted(name: &str) -> Event {
    let limits = Policy::default().development;
    Event::Drafted(Drafted { account: ACCOUNT, name: name.to_owned(), limits })
}

pub(super) fn admitted(number: u128) -> Event {
    Event::IntegrationAdmitted(IntegrationAdmitted { integration: integration(number) })
}

/// An integration and limits asked for: lacks nothing for submission.
pub(super) fn ready_for(asked: Asked) -> Vec<Event> {
    let limits_asked = LimitsAsked { asked, justification: sealed(SUBJECT, 1) };
    vec![drafted("Acme - Quiz"), admitted(1), Event::LimitsAsked(limits_asked)]
}

pub(super) fn submitted_for(asked: Asked) -> Vec<Event> {
    let submitted = Submitted {
        submission: SUBMISSION,
        by: DEVELOPER,
        asked,
        evidence_hash: evidence().hash(),
        evidence: evidence(),
        expires_at: deadline(),
    };
    with(ready_for(asked), Event::Submitted(submitted))
}

pub(super) fn in_review_for(asked: Asked) -> Vec<Event> {
    let started = ReviewStarted { submission: SUBMISSION, staff: ALICE };
    with(submitted_for(asked), Event::ReviewStarted(started))
}

pub(super) fn ready() -> Vec<Event> {
    ready_for(standard())
}

pub(super) fn submitted() -> Vec<Event> {
    submitted_for(standard())
}

pub(super) fn in_review() -> Vec<Event> {
    in_review_for(standard())
}

pub(super) fn first_approved() -> Vec<Event> {
    let first =
        FirstApprovalRecorded { submission: SUBMISSION, staff: ALICE, evidence_hash: evidence().hash() };
    with(in_review_for(above_large()), Event::FirstApprovalRecorded(first))
}

pub(super) fn changes_requested() -> Vec<Event> {
    let changes = ChangesRequested {
        submission: SUBMISSION,
        staff: ALICE,
        reason: ReasonCode::Naming,
        note: None,
        expires_at: deadline(),
    };
    with(in_review(), Event::ChangesRequested(changes))
}

pub(super) fn approved() -> Vec<Event> {
    let approved = ProductionApproved {
        submission: SUBMISSION,
        staff: vec![ALICE],
        tier: Tier::Standard,
        limits: standard().limits,
        evidence_hash: evidence().hash(),
        policy_version: 1,
        approved_at: now(),
    };
    with(in_review(), Event::ProductionApproved(approved))
}

pub(super) fn refused() -> Vec<Event> {
    let refused =
        ProductionRefused { submission: SUBMISSION, staff: ALICE, reason: ReasonCode::Terms, note: None };
    with(in_review(), Event::ProductionRefused(refused))
}

pub(super) fn withdrawn() -> Vec<Event> {
    with(submitted(), Event::Withdrawn(Withdrawn { submission: SUBMISSION }))
}

pub(super) fn expired() -> Vec<Event> {
    with(submitted(), Event::SubmissionExpired(SubmissionExpired { submission: SUBMISSION }))
}

pub(super) fn every_phase() -> Vec<Vec<Event>> {
    vec![
        ready(),
        submitted(),
        in_review(),
        first_approved(),
        changes_requested(),
        approved(),
        refused(),
        withdrawn(),
        expired(),
    ]
}

fn with(mut history: Vec<Event>, event: Event) -> Vec<Event> {
    history.push(event);
    history
}

/// The stored type of an event, for tests that care for the kind alone.
pub(super) fn kind(event: &Event) -> &'static str {
    event.stored_type()
}

/// An approver who has nothing to do with the account.
pub(super) fn independent(staff: StaffId) -> Reviewer {
    Reviewer {
        staff,
        role: StaffRole::Approver,
        email_fingerprint: fingerprint(100),
        domain_fingerprint: Some(fingerprint(101)),
        own_developers: vec![DeveloperId::from_uuid(uuid(102))],
        people: People {
            developers: vec![DEVELOPER],
            email_fingerprints: vec![fingerprint(110)],
            domain_fingerprints: vec![fingerprint(111)],
        },
    }
}
