//! What staff and vendors set for groups.

use crate::bench::{Bench, Keyed as _, complete, rest};
use app::{AppError, allowances::Why, integrations::IssuedSecret, staff::Enrolment};
use chrono::TimeDelta;
use domain::{
    actor::Actor,
    allowance::{
        GrantAsked, GrantEnded, Granted, LimitsAsked, LimitsProposed, LimitsSet, ReasonCode, Rejection,
        Share, Suspended, parse::DraftLimits,
    },
    group::GroupRef,
    ids::StaffId,
    integration::{self, TestMode},
    staff::StaffRole,
};
use eventlog::{Record, StreamVersion};
use std::{num::NonZeroU32, time::Duration};

fn limits(calls: i64) -> LimitsAsked {
    let draft = DraftLimits { calls, window_s: None, window: None, sites: None, partition: None };
    LimitsAsked::parse(draft).unwrap()
}

fn calls(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

fn why() -> Why {
    Why { reason: ReasonCode::Peak, note: Some("Term begins, says Ada.".to_owned()) }
}

fn rejected<T: std::fmt::Debug>(outcome: Result<T, AppError>) -> Rejection {
    match outcome {
        Err(AppError::Allowance(rejection)) => rejection,
        other => panic!("{other:?}"),
    }
}

async fn approver(bench: &Bench, email: &str) -> StaffId {
    bench.staff(email, StaffRole::Approver).await.0
}

async fn newest(bench: &Bench) -> Record {
    bench.records().await.pop().unwrap()
}

#[tokio::test]
async fn staff_set_limits_and_the_group_keeps_its_own_version() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await;
    let group = GroupRef::Development(ada.default_group);
    let grace = approver(&bench, "grace@portal.org").await;
    let meta = bench.by_staff(grace).seen(StreamVersion(0));
    let done = bench.app.set_limits(meta, grace, group, limits(20_000), why()).await.unwrap();
    assert_eq!(done.version, StreamVersion(1), "of the allowance");
    let record = newest(&bench).await;
    assert_eq!(record.stream.as_str(), format!("allowance-{}", ada.default_group.uuid()));
    assert_eq!((record.actor.authority.as_str(), record.reason.as_deref()), ("approver", Some("peak")));
    let set: LimitsSet = serde_json::from_slice(&record.payload).unwrap();
    assert_eq!((set.limits.calls, set.limits.sites, set.staff), (20_000, 6, vec![grace]));
    assert!(set.note.is_some() && !String::from_utf8_lossy(&record.payload).contains("Term"), "sealed");

    let stale = bench.by_staff(grace).seen(StreamVersion(0));
    let refused = bench.app.set_limits(stale, grace, group, limits(30_000), why()).await.unwrap_err();
    assert!(matches!(refused, AppError::PreconditionFailed { actual: StreamVersion(1) }), "{refused}");
}

#[tokio::test]
async fn above_the_large_tier_a_second_approver_asks_for_the_same() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await;
    let group = GroupRef::Development(ada.default_group);
    let (grace, mary) =
        (approver(&bench, "grace@portal.org").await, approver(&bench, "mary@portal.org").await);
    let set = |staff| bench.app.set_limits(bench.by_staff(staff), staff, group, limits(500_001), why());
    set(grace).await.unwrap();
    let proposed: LimitsProposed = serde_json::from_slice(&newest(&bench).await.payload).unwrap();
    assert_eq!(proposed.staff, grace);
    assert_eq!(rejected(set(grace).await), Rejection::SameApprover);
    set(mary).await.unwrap();
    let agreed: LimitsSet = serde_json::from_slice(&newest(&bench).await.payload).unwrap();
    assert_eq!(agreed.staff, vec![grace, mary]);

    let until = bench.now() + TimeDelta::days(3);
    let asked = GrantAsked { calls: calls(900_000), until };
    let grant = |staff| bench.app.grant(bench.by_staff(staff), staff, group, asked, why());
    grant(mary).await.unwrap();
    grant(grace).await.unwrap();
    let granted: Granted = serde_json::from_slice(&newest(&bench).await.payload).unwrap();
    assert_eq!((granted.staff, granted.until), (vec![mary, grace], until));
}

#[tokio::test]
async fn a_proposal_of_somebody_who_has_left_counts_no_more() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await;
    let group = GroupRef::Development(ada.default_group);
    let (grace, mary) =
        (approver(&bench, "grace@portal.org").await, approver(&bench, "mary@portal.org").await);
    let set = |staff| bench.app.set_limits(bench.by_staff(staff), staff, group, limits(500_001), why());
    set(grace).await.unwrap();
    bench.app.dismiss_staff(bench.meta(Actor::Operator), grace).await.unwrap();
    set(mary).await.unwrap();
    assert_eq!(newest(&bench).await.event_type, "allowance.limits_proposed");
}

