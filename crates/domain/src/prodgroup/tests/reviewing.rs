use super::*;

fn start(reviewer: Reviewer) -> Command {
    Command::StartReview { reviewer }
}

fn request_changes(reviewer: Reviewer) -> Command {
    Command::RequestChanges { reviewer, reason: ReasonCode::Naming, note: Some(sealed(SUBJECT, 2)) }
}

fn refuse(reviewer: Reviewer) -> Command {
    Command::Refuse { reviewer, reason: ReasonCode::Terms, note: None }
}

/// An approval while Alice, should she have given the first one, could still give it.
fn approve(reviewer: Reviewer) -> Command {
    approve_after(Some(independent(ALICE)), reviewer)
}

fn approve_after(first: Option<Reviewer>, reviewer: Reviewer) -> Command {
    Command::Approve { reviewer, first, evidence: evidence() }
}

fn commands(reviewer: &Reviewer) -> [(Command, &'static str); 4] {
    let reviewer = || reviewer.clone();
    [
        (start(reviewer()), "start the review"),
        (request_changes(reviewer()), "request changes"),
        (approve(reviewer()), "approve"),
        (refuse(reviewer()), "refuse"),
    ]
}

fn granted(staff: &[StaffId], asked: Asked) -> Event {
    Event::ProductionApproved(ProductionApproved {
        submission: SUBMISSION,
        staff: staff.to_vec(),
        tier: asked.tier,
        limits: asked.limits,
        evidence_hash: evidence().hash(),
        policy_version: Policy::default().version,
        approved_at: now(),
    })
}

#[test]
fn starts_from_a_submission_before_its_deadline() {
    let started = Event::ReviewStarted(ReviewStarted { submission: SUBMISSION, staff: ALICE });
    given::<ProdGroup>(&submitted())
        .when(start(independent(ALICE)), deadline() - TimeDelta::nanoseconds(1), &Policy::default())
        .then(&[started]);
    given::<ProdGroup>(&submitted())
        .when(start(independent(ALICE)), deadline(), &Policy::default())
        .rejects(Rejection::SubmissionExpired);
}

#[test]
fn sends_back_with_a_reason_and_a_deadline_for_the_answer() {
    let later = now() + TimeDelta::days(3);
    let changes = ChangesRequested {
        submission: SUBMISSION,
        staff: BOB,
        reason: ReasonCode::Naming,
        note: Some(sealed(SUBJECT, 2)),
        expires_at: later + TimeDelta::days(60),
    };
    for history in [in_review(), first_approved()] {
        given::<ProdGroup>(&history)
            .when(request_changes(independent(BOB)), later, &Policy::default())
            .then(&[Event::ChangesRequested(changes.clone())]);
    }
}

#[test]
fn refuses_with_a_reason() {
    let refused =
        ProductionRefused { submission: SUBMISSION, staff: BOB, reason: ReasonCode::Terms, note: None };
    given::<ProdGroup>(&in_review())
        .when(refuse(independent(BOB)), now(), &Policy::default())
        .then(&[Event::ProductionRefused(refused)]);
}

#[test]
fn grants_the_limits_that_were_submitted() {
    let after = given::<ProdGroup>(&in_review())
        .when(approve(independent(ALICE)), now(), &Policy::default())
        .then(&[granted(&[ALICE], standard())])
        .claims(&[])
        .after;
    assert_eq!(after.group().map(|group| group.limits), Some(standard().limits));
}

#[test]
fn leaves_development_limits_in_force_until_the_grant() {
    for history in
        [ready(), submitted(), in_review(), first_approved(), changes_requested(), refused(), withdrawn()]
    {
        let state = given::<ProdGroup>(&history).state;
        assert_eq!(
            state.group().map(|group| group.limits),
            Some(Policy::default().development),
            "{}",
            state.phase()
        );
    }
}

#[test]
fn binds_the_grant_to_what_was_submitted() {
    let seen_now = Evidence { group_name: "Acme - Other".to_owned(), ..evidence() };
    for history in [in_review(), first_approved()] {
        let (reviewer, first) = (independent(BOB), Some(independent(ALICE)));
        let approve = Command::Approve { reviewer, first, evidence: seen_now.clone() };
        given::<ProdGroup>(&history)
            .when(approve, now(), &Policy::default())
            .rejects(Rejection::EvidenceChanged);
    }
}

mod above_the_large_tier {
    use super::*;

    fn first(staff: StaffId) -> Event {
        let evidence_hash = evidence().hash();
        Event::FirstApprovalRecorded(FirstApprovalRecorded { submission: SUBMISSION, staff, evidence_hash })
    }

    #[test]
    fn needs_two_from_the_first_call_or_site_on() {
        let large = Policy::default().large;
        for (limits, two) in [
            (large, false),
            (Limits { calls: large.calls + 1, ..large }, true),
            (Limits { sites: large.sites + 1, ..large }, true),
            (Limits { calls: large.calls + 1, sites: 6, ..large }, true),
        ] {
            let asked = Asked { tier: Tier::Custom, limits };
            let expected = if two { first(ALICE) } else { granted(&[ALICE], asked) };
            given::<ProdGroup>(&in_review_for(asked))
                .when(approve(independent(ALICE)), now(), &Policy::default())
                .then(&[expected]);
            assert_eq!(needs_two_approvers(limits, &Policy::default()), two);
        }
    }

    #[test]
    fn the_second_approver_is_somebody_else() {
        given::<ProdGroup>(&first_approved())
            .when(approve(independent(ALICE)), now(), &Policy::default())
            .rejects(Rejection::SameApprover);
        given::<ProdGroup>(&first_approved())
            .when(approve(independent(BOB)), now(), &Policy::default())
            .then(&[granted(&[ALICE, BOB], above_large())]);
    }

    #[test]
    fn a_first_approver_who_could_not_approve_any_more_is_void() {
        let conflicts = [
            None,
            Some(Reviewer { role: StaffRole::Reader, ..independent(ALICE) }),
            Some(Reviewer { own_developers: vec![DEVELOPER], ..independent(ALICE) }),
            Some(Reviewer { email_fingerprint: fingerprint(110), ..independent(ALICE) }),
            Some(Reviewer { domain_fingerprint: Some(fingerprint(111)), ..independent(ALICE) }),
            Some(independent(CAROL)),
        ];
        for conflict in conflicts {
            given::<ProdGroup>(&first_approved())
                .when(approve_after(conflict, independent(BOB)), now(), &Policy::default())
                .then(&[first(BOB)]);
        }
    }

    #[test]
    fn who_takes_the_place_of_a_void_first_approver_needs_a_second_one_too() {
        let history = [first_approved(), vec![first(BOB)]].concat();
        let approve = |reviewer| approve_after(Some(independent(BOB)), reviewer);
        given::<ProdGroup>(&history)
            .when(approve(independent(BOB)), now(), &Policy::default())
            .rejects(Rejection::SameApprover);
        given::<ProdGroup>(&history)
            .when(approve(independent(CAROL)), now(), &Policy::default())
            .then(&[granted(&[BOB, CAROL], above_large())]);
    }

    #[test]
    fn a_first_approval_does_not_survive_changes() {
        let again = [
            first_approved(),
            vec![Event::ChangesRequested(ChangesRequested {
                submission: SUBMISSION,
                staff: BOB,
                reason: ReasonCode::Limits,
                note: None,
                expires_at: deadline(),
            })],
            submitted_for(above_large()).split_off(3),
            vec![Event::ReviewStarted(ReviewStarted { submission: SUBMISSION, staff: BOB })],
        ];
        given::<ProdGroup>(&again.concat())
            .when(approve(independent(BOB)), now(), &Policy::default())
            .then(&[first(BOB)]);
    }
}

mod the_reviewer {
    use super::*;

    #[test]
    fn is_an_approver() {
        for role in [StaffRole::Reader, StaffRole::Auditor] {
            let reviewer = Reviewer { role, ..independent(ALICE) };
            for history in every_phase() {
                for (command, _) in commands(&reviewer) {
                    given::<ProdGroup>(&history)
                        .when(command, now(), &Policy::default())
                        .rejects(Rejection::NotAnApprover);
                }
            }
        }
    }

    #[test]
    fn neither_is_nor_was_one_of_the_accounts_people() {
        let of_account = Reviewer { own_developers: vec![DEVELOPER], ..independent(ALICE) };
        let same_address = Reviewer { email_fingerprint: fingerprint(110), ..independent(ALICE) };
        let same_domain = Reviewer { domain_fingerprint: Some(fingerprint(111)), ..independent(ALICE) };
        for reviewer in [of_account, same_address, same_domain] {
            let refused = |history: &[Event], command| {
                given::<ProdGroup>(history)
                    .when(command, now(), &Policy::default())
                    .rejects(Rejection::ReviewerNotIndependent);
            };
            refused(&submitted(), start(reviewer.clone()));
            refused(&in_review(), request_changes(reviewer.clone()));
            refused(&in_review(), refuse(reviewer.clone()));
            refused(&in_review(), approve(reviewer.clone()));
            refused(&first_approved(), approve(Reviewer { staff: BOB, ..reviewer.clone() }));
        }
    }

    #[test]
    fn may_share_a_free_mail_provider_with_them() {
        let reviewer = Reviewer {
            domain_fingerprint: None,
            people: People { domain_fingerprints: vec![], ..independent(ALICE).people },
            ..independent(ALICE)
        };
        given::<ProdGroup>(&in_review()).when(approve(reviewer), now(), &Policy::default()).accepted();
    }

    #[test]
    fn decides_only_what_is_under_review() {
        for (history, phase) in [
            (ready(), "draft"),
            (submitted(), "submitted"),
            (in_review(), "in_review"),
            (changes_requested(), "changes_requested"),
            (approved(), "approved"),
            (refused(), "refused"),
            (withdrawn(), "withdrawn"),
            (expired(), "expired"),
        ] {
            for (command, attempt) in commands(&independent(ALICE)) {
                let asked = given::<ProdGroup>(&history).when(command, now(), &Policy::default());
                let legal = if attempt == "start the review" { "submitted" } else { "in_review" };
                if phase == legal {
                    asked.accepted();
                } else {
                    asked.rejects(Rejection::IllegalTransition { attempt, phase });
                }
            }
        }
    }

    #[test]
    fn finds_nothing_to_decide_in_an_expired_submission() {
        for history in [submitted(), changes_requested()] {
            for (command, _) in commands(&independent(ALICE)) {
                given::<ProdGroup>(&history)
                    .when(command, deadline(), &Policy::default())
                    .rejects(Rejection::SubmissionExpired);
            }
        }
    }

    #[test]
    fn finds_no_group_where_there_is_none() {
        for (command, _) in commands(&independent(ALICE)) {
            given::<ProdGroup>(&[]).when(command, now(), &Policy::default()).rejects(Rejection::NotYours);
        }
    }
}
