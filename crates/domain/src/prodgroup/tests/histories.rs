//! What holds for every history that requests can write.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn limits() -> impl Strategy<Value = Asked> {
    prop_oneof![Just(standard()), Just(above_large())]
}

fn reviewer() -> impl Strategy<Value = Reviewer> {
    prop_oneof![
        4 => Just(independent(ALICE)),
        4 => Just(independent(BOB)),
        1 => Just(Reviewer { role: StaffRole::Reader, ..independent(BOB) }),
        1 => Just(Reviewer { own_developers: vec![DEVELOPER], ..independent(BOB) }),
    ]
}

fn seen() -> impl Strategy<Value = Evidence> {
    prop_oneof![
        6 => Just(evidence()),
        1 => Just(Evidence { group_name: "Acme - Polls".to_owned(), ..evidence() }),
        1 => Just(Evidence { checklist: red(&[CheckCode::SupportUrl]), ..evidence() }),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    let role = OWNER;
    let name = prop_oneof![Just("Acme"), Just("Acme - Quiz"), Just("Acme - Polls"), Just("Quiz")];
    let draft = name.clone().prop_map(move |name| Command::Draft {
        group: GROUP,
        account: ACCOUNT,
        role,
        name: name.to_owned(),
        known: known(),
    });
    let vendor = prop_oneof![
        name.prop_map(move |name| Command::Rename { role, name: name.to_owned(), known: known() }),
        (1..3_u128).prop_map(move |n| Command::AdmitIntegration { role, integration: integration(n) }),
        (1..3_u128).prop_map(move |n| {
            Command::ReleaseIntegration { role, integration: integration(n), to: elsewhere() }
        }),
        limits().prop_map(move |asked| Command::AskLimits { role, asked, justification: sealed(SUBJECT, 1) }),
        Just(Command::Withdraw { role }),
        Just(Command::Expire),
    ];
    let submit = (1..1_000_u128, seen()).prop_map(move |(number, evidence)| {
        let submission = SubmissionId::from_uuid(uuid(number));
        Command::Submit { by: DEVELOPER, role, submission, evidence }
    });
    let reason = ReasonCode::Other;
    let staff = prop_oneof![
        3 => reviewer().prop_map(|reviewer| Command::StartReview { reviewer }),
        3 => (reviewer(), prop::option::of(reviewer()), seen())
            .prop_map(|(reviewer, first, evidence)| Command::Approve { reviewer, first, evidence }),
        1 => reviewer().prop_map(move |reviewer| Command::RequestChanges { reviewer, reason, note: None }),
        1 => reviewer().prop_map(move |reviewer| Command::Refuse { reviewer, reason, note: None }),
    ];
    prop_oneof![1 => draft, 3 => vendor, 3 => submit, 6 => staff]
}

/// Requests with the days that pass before each.
fn requests() -> impl Strategy<Value = Vec<(Command, i64)>> {
    prop::collection::vec((command(), prop_oneof![5 => Just(0), 1 => Just(1), 1 => Just(60)]), 0..40)
}

/// The facts that come of asking all of it, from a group that is ready or from nothing.
fn written(requests: Vec<(Command, i64)>, from_ready: bool) -> (Vec<Event>, Vec<ClaimChange>) {
    let mut instant = now();
    let mut history = if from_ready { ready() } else { vec![] };
    let mut claims = vec![];
    let mut group = given::<ProdGroup>(&history);
    for (command, days) in requests {
        instant += TimeDelta::days(days);
        let asked = group.when(command, instant, &Policy::default());
        if let Ok(decision) = asked.outcome {
            history.extend(decision.events);
            claims.extend(decision.claims);
        }
        group = Given { state: asked.after };
    }
    (history, claims)
}

/// Whether a grant follows a submission, a started review of it and enough approvals, with nothing of the
/// vendor's and no other end in between.
fn was_reviewed(before: &[Event], grant: &ProductionApproved) -> bool {
    let submitted = before.iter().rposition(|event| kind(event) == "prodgroup.submitted");
    let Some((Event::Submitted(submitted), since)) = submitted.and_then(|at| before[at..].split_first())
    else {
        return false;
    };
    let kinds: Vec<_> = since.iter().map(kind).collect();
    let enough = if needs_two_approvers(grant.limits, &Policy::default()) {
        // A first approval that no longer stood was followed by another; the last one counts.
        let [started, firsts @ ..] = kinds.as_slice() else { return false };
        *started == "prodgroup.review_started"
            && firsts.iter().all(|kind| *kind == "prodgroup.first_approval_recorded")
            && matches!(since.last(), Some(Event::FirstApprovalRecorded(first)) if first.staff == grant.staff[0])
            && grant.staff.len() == 2
            && grant.staff[0] != grant.staff[1]
    } else {
        kinds == ["prodgroup.review_started"] && grant.staff.len() == 1
    };
    let same = submitted.submission == grant.submission
        && submitted.asked == (Asked { tier: grant.tier, limits: grant.limits })
        && submitted.evidence_hash == grant.evidence_hash;
    enough && same && submitted.evidence.checklist.is_green()
}

proptest! {
    #[test]
    fn no_way_leads_to_production_around_the_review(requests in requests(), from_ready in any::<bool>()) {
        let (history, _) = written(requests, from_ready);
        for (at, event) in history.iter().enumerate() {
            if let Event::ProductionApproved(grant) = event {
                prop_assert!(was_reviewed(&history[..at], grant), "{:?}", history.iter().map(kind).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn limits_above_development_come_with_a_grant_only(requests in requests()) {
        let (history, _) = written(requests, true);
        let state = given::<ProdGroup>(&history).state;
        let limits = state.group().map(|group| group.limits);
        let released = state.phase() == "approved";
        prop_assert_eq!(limits == Some(Policy::default().development), !released);
    }

    #[test]
    fn a_group_holds_the_claims_of_its_present_name_and_no_others(requests in requests()) {
        let (history, claims) = written(requests, false);
        let mut held = BTreeSet::new();
        for change in claims {
            match change {
                ClaimChange::Take { key: ClaimKey::Name(key), .. } => prop_assert!(held.insert(key), "taken twice"),
                ClaimChange::Release { key: ClaimKey::Name(key), .. } => prop_assert!(held.remove(&key), "not held"),
                other => prop_assert!(false, "{:?}", other),
            }
        }
        let state = given::<ProdGroup>(&history).state;
        let of_vendor = names::claim_keys("Acme");
        let needed: BTreeSet<String> = state
            .group()
            .map(|group| names::claim_keys(&group.name))
            .unwrap_or_default()
            .into_iter()
            .filter(|key| !of_vendor.contains(key))
            .collect();
        prop_assert_eq!(held, needed);
    }
}

#[test]
fn some_history_reaches_production_with_two_approvers() {
    let owner_submits =
        Command::Submit { by: DEVELOPER, role: OWNER, submission: SUBMISSION, evidence: evidence() };
    let first = Some(independent(ALICE));
    let approve =
        |staff| Command::Approve { reviewer: independent(staff), first: first.clone(), evidence: evidence() };
    let asked = Command::AskLimits { role: OWNER, asked: above_large(), justification: sealed(SUBJECT, 1) };
    let start = Command::StartReview { reviewer: independent(ALICE) };
    let steps = [asked, owner_submits, start, approve(ALICE), approve(BOB)];
    let (history, _) = written(steps.into_iter().map(|command| (command, 0)).collect(), true);
    assert_eq!(history.last().map(kind), Some("prodgroup.production_approved"));
}

#[test]
fn facts_that_cannot_follow_are_refused() {
    let facts: Vec<Event> = first_approved().into_iter().chain(approved().into_iter().skip(5)).collect();
    let later: Vec<Event> = [changes_requested(), refused(), withdrawn(), expired()]
        .iter()
        .filter_map(|history| history.last().cloned())
        .chain(facts)
        .collect();
    for event in later.iter().filter(|event| kind(event) != "prodgroup.drafted") {
        let refused = ProdGroup::Absent.evolve(event);
        assert_eq!(refused, Err(Unexpected { event: kind(event), phase: "absent" }));
    }
    for history in every_phase() {
        let state = given::<ProdGroup>(&history).state;
        let phase = state.phase();
        let again = state.evolve(&drafted("Acme"));
        assert_eq!(again, Err(Unexpected { event: "prodgroup.drafted", phase }));
    }
    for event in &later {
        let state = given::<ProdGroup>(&approved()).state;
        assert_eq!(state.evolve(event), Err(Unexpected { event: kind(event), phase: "approved" }));
    }
}
