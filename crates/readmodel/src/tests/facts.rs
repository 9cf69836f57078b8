//! Facts as aggregates tell them, with recognisable values.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    address::MailboxClass,
    allowance, devgroup,
    group::{GroupRef, Limits, WindowKind},
    ids::{DeveloperId, IntentId, ProdAccountId, ProdGroupId, StaffId, SubjectId, SubmissionId},
    integration::facts::Facts,
    policy::{Policy, Tier},
    prodaccount,
    prodgroup::{
        self, Asked, ReasonCode,
        checklist::{Checklist, Evidence},
    },
    sealed::{Fingerprint, Sealed},
    usagewatch,
};
use uuid::Uuid;

pub(super) fn created(owner: DeveloperId, name: &str, personal: bool) -> devgroup::Event {
    let limits = Policy::default().development;
    devgroup::Event::Created(devgroup::Created { name: name.to_owned(), personal, owner, limits })
}

pub(super) fn contact(account: ProdAccountId, epoch: u32) -> prodaccount::Event {
    prodaccount::Event::ContactDeclared(prodaccount::ContactDeclared {
        epoch,
        address: sealed(account.uuid(), u8::try_from(epoch % 200).unwrap()),
        fingerprint: Fingerprint([3; 32]),
        domain_fingerprint: None,
        class: MailboxClass::Role,
    })
}

/// A sealed field of a subject, told apart by its content.
pub(super) fn sealed(subject: Uuid, content: u8) -> Sealed {
    let subject = SubjectId::from_uuid(subject);
    Sealed { subject, key_generation: 1, nonce: vec![0; 24], ciphertext: vec![content; 20] }
}

/// Facts of a REST integration with a name and little else.
pub(super) fn facts(name: &str) -> Facts {
    let json = serde_json::json!({
        "name": name, "kinds": ["rest"], "hosts": ["quiz.example"],
        "rest": { "entitlements": ["course.attendance.VIEW"], "suggested_user": "quiz" }
    });
    serde_json::from_value(json).unwrap()
}

pub(super) fn asked() -> Asked {
    Asked { tier: Tier::Standard, limits: Policy::default().standard }
}

pub(super) fn granted() -> Limits {
    Policy::default().standard
}

pub(super) fn submission(group: ProdGroupId) -> SubmissionId {
    SubmissionId::from_uuid(group.uuid())
}

pub(super) fn reviewer() -> StaffId {
    StaffId::from_uuid(Uuid::from_u128(77))
}

pub(super) fn evidence(name: &str) -> Evidence {
    Evidence {
        group_name: name.to_owned(),
        contact: None,
        integrations: Vec::new(),
        asked: Some((Tier::Standard, granted())),
        checklist: Checklist { checks: Vec::new() },
    }
}

pub(super) fn submitted(group: ProdGroupId, by: DeveloperId, expires_at: DateTime<Utc>) -> prodgroup::Event {
    prodgroup::Event::Submitted(prodgroup::Submitted {
        submission: submission(group),
        by,
        asked: asked(),
        evidence: evidence("Acme - Quiz"),
        evidence_hash: "0".repeat(64),
        expires_at,
    })
}

pub(super) fn review_started(group: ProdGroupId) -> prodgroup::Event {
    let submission = submission(group);
    prodgroup::Event::ReviewStarted(prodgroup::ReviewStarted { submission, staff: reviewer() })
}

pub(super) fn changes_requested(group: ProdGroupId, expires_at: DateTime<Utc>) -> prodgroup::Event {
    prodgroup::Event::ChangesRequested(prodgroup::ChangesRequested {
        submission: submission(group),
        staff: reviewer(),
        reason: ReasonCode::Contact,
        note: Some(sealed(group.uuid(), 8)),
        expires_at,
    })
}

pub(super) fn approved(group: ProdGroupId, approved_at: DateTime<Utc>) -> prodgroup::Event {
    prodgroup::Event::ProductionApproved(prodgroup::ProductionApproved {
        submission: submission(group),
        staff: vec![reviewer()],
        tier: Tier::Standard,
        limits: granted(),
        evidence_hash: "0".repeat(64),
        policy_version: 1,
        approved_at,
    })
}

/// A threshold of a group.
pub(super) fn reached(group: GroupRef, percent: u8, since: DateTime<Utc>) -> usagewatch::Reached {
    usagewatch::Reached {
        group,
        limit_of: usagewatch::LimitOf::Group,
        part: None,
        percent,
        limit: 10_000,
        window_s: 86_400,
        window: WindowKind::Rolling,
        since,
        mailed: percent >= usagewatch::MAILED_FROM_PERCENT,
    }
}

