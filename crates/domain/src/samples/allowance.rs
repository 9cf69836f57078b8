//! A development group that staff give more than its tier.

use super::{Samples, dev_group, integration, member_of_staff, one_of_each, owner, subject};
use crate::{
    allowance::{
        Allowance, Base, Command, Event, GrantAsked, GrantEnded, GrantProposed, Granted, LimitsAsked,
        LimitsProposed, LimitsSet, ReasonCode, Rejection, Resumed, ShadowEnded, ShadowSet, Share,
        SharesDeclared, Suspended, Verdict, parse::DraftLimits,
    },
    developer::Role,
    group::{GroupRef, Limits, Partition, WindowKind},
    ids::{StaffId, SubmissionId},
    independence::{People, Reviewer},
    policy::Policy,
    staff::StaffRole,
    testing::{at, fingerprint, fold, sealed, uuid},
};
use std::{collections::BTreeSet, num::NonZeroU32};

const GROUP: GroupRef = GroupRef::Development(crate::ids::DevGroupId::from_uuid(uuid::Uuid::from_u128(0xa0)));

pub(crate) fn reviewer(staff: StaffId) -> Reviewer {
    Reviewer {
        staff,
        role: StaffRole::Approver,
        email_fingerprint: fingerprint(0x58),
        domain_fingerprint: None,
        own_developers: Vec::new(),
        people: People { developers: vec![owner()], ..People::default() },
    }
}

pub(crate) fn base() -> Base {
    Base { limits: Policy::default().development, approval: None }
}

pub(crate) fn calls(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("not zero")
}

pub(crate) fn limits_asked(calls: i64) -> LimitsAsked {
    let draft = DraftLimits { calls, window_s: None, window: None, sites: None, partition: None };
    LimitsAsked::parse(draft).expect("limits")
}

pub(crate) fn verdict(reviewer: Reviewer) -> Verdict {
    Verdict { reviewer, first: None, reason: ReasonCode::Requested, note: Some(sealed(subject(), 0xa1)) }
}

fn approval() -> SubmissionId {
    SubmissionId::from_uuid(uuid(0x5a))
}

fn limits() -> Limits {
    Limits {
        calls: 600_000,
        window_s: 3_600,
        window: WindowKind::Anchored,
        sites: 60,
        partition: Partition::GroupSite,
    }
}

fn set() -> LimitsSet {
    LimitsSet {
        group: GROUP,
        limits: limits(),
        approval: Some(approval()),
        staff: vec![member_of_staff(), StaffId::from_uuid(uuid(0x58))],
        reason: ReasonCode::Contract,
        note: Some(sealed(subject(), 0xa2)),
        policy_version: 1,
    }
}

fn proposed() -> LimitsProposed {
    LimitsProposed {
        group: GROUP,
        limits: limits(),
        approval: Some(approval()),
        staff: member_of_staff(),
        reason: ReasonCode::Contract,
        note: Some(sealed(subject(), 0xa3)),
    }
}

fn granted() -> Granted {
    Granted {
        group: GROUP,
        calls: 40_000,
        until: at("2026-11-05T09:00:00Z"),
        approval: None,
        staff: vec![member_of_staff()],
        reason: ReasonCode::Peak,
        note: Some(sealed(subject(), 0xa4)),
        policy_version: 1,
    }
}

fn grant_proposed() -> GrantProposed {
    GrantProposed {
        group: GROUP,
        calls: 1_000_000,
        until: at("2026-12-01T00:00:00Z"),
        approval: Some(approval()),
        staff: member_of_staff(),
        reason: ReasonCode::Peak,
        note: Some(sealed(subject(), 0xa5)),
    }
}

pub(crate) fn suspended() -> Suspended {
    Suspended {
        group: GROUP,
        staff: member_of_staff(),
        reason: ReasonCode::Abuse,
        note: Some(sealed(subject(), 0xa6)),
        since: at("2026-11-05T08:00:00Z"),
    }
}

fn resumed() -> Resumed {
    Resumed {
        group: GROUP,
        staff: member_of_staff(),
        reason: ReasonCode::Resolved,
        note: Some(sealed(subject(), 0xa7)),
    }
}

fn shadow() -> ShadowSet {
    ShadowSet { group: GROUP, calls: 5_000, staff: member_of_staff() }
}

fn share() -> Share {
    Share { integration: integration(), at_most: Some(8_000), reserved: Some(2_000) }
}

impl Samples for Allowance {
    fn phases() -> Vec<Self> {
        let kept = [Event::Granted(granted()), Event::ShadowSet(shadow())];
        one_of_each! {
            Allowance::Untouched => Allowance::default(),
            Allowance::Active(_) => fold(&kept),
            Allowance::Suspended(..) => fold(&[kept.to_vec(), vec![Event::Suspended(suspended())]].concat()),
        }
    }

    fn commands() -> Vec<Command> {
        assert_eq!(GROUP, GroupRef::Development(dev_group()));
        let (group, base, reviewer) = (GROUP, base(), reviewer(member_of_staff()));
        let (reason, note) = (ReasonCode::Other, None);
        let integrations = BTreeSet::from([integration()]);
        one_of_each! {
            Command::SetLimits { .. } => {
                let verdict = verdict(reviewer.clone());
                Command::SetLimits { group, base, asked: limits_asked(20_000), verdict }
            },
            Command::Grant { .. } => {
                let asked = GrantAsked { calls: calls(600_000), until: at("2026-12-01T00:00:00Z") };
                Command::Grant { group, base, asked, verdict: verdict(reviewer.clone()) }
            },
            Command::EndGrant { .. } => Command::EndGrant { group },
            Command::SetShadow { .. } => {
                Command::SetShadow { group, reviewer: reviewer.clone(), calls: calls(4_000) }
            },
            Command::EndShadow { .. } => Command::EndShadow { group, reviewer: reviewer.clone() },
            Command::Suspend { .. } => {
                Command::Suspend { group, reviewer: reviewer.clone(), reason, note: note.clone() }
            },
            Command::Resume { .. } => Command::Resume { group, reviewer, reason, note },
            Command::DeclareShares { .. } => {
                let (by, role, shares) = (owner(), Some(Role::Owner), vec![share()]);
                Command::DeclareShares { group, base, by, role, integrations, shares }
            },
        }
    }

    fn events() -> Vec<Event> {
        let staff = member_of_staff();
        one_of_each! {
            Event::LimitsSet(_) => Event::LimitsSet(set()),
            Event::LimitsProposed(_) => Event::LimitsProposed(proposed()),
            Event::Granted(_) => Event::Granted(granted()),
            Event::GrantProposed(_) => Event::GrantProposed(grant_proposed()),
            Event::GrantEnded(_) => {
                Event::GrantEnded(GrantEnded { group: GROUP, at: at("2026-11-05T09:00:00Z") })
            },
            Event::ShadowSet(_) => Event::ShadowSet(shadow()),
            Event::ShadowEnded(_) => Event::ShadowEnded(ShadowEnded { group: GROUP, staff }),
            Event::Suspended(_) => Event::Suspended(suspended()),
            Event::Resumed(_) => Event::Resumed(resumed()),
            Event::SharesDeclared(_) => {
                let shares = vec![share()];
                Event::SharesDeclared(SharesDeclared { group: GROUP, by: owner(), shares })
            },
        }
    }

    fn code(rejection: &Rejection) -> &'static str {
        rejection.code()
    }
}