#[tokio::test]
async fn nobody_decides_about_groups_of_their_own_people() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await;
    let ready = bench.ready_to_submit(bench.standard()).await;
    let colleague = approver(&bench, "grace@acme.com").await;
    let enrolment = Enrolment {
        email: bench.address("mary@portal.org"),
        name: "Mary".to_owned(),
        role: StaffRole::Approver,
        own_developers: vec![ada.developer, ready.developer],
    };
    let owner = bench.app.enrol(bench.meta(Actor::Operator), enrolment).await.unwrap().value.staff;
    let (reader, _) = bench.staff("reader@portal.org", StaffRole::Reader).await;
    for group in [GroupRef::Development(ada.default_group), GroupRef::Production(ready.group)] {
        for staff in [colleague, owner] {
            let outcome = bench.app.suspend(bench.by_staff(staff), staff, group, why()).await;
            assert_eq!(rejected(outcome), Rejection::ReviewerNotIndependent);
        }
        let outcome = bench.app.suspend(bench.by_staff(reader), reader, group, why()).await;
        assert_eq!(rejected(outcome), Rejection::NotAnApprover);
    }
}

#[tokio::test]
async fn a_suspended_group_is_not_handed_in_and_not_approved() {
    let bench = Bench::new().await;
    let ready = bench.ready_to_submit(bench.standard()).await;
    let group = GroupRef::Production(ready.group);
    let grace = approver(&bench, "grace@portal.org").await;
    bench.app.suspend(bench.by_staff(grace), grace, group, why()).await.unwrap();
    let suspended: Suspended = serde_json::from_slice(&newest(&bench).await.payload).unwrap();
    assert_eq!(suspended.since, bench.now());
    let checklist = bench.app.checklist(ready.developer, ready.group).await.unwrap().checklist;
    let red: Vec<_> = checklist.blocking().map(|check| check.fix.clone()).collect();
    assert_eq!(red.len(), 1);
    assert!(red[0].starts_with("The group is suspended since "), "{red:?}");

    bench.app.resume(bench.by_staff(grace), grace, group, why()).await.unwrap();
    bench.app.submit(bench.by(ready.developer), ready.developer, ready.group).await.unwrap();
    bench.app.start_review(bench.by_staff(grace), grace, ready.group).await.unwrap();
    bench.app.suspend(bench.by_staff(grace), grace, group, why()).await.unwrap();
    let refused = bench.app.approve(bench.by_staff(grace), grace, ready.group).await.unwrap_err();
    assert_eq!(refused.to_string(), domain::prodgroup::Rejection::EvidenceChanged.to_string());
}

#[tokio::test]
async fn an_approval_takes_the_place_of_what_staff_had_set_before() {
    let bench = Bench::new().await;
    let ready = bench.ready_to_submit(bench.standard()).await;
    let group = GroupRef::Production(ready.group);
    let grace = approver(&bench, "grace@portal.org").await;
    bench.app.set_limits(bench.by_staff(grace), grace, group, limits(11_000), why()).await.unwrap();
    bench.app.submit(bench.by(ready.developer), ready.developer, ready.group).await.unwrap();
    bench.app.start_review(bench.by_staff(grace), grace, ready.group).await.unwrap();
    bench.app.approve(bench.by_staff(grace), grace, ready.group).await.unwrap();
    bench.app.read().wait_for(bench.app.head().position, Duration::from_secs(10)).await.unwrap();
    let calls = async || {
        let row = bench.app.read().group_allowance(group).await.unwrap().unwrap();
        row.allowed.at(bench.now()).limits.calls
    };
    assert_eq!(calls().await, 150_000);
    bench.app.set_limits(bench.by_staff(grace), grace, group, limits(160_000), why()).await.unwrap();
    bench.app.read().wait_for(bench.app.head().position, Duration::from_secs(10)).await.unwrap();
    assert_eq!(calls().await, 160_000);
}

#[tokio::test]
async fn the_end_of_a_grant_is_recorded_once_and_holds_without_that() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await;
    let group = GroupRef::Development(ada.default_group);
    let grace = approver(&bench, "grace@portal.org").await;
    let until = bench.now() + TimeDelta::days(1);
    let asked = GrantAsked { calls: calls(40_000), until };
    bench.app.grant(bench.by_staff(grace), grace, group, asked, why()).await.unwrap();
    bench.app.read().wait_for(bench.app.head().position, Duration::from_secs(10)).await.unwrap();
    bench.pass(TimeDelta::days(1) - TimeDelta::milliseconds(1));
    assert_eq!(bench.app.record_deadlines().await.unwrap(), 0);
    bench.pass(TimeDelta::milliseconds(1));
    let row = bench.app.read().group_allowance(group).await.unwrap().unwrap();
    assert_eq!(row.allowed.at(bench.now()).limits.calls, 10_000);
    assert_eq!(bench.app.record_deadlines().await.unwrap(), 1);
    let record = newest(&bench).await;
    assert_eq!((record.event_type.as_str(), record.actor.kind.as_str()), ("allowance.grant_ended", "system"));
    let ended: GrantEnded = serde_json::from_slice(&record.payload).unwrap();
    assert_eq!(ended.at, until);
    bench.app.read().wait_for(bench.app.head().position, Duration::from_secs(10)).await.unwrap();
    assert_eq!(bench.app.record_deadlines().await.unwrap(), 0);
}