/// Every fact of what is set for a group, in an order in which each can follow the one before.
pub(super) fn allowances(group: GroupRef, by: DeveloperId, now: DateTime<Utc>) -> Vec<allowance::Event> {
    use allowance::{Event, ReasonCode};
    let (staff, policy_version, approval) = (reviewer(), 1, None);
    let limits = Limits { calls: 20_000, ..Policy::default().development };
    let (calls, until, reason) = (40_000, now + TimeDelta::days(7), ReasonCode::Requested);
    let note = Some(sealed(Uuid::from_u128(78), 10));
    vec![
        Event::LimitsProposed(allowance::LimitsProposed {
            group,
            limits,
            approval,
            staff,
            reason,
            note: note.clone(),
        }),
        Event::LimitsSet(allowance::LimitsSet {
            group,
            limits,
            approval,
            staff: vec![staff],
            reason,
            note: note.clone(),
            policy_version,
        }),
        Event::GrantProposed(allowance::GrantProposed {
            group,
            calls,
            until,
            approval,
            staff,
            reason,
            note: note.clone(),
        }),
        Event::Granted(allowance::Granted {
            group,
            calls,
            until,
            approval,
            staff: vec![staff],
            reason,
            note: note.clone(),
            policy_version,
        }),
        Event::GrantEnded(allowance::GrantEnded { group, at: now }),
        Event::ShadowSet(allowance::ShadowSet { group, calls, staff }),
        Event::ShadowEnded(allowance::ShadowEnded { group, staff }),
        Event::SharesDeclared(allowance::SharesDeclared { group, by, shares: Vec::new() }),
        Event::Suspended(allowance::Suspended { group, staff, reason, note: note.clone(), since: now }),
        Event::Resumed(allowance::Resumed { group, staff, reason, note }),
    ]
}

/// Every fact a promotion can have, in an order in which each can follow the one before.
pub(super) fn promotion(group: ProdGroupId, by: DeveloperId, now: DateTime<Utc>) -> Vec<prodgroup::Event> {
    use prodgroup::Event;
    let submission = submission(group);
    let expires_at = now + TimeDelta::days(60);
    let submit = submitted(group, by, expires_at);
    let review = review_started(group);
    let refused = prodgroup::ProductionRefused {
        submission,
        staff: reviewer(),
        reason: ReasonCode::Terms,
        note: Some(sealed(group.uuid(), 9)),
    };
    let first =
        prodgroup::FirstApprovalRecorded { submission, staff: reviewer(), evidence_hash: "0".repeat(64) };
    vec![
        Event::Renamed(prodgroup::Renamed { name: "Acme".to_owned() }),
        Event::LimitsAsked(prodgroup::LimitsAsked { asked: asked(), justification: sealed(group.uuid(), 7) }),
        submit.clone(),
        Event::Withdrawn(prodgroup::Withdrawn { submission }),
        submit.clone(),
        Event::SubmissionExpired(prodgroup::SubmissionExpired { submission }),
        submit.clone(),
        review.clone(),
        changes_requested(group, expires_at),
        submit.clone(),
        review.clone(),
        Event::ProductionRefused(refused),
        submit,
        review,
        Event::FirstApprovalRecorded(first),
        approved(group, now),
    ]
}

/// What becomes of a proven contact, each kind of fact once.
pub(super) fn contact_watched(at: DateTime<Utc>) -> Vec<prodaccount::Event> {
    use prodaccount::{
        BounceCause, CheckVerdict, Consequence, ContactBounced, ContactChecked, ContactDisowned,
        ContactProofDue, ContactProofEnded, EndCause, Event, Signals,
    };
    let (epoch, intent, consequence) = (1, IntentId::from_uuid(Uuid::from_u128(0x17)), Consequence::Degrades);
    let (cause, status) = (BounceCause::NoMailbox, "5.1.1".to_owned());
    let (verdict, reason, signals) = (CheckVerdict::Doubtful, "no_domain".to_owned(), Signals::default());
    vec![
        Event::ContactProofDue(ContactProofDue { epoch, ends_at: at, reminder: 1 }),
        Event::ContactChecked(ContactChecked { epoch, verdict, reason, signals, at, consequence }),
        Event::ContactBounced(ContactBounced { epoch, intent, cause, status, at, consequence }),
        Event::ContactDisowned(ContactDisowned { epoch, intent, at, consequence: Consequence::Ends { at } }),
        Event::ContactProofEnded(ContactProofEnded { epoch, at, cause: EndCause::Withdrawn }),
    ]
}
