use crate::bench::{Bench, Keyed as _, Ready, complete};
use app::{AppError, review::Objection, staff::Enrolment};
use domain::{
    actor::Actor,
    group::{GroupRef, Limits},
    ids::StaffId,
    policy::Tier,
    prodgroup::{self, Asked, INTEGRATIONS_MAX, ReasonCode},
    staff::StaffRole,
};

fn above_large(bench: &Bench) -> Asked {
    let limits = Limits { calls: bench.policy().large.calls + 1, ..bench.policy().large };
    Asked { tier: Tier::Custom, limits }
}

async fn submitted(bench: &Bench, asked: Asked) -> Ready {
    let ready = bench.ready_to_submit(asked).await;
    let evidence = bench.app.checklist(ready.developer, ready.group).await.unwrap();
    assert!(evidence.checklist.is_green(), "{:?}", evidence.checklist.blocking().collect::<Vec<_>>());
    bench.app.submit(bench.by(ready.developer), ready.developer, ready.group).await.unwrap();
    ready
}

async fn in_review(bench: &Bench, asked: Asked) -> (Ready, StaffId) {
    let ready = submitted(bench, asked).await;
    let (grace, _) = bench.staff("grace@portal.org", StaffRole::Approver).await;
    bench.app.start_review(bench.by_staff(grace), grace, ready.group).await.unwrap();
    (ready, grace)
}