#[tokio::test]
async fn a_vendor_parts_calls_among_integrations_of_the_group() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await;
    let bob = bench.developer("bob@other.com").await;
    let quiz = bench.integration(ada.developer, complete("Quiz")).await;
    let group = GroupRef::Development(ada.default_group);
    let share = |reserved| vec![Share { integration: quiz, at_most: None, reserved: Some(reserved) }];
    let declare = |by, shares| bench.app.declare_shares(bench.by(by), by, group, shares);
    declare(ada.developer, share(10_000)).await.unwrap();
    assert_eq!(newest(&bench).await.event_type, "allowance.shares_declared");
    let too_much = rejected(declare(ada.developer, share(10_001)).await);
    assert!(matches!(too_much, Rejection::SharesDoNotFit { .. }));
    assert_eq!(rejected(declare(bob.developer, share(1)).await), Rejection::NotYours);
}

#[tokio::test]
async fn a_group_nobody_has_is_nobodys_and_a_version_tells_nothing_of_it() {
    let bench = Bench::new().await;
    let grace = approver(&bench, "grace@portal.org").await;
    let ada = bench.developer("ada@acme.com").await.developer;
    for text in ["grp_aaaqeayeaudaocajbifqydiob4", "prd_aaaqeayeaudaocajbifqydiob4"] {
        let group: GroupRef = text.parse().unwrap();
        let meta = bench.by_staff(grace).seen(StreamVersion(7));
        assert_eq!(
            rejected(bench.app.set_limits(meta, grace, group, limits(1), why()).await),
            Rejection::NotYours
        );
        let meta = bench.by(ada).seen(StreamVersion(7));
        assert_eq!(
            rejected(bench.app.declare_shares(meta, ada, group, Vec::new()).await),
            Rejection::NotYours
        );
    }
}

#[tokio::test]
async fn a_replay_answers_as_the_first_time() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await;
    let group = GroupRef::Development(ada.default_group);
    let grace = approver(&bench, "grace@portal.org").await;
    let suspend = || bench.app.suspend(bench.by_staff(grace).key("stop"), grace, group, why());
    let first = suspend().await.unwrap();
    let again = suspend().await.unwrap();
    assert!(again.replayed && !first.replayed);
    assert_eq!((again.version, again.position), (first.version, first.position));
    assert_eq!(bench.count("allowance.suspended").await, 1);
    let other = bench.app.suspend(bench.by_staff(grace).key("stop").body(1), grace, group, why()).await;
    assert!(matches!(other, Err(AppError::IdempotencyReused)));
}

#[tokio::test]
async fn a_revoked_secret_is_gone_from_side_state_and_the_log_says_so() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await.developer;
    let done = bench.app.register(bench.by(ada), ada, None, rest("Quiz")).await.unwrap();
    let IssuedSecret { id: secret, .. } = done.value.secret.unwrap();
    let quiz = done.value.integration;
    let bob = bench.developer("bob@other.com").await.developer;
    let stranger = bench.app.revoke_secret(bench.by(bob), bob, quiz, secret).await.unwrap_err();
    assert!(matches!(stranger, AppError::Integration(integration::Rejection::NotYours)), "{stranger}");
    assert!(bench.side.api_secret_hash(secret).await.unwrap().is_some());
    bench.app.revoke_secret(bench.by(ada), ada, quiz, secret).await.unwrap();
    assert!(bench.side.api_secret_hash(secret).await.unwrap().is_none());
    assert_eq!(newest(&bench).await.event_type, "integration.secret_revoked");
    let again = bench.app.revoke_secret(bench.by(ada), ada, quiz, secret).await.unwrap_err();
    assert!(matches!(again, AppError::Integration(integration::Rejection::NoSuchSecret)), "{again}");
}

#[tokio::test]
async fn test_mode_is_for_development() {
    let bench = Bench::new().await;
    let ready = bench.ready_to_submit(bench.standard()).await;
    let owner = ready.developer;
    let done = bench.app.register(bench.by(owner), owner, None, rest("Lab")).await.unwrap();
    let (lab, secret) = (done.value.integration, done.value.secret.unwrap().id);
    let set = || bench.app.set_test_mode(bench.by(owner), owner, lab, secret, TestMode::Over);
    set().await.unwrap();
    assert_eq!(newest(&bench).await.event_type, "integration.test_mode_set");
    let to = GroupRef::Production(ready.group);
    bench.app.move_integration(bench.by(owner), owner, lab, to).await.unwrap();
    let refused = set().await.unwrap_err();
    let rule = integration::Rejection::TestModeInProduction;
    assert_eq!(refused.to_string(), rule.to_string());
}