fn rejected<T: std::fmt::Debug>(outcome: Result<T, AppError>) -> prodgroup::Rejection {
    match outcome {
        Err(AppError::ProdGroup(rejection)) => rejection,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_group_goes_from_draft_to_production() {
    let bench = Bench::new().await;
    let (ready, grace) = in_review(&bench, bench.standard()).await;
    bench.app.approve(bench.by_staff(grace), grace, ready.group).await.unwrap();
    let approved = bench.records().await.pop().unwrap();
    assert_eq!(approved.event_type, "prodgroup.production_approved");
    assert_eq!((approved.actor.kind.as_str(), approved.actor.authority.as_str()), ("staff", "approver"));
    let fact: prodgroup::ProductionApproved = serde_json::from_slice(&approved.payload).unwrap();
    assert_eq!((fact.tier, fact.limits, fact.staff), (Tier::Standard, bench.policy().standard, vec![grace]));
}

#[tokio::test]
async fn a_red_checklist_names_what_is_missing_and_stops_the_submission() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await.developer;
    let account = bench.account(ada, "Acme", "support@acme.com").await;
    let group = bench.app.draft_group(bench.by(ada), ada, account, "Acme".to_owned()).await.unwrap().value;
    let evidence = bench.app.checklist(ada, group).await.unwrap();
    assert!(!evidence.checklist.is_green());
    let outcome = bench.app.submit(bench.by(ada), ada, group).await;
    assert!(matches!(
        rejected(outcome),
        prodgroup::Rejection::ChecklistRed { .. } | prodgroup::Rejection::NoLimitsAsked
    ));
}

#[tokio::test]
async fn above_the_large_tier_two_different_staff_must_agree() {
    let bench = Bench::new().await;
    let (ready, grace) = in_review(&bench, above_large(&bench)).await;
    let approve = |staff| bench.app.approve(bench.by_staff(staff), staff, ready.group);
    approve(grace).await.unwrap();
    assert_eq!(bench.count("prodgroup.production_approved").await, 0);
    assert_eq!(rejected(approve(grace).await), prodgroup::Rejection::SameApprover);
    let (mary, _) = bench.staff("mary@portal.org", StaffRole::Approver).await;
    approve(mary).await.unwrap();
    let approved = bench.records().await.pop().unwrap();
    let fact: prodgroup::ProductionApproved = serde_json::from_slice(&approved.payload).unwrap();
    assert_eq!(fact.staff, vec![grace, mary]);
}

#[tokio::test]
async fn a_first_approver_who_has_left_lost_the_role_or_got_a_conflict_does_not_count() {
    for void in ["left", "reader", "conflict"] {
        let bench = Bench::new().await;
        let (ready, grace) = in_review(&bench, above_large(&bench)).await;
        let approve = |staff| bench.app.approve(bench.by_staff(staff), staff, ready.group);
        approve(grace).await.unwrap();
        let operator = || bench.meta(Actor::Operator);
        match void {
            "left" => bench.app.dismiss_staff(operator(), grace).await.map(|_| ()),
            "reader" => bench.app.assign_staff_role(operator(), grace, StaffRole::Reader).await.map(|_| ()),
            // Grace's mail is at this domain.
            _ => {
                let contact = bench.address("support@portal.org");
                let by = bench.by(ready.developer);
                bench.app.declare_contact(by, ready.developer, ready.account, contact).await.map(|_| ())
            }
        }
        .unwrap();
        let (mary, _) = bench.staff("mary@elsewhere.org", StaffRole::Approver).await;
        let (joan, _) = bench.staff("joan@elsewhere.org", StaffRole::Approver).await;
        approve(mary).await.unwrap();
        assert_eq!(bench.count("prodgroup.production_approved").await, 0, "{void}");
        assert_eq!(rejected(approve(mary).await), prodgroup::Rejection::SameApprover);
        approve(joan).await.unwrap();
        let approved = bench.records().await.pop().unwrap();
        let fact: prodgroup::ProductionApproved = serde_json::from_slice(&approved.payload).unwrap();
        assert_eq!(fact.staff, vec![mary, joan], "{void}");
    }
}

#[tokio::test]
async fn an_edit_after_the_submission_makes_both_approvals_impossible() {
    let bench = Bench::new().await;
    let (ready, grace) = in_review(&bench, above_large(&bench)).await;
    bench.app.approve(bench.by_staff(grace), grace, ready.group).await.unwrap();
    let facts = domain::integration::facts::Facts {
        description: Some("Something else.".to_owned()),
        ..complete("Acme Quiz")
    };
    bench
        .app
        .declare_facts(bench.by(ready.developer), ready.developer, ready.integration, facts)
        .await
        .unwrap();
    let (mary, _) = bench.staff("mary@portal.org", StaffRole::Approver).await;
    let outcome = bench.app.approve(bench.by_staff(mary), mary, ready.group).await;
    assert_eq!(rejected(outcome), prodgroup::Rejection::EvidenceChanged);
}

#[tokio::test]
async fn an_edit_that_races_with_an_approval_comes_entirely_before_or_entirely_after_it() {
    let bench = Bench::new().await;
    let (ready, grace) = in_review(&bench, bench.standard()).await;
    let facts = domain::integration::facts::Facts {
        description: Some("Something else.".to_owned()),
        ..complete("Acme Quiz")
    };
    let (approval, edit) = tokio::join!(
        bench.app.approve(bench.by_staff(grace), grace, ready.group),
        bench.app.declare_facts(bench.by(ready.developer), ready.developer, ready.integration, facts),
    );
    let edit = edit.unwrap();
    match approval {
        Ok(approved) => assert!(approved.position < edit.position, "approved what nobody had submitted"),
        Err(error) => assert_eq!(rejected::<()>(Err(error)), prodgroup::Rejection::EvidenceChanged),
    }
}

#[tokio::test]
async fn another_contact_changes_the_evidence_once_it_is_proven() {
    let bench = Bench::new().await;
    let (ready, grace) = in_review(&bench, bench.standard()).await;
    let contact = bench.address("help@acme.com");
    let by = || bench.by(ready.developer);
    bench.app.declare_contact(by(), ready.developer, ready.account, contact).await.unwrap();
    bench.prove_contact(ready.developer, ready.account, "help@acme.com").await;
    let outcome = bench.app.approve(bench.by_staff(grace), grace, ready.group).await;
    assert_eq!(rejected(outcome), prodgroup::Rejection::EvidenceChanged);
}

#[tokio::test]
async fn nobody_decides_for_an_account_they_have_to_do_with() {
    let bench = Bench::new().await;
    let ready = submitted(&bench, bench.standard()).await;
    let same_address = bench.staff("owner@acme.com", StaffRole::Approver).await.0;
    let same_domain = bench.staff("boss@acme.com", StaffRole::Approver).await.0;
    let own_developer = Enrolment {
        email: bench.address("quiet@portal.org"),
        name: "Quiet".to_owned(),
        role: StaffRole::Approver,
        own_developers: vec![ready.developer],
    };
    let own_developer =
        bench.app.enrol(bench.meta(Actor::Operator), own_developer).await.unwrap().value.staff;
    for staff in [same_address, same_domain, own_developer] {
        let outcome = bench.app.start_review(bench.by_staff(staff), staff, ready.group).await;
        assert_eq!(rejected(outcome), prodgroup::Rejection::ReviewerNotIndependent);
    }
    let (reader, _) = bench.staff("reader@portal.org", StaffRole::Reader).await;
    let outcome = bench.app.start_review(bench.by_staff(reader), reader, ready.group).await;
    assert_eq!(rejected(outcome), prodgroup::Rejection::NotAnApprover);
}

#[tokio::test]
async fn changes_are_requested_with_a_reason_and_a_note_only_the_vendor_can_read() {
    let bench = Bench::new().await;
    let (ready, grace) = in_review(&bench, bench.standard()).await;
    let note = Some("Please name the server you mean.".to_owned());
    let objection = Objection { reason: ReasonCode::Naming, note };
    bench.app.request_changes(bench.by_staff(grace), grace, ready.group, objection).await.unwrap();
    let record = bench.records().await.pop().unwrap();
    assert_eq!(record.reason.as_deref(), Some("naming"));
    assert!(!String::from_utf8_lossy(&record.payload).contains("server"));
    bench.app.submit(bench.by(ready.developer), ready.developer, ready.group).await.unwrap();
}

#[tokio::test]
async fn a_refused_group_can_be_submitted_anew_and_a_withdrawn_one_too() {
    let bench = Bench::new().await;
    let (ready, grace) = in_review(&bench, bench.standard()).await;
    let objection = Objection { reason: ReasonCode::Limits, note: None };
    bench.app.refuse(bench.by_staff(grace), grace, ready.group, objection).await.unwrap();
    let by = || bench.by(ready.developer);
    bench.app.submit(by(), ready.developer, ready.group).await.unwrap();
    bench.app.withdraw(by(), ready.developer, ready.group).await.unwrap();
    bench.app.submit(by(), ready.developer, ready.group).await.unwrap();
}

#[tokio::test]
async fn a_decision_on_a_version_the_reviewer_has_not_seen_is_refused() {
    let bench = Bench::new().await;
    let (ready, grace) = in_review(&bench, bench.standard()).await;
    let meta = bench.by_staff(grace).seen(eventlog::StreamVersion(1));
    let outcome = bench.app.approve(meta, grace, ready.group).await;
    assert!(matches!(outcome, Err(AppError::PreconditionFailed { .. })));
}

#[tokio::test]
async fn a_production_group_is_nobodys_but_its_members() {
    let bench = Bench::new().await;
    let ready = bench.ready_to_submit(bench.standard()).await;
    let bob = bench.developer("bob@other.com").await.developer;
    let (app, group) = (&bench.app, ready.group);
    let why = "Because.".to_owned();
    let outcomes = [
        app.checklist(bob, group).await.map(|_| ()),
        app.submit(bench.by(bob), bob, group).await.map(|_| ()),
        app.withdraw(bench.by(bob), bob, group).await.map(|_| ()),
        app.rename_production_group(bench.by(bob), bob, group, "Acme".to_owned()).await.map(|_| ()),
        app.ask_limits(bench.by(bob), bob, group, bench.standard(), why).await.map(|_| ()),
    ];
    for outcome in outcomes {
        assert_eq!(rejected(outcome), prodgroup::Rejection::NotYours);
    }
    let to = GroupRef::Production(group);
    let quiz = bench.integration(bob, complete("Other Quiz")).await;
    let moved = app.move_integration(bench.by(bob), bob, quiz, to).await;
    assert_eq!(rejected(moved), prodgroup::Rejection::NotYours);
}

#[tokio::test]
async fn an_account_has_one_production_group() {
    let bench = Bench::new().await;
    let ready = bench.ready_to_submit(bench.standard()).await;
    let ada = ready.developer;
    let again = bench.app.draft_group(bench.by(ada), ada, ready.account, "Acme".to_owned()).await;
    let expected = domain::prodaccount::Rejection::HasGroup { group: ready.group };
    assert!(matches!(again, Err(AppError::ProdAccount(rejection)) if rejection == expected));
}

#[tokio::test]
async fn a_full_group_is_guarded_as_a_whole_and_takes_no_more() {
    let bench = Bench::new().await;
    let ready = bench.ready_to_submit(bench.standard()).await;
    let ada = ready.developer;
    let to = GroupRef::Production(ready.group);
    for number in 1..INTEGRATIONS_MAX {
        let integration = bench.integration(ada, complete(&format!("Acme Quiz {number}"))).await;
        bench.app.move_integration(bench.by(ada), ada, integration, to).await.unwrap();
    }
    let one_more = bench.integration(ada, complete("Acme Polls")).await;
    let refused = bench.app.move_integration(bench.by(ada), ada, one_more, to).await;
    assert!(
        matches!(refused, Err(AppError::ProdGroup(prodgroup::Rejection::TooManyIntegrations))),
        "{refused:?}"
    );
    let evidence = bench.app.checklist(ada, ready.group).await.unwrap();
    assert_eq!(evidence.integrations.len(), INTEGRATIONS_MAX);
    bench.app.submit(bench.by(ada), ada, ready.group).await.unwrap();
}

#[tokio::test]
async fn every_fact_says_by_which_right_it_was_made() {
    let bench = Bench::new().await;
    let (ready, grace) = in_review(&bench, bench.standard()).await;
    let objection = Objection { reason: ReasonCode::Other, note: None };
    bench.app.request_changes(bench.by_staff(grace), grace, ready.group, objection).await.unwrap();
    bench.app.withdraw(bench.by(ready.developer), ready.developer, ready.group).await.unwrap();
    for record in bench.records().await {
        let expected = match record.actor.kind.as_str() {
            "anonymous" | "developer" => "owner",
            "staff" => "approver",
            kind => kind,
        };
        assert_eq!(record.actor.authority, expected, "{}", record.event_type);
    }
}
