use super::{checklist::CheckCode, *};
use crate::{
    claim::{ClaimChange, ClaimKey},
    group::{Limits, WindowKind},
    ids::{StaffId, SubjectId},
    names::{self, NameRule},
    policy::{Policy, Tier},
    prodaccount,
    staff::StaffRole,
    testing::{Given, at, fingerprint, given, sealed, uuid},
};
use chrono::{DateTime, TimeDelta, Utc};

mod checks;
mod fixtures;
mod histories;
mod reviewing;

use fixtures::*;

mod drafting {
    use super::*;

    fn draft(role: Option<Role>, name: &str) -> Command {
        Command::Draft { group: GROUP, account: ACCOUNT, role, name: name.to_owned(), known: known() }
    }

    #[test]
    fn makes_a_group_with_development_limits_and_claims_its_name_for_the_account() {
        let policy = Policy {
            development: Limits { calls: 77, ..Policy::default().development },
            ..Policy::default()
        };
        let drafted =
            Drafted { account: ACCOUNT, name: "Acme - Quiz".to_owned(), limits: policy.development };
        given::<ProdGroup>(&[])
            .when(draft(OWNER, "  Acme -  Quiz"), now(), &policy)
            .then(&[Event::Drafted(drafted)])
            .claims(&[take("Acme - Quiz")]);
    }

    #[test]
    fn needs_no_claim_for_the_vendor_name_which_the_account_holds() {
        given::<ProdGroup>(&[]).when(draft(ADMIN, "Acme"), now(), &Policy::default()).claims(&[]);
    }

    #[test]
    fn claims_what_another_spelling_of_the_vendor_name_adds() {
        let of_vendor = names::claim_keys("Acme");
        let added: Vec<String> =
            names::claim_keys("ACME").into_iter().filter(|key| !of_vendor.contains(key)).collect();
        assert_eq!(added.len(), 1, "capitals have a skeleton of their own");
        given::<ProdGroup>(&[]).when(draft(ADMIN, "ACME"), now(), &Policy::default()).claims(&[
            ClaimChange::Take {
                key: ClaimKey::Name(added[0].clone()),
                holder: prodaccount::name_holder(ACCOUNT),
            },
        ]);
    }

    #[test]
    fn refuses_a_name_that_breaks_the_rule_and_proposes_one() {
        let problem = NameProblem {
            rule: NameRule::BannedWord { word: "REST".to_owned() },
            proposal: Some("Acme - Quiz".to_owned()),
        };
        given::<ProdGroup>(&[])
            .when(draft(OWNER, "Acme - Quiz REST"), now(), &Policy::default())
            .rejects(Rejection::Name(problem));
    }

    #[test]
    fn happens_once() {
        for history in every_phase() {
            given::<ProdGroup>(&history)
                .when(draft(OWNER, "Acme"), now(), &Policy::default())
                .rejects(Rejection::AlreadyExists);
        }
    }
}

mod renaming {
    use super::*;

    fn rename(name: &str) -> Command {
        Command::Rename { role: OWNER, name: name.to_owned(), known: known() }
    }

    fn renamed(name: &str) -> Event {
        Event::Renamed(Renamed { name: name.to_owned() })
    }

    #[test]
    fn frees_the_former_name_and_takes_the_new_one() {
        given::<ProdGroup>(&[drafted("Acme - Quiz")])
            .when(rename("Acme - Polls"), now(), &Policy::default())
            .then(&[renamed("Acme - Polls")])
            .claims(&[release("Acme - Quiz"), take("Acme - Polls")]);
    }

    #[test]
    fn never_frees_the_name_the_vendor_needs() {
        given::<ProdGroup>(&[drafted("Acme")])
            .when(rename("Acme - Quiz"), now(), &Policy::default())
            .then(&[renamed("Acme - Quiz")])
            .claims(&[take("Acme - Quiz")]);
        given::<ProdGroup>(&[drafted("Acme - Quiz")])
            .when(rename("Acme"), now(), &Policy::default())
            .claims(&[release("Acme - Quiz")]);
    }

    #[test]
    fn to_a_name_that_looks_the_same_keeps_the_shared_claims() {
        let vendor_i = KnownNames { vendor: "Illy".to_owned(), integrations: vec![] };
        let rename = Command::Rename { role: OWNER, name: "Illy - INK".to_owned(), known: vendor_i };
        let former = names::claim_keys("Illy - Ink");
        let new = names::claim_keys("Illy - INK");
        assert_eq!((former.len(), new.len()), (2, 2));
        let shared = |key: &String| former.contains(key) && new.contains(key);
        assert!(new.iter().any(shared), "case folding makes them one name");
        let claims = given::<ProdGroup>(&[drafted("Illy - Ink")]).when(rename, now(), &Policy::default());
        for change in &claims.accepted().claims {
            let (ClaimChange::Take { key, .. } | ClaimChange::Release { key, .. }) = change;
            assert!(!matches!(key, ClaimKey::Name(name) if shared(name)), "{change:?}");
        }
    }

    #[test]
    fn to_the_same_name_records_nothing() {
        given::<ProdGroup>(&[drafted("Acme - Quiz")])
            .when(rename(" Acme - Quiz "), now(), &Policy::default())
            .then(&[])
            .claims(&[]);
    }
}

mod integrations {
    use super::*;

    fn admit(number: u128) -> Command {
        Command::AdmitIntegration { role: ADMIN, integration: integration(number) }
    }

    fn release(number: u128) -> Command {
        Command::ReleaseIntegration { role: ADMIN, integration: integration(number), to: elsewhere() }
    }

    #[test]
    fn move_in_and_out() {
        given::<ProdGroup>(&[drafted("Acme")])
            .when(admit(1), now(), &Policy::default())
            .then(&[admitted(1)])
            .claims(&[]);
        let released =
            Event::IntegrationReleased(IntegrationReleased { integration: integration(1), to: elsewhere() });
        let after = given::<ProdGroup>(&[drafted("Acme"), admitted(1)])
            .when(release(1), now(), &Policy::default())
            .then(&[released])
            .after;
        assert_eq!(after.group().map(|group| group.integrations.len()), Some(0));
    }

    #[test]
    fn are_in_it_once() {
        given::<ProdGroup>(&[drafted("Acme"), admitted(1)])
            .when(admit(1), now(), &Policy::default())
            .rejects(Rejection::AlreadyInGroup);
        given::<ProdGroup>(&[drafted("Acme"), admitted(1)])
            .when(release(2), now(), &Policy::default())
            .rejects(Rejection::NotInGroup);
    }

    #[test]
    fn are_fifty_at_most() {
        let holding = |count: u128| -> Vec<Event> {
            std::iter::once(drafted("Acme")).chain((1..=count).map(admitted)).collect()
        };
        given::<ProdGroup>(&holding(49)).when(admit(50), now(), &Policy::default()).then(&[admitted(50)]);
        given::<ProdGroup>(&holding(50))
            .when(admit(51), now(), &Policy::default())
            .rejects(Rejection::TooManyIntegrations);
    }
}

mod asking_for_limits {
    use super::*;

    fn ask(tier: Tier, limits: Limits) -> Command {
        Command::AskLimits { role: OWNER, asked: Asked { tier, limits }, justification: sealed(SUBJECT, 1) }
    }

    fn accepts(tier: Tier, limits: Limits) {
        let asked = LimitsAsked { asked: Asked { tier, limits }, justification: sealed(SUBJECT, 1) };
        given::<ProdGroup>(&[drafted("Acme")])
            .when(ask(tier, limits), now(), &Policy::default())
            .then(&[Event::LimitsAsked(asked)]);
    }

    fn refuses(tier: Tier, limits: Limits) {
        given::<ProdGroup>(&[drafted("Acme")])
            .when(ask(tier, limits), now(), &Policy::default())
            .rejects(Rejection::LimitsOutOfRange);
    }

    #[test]
    fn takes_the_numbers_of_a_named_tier_and_no_others() {
        let policy = Policy::default();
        for (tier, limits) in [
            (Tier::Development, policy.development),
            (Tier::Standard, policy.standard),
            (Tier::Large, policy.large),
        ] {
            accepts(tier, limits);
            refuses(tier, Limits { calls: limits.calls + 1, ..limits });
            refuses(tier, Limits { sites: limits.sites - 1, ..limits });
            refuses(tier, Limits { window_s: 3_600, ..limits });
        }
        refuses(Tier::Standard, policy.large);
    }

    #[test]
    fn takes_custom_numbers_from_the_development_tier_to_the_largest_that_fits() {
        let least = Policy::default().development;
        accepts(Tier::Custom, least);
        accepts(Tier::Custom, Limits { calls: u32::MAX, sites: u32::MAX, ..least });
        refuses(Tier::Custom, Limits { calls: least.calls - 1, ..least });
        refuses(Tier::Custom, Limits { sites: least.sites - 1, ..least });
        refuses(Tier::Custom, Limits { window_s: 1, ..least });
        refuses(Tier::Custom, Limits { window: WindowKind::Anchored, ..least });
    }

    #[test]
    fn never_takes_zero_even_where_development_has_none() {
        let nothing = Limits { calls: 0, sites: 0, ..Policy::default().development };
        let policy = Policy { development: nothing, ..Policy::default() };
        for limits in [Limits { calls: 0, sites: 1, ..nothing }, Limits { calls: 1, sites: 0, ..nothing }] {
            given::<ProdGroup>(&[drafted("Acme")])
                .when(ask(Tier::Custom, limits), now(), &policy)
                .rejects(Rejection::LimitsOutOfRange);
        }
    }
}

mod members {
    use super::*;

    fn commands(role: Option<Role>) -> [Command; 7] {
        [
            Command::Draft { group: GROUP, account: ACCOUNT, role, name: "Acme".to_owned(), known: known() },
            Command::Rename { role, name: "Acme".to_owned(), known: known() },
            Command::AdmitIntegration { role, integration: integration(1) },
            Command::ReleaseIntegration { role, integration: integration(1), to: elsewhere() },
            Command::AskLimits { role, asked: standard(), justification: sealed(SUBJECT, 1) },
            Command::Submit { by: DEVELOPER, role, submission: SUBMISSION, evidence: evidence() },
            Command::Withdraw { role },
        ]
    }

    #[test]
    fn without_a_role_in_the_account_learn_nothing_of_its_group() {
        for history in every_phase().into_iter().chain([vec![]]) {
            for command in commands(None) {
                given::<ProdGroup>(&history)
                    .when(command, now(), &Policy::default())
                    .rejects(Rejection::NotYours);
            }
        }
    }

    #[test]
    fn who_only_read_change_nothing() {
        for history in every_phase() {
            for command in commands(Some(Role::Member)) {
                given::<ProdGroup>(&history)
                    .when(command, now(), &Policy::default())
                    .rejects(Rejection::NotAllowed);
            }
        }
    }
}

mod contents {
    use super::*;

    fn edits() -> [(Command, &'static str); 4] {
        [
            (Command::Rename { role: OWNER, name: "Acme - Polls".to_owned(), known: known() }, "rename"),
            (Command::AdmitIntegration { role: OWNER, integration: integration(9) }, "admit an integration"),
            (
                Command::ReleaseIntegration { role: OWNER, integration: integration(1), to: elsewhere() },
                "release an integration",
            ),
            (
                Command::AskLimits { role: OWNER, asked: standard(), justification: sealed(SUBJECT, 1) },
                "ask for limits",
            ),
        ]
    }

    #[test]
    fn change_in_draft_and_whenever_it_is_the_vendors_turn() {
        for history in [ready(), changes_requested(), refused(), withdrawn(), expired()] {
            for (command, _) in edits() {
                let edited = given::<ProdGroup>(&history).when(command, now(), &Policy::default());
                assert_eq!(edited.accepted().events.len(), 1);
            }
        }
    }

    #[test]
    fn do_not_change_under_the_eyes_of_staff() {
        for (history, phase) in [(submitted(), "submitted"), (in_review(), "in_review")] {
            for (command, _) in edits() {
                given::<ProdGroup>(&history)
                    .when(command, now(), &Policy::default())
                    .rejects(Rejection::UnderReview { phase });
            }
        }
    }

    #[test]
    fn do_not_change_once_they_were_reviewed_and_released() {
        for (command, attempt) in edits() {
            given::<ProdGroup>(&approved())
                .when(command, now(), &Policy::default())
                .rejects(Rejection::IllegalTransition { attempt, phase: "approved" });
        }
    }

    #[test]
    fn do_not_change_while_an_expired_submission_waits_to_be_recorded() {
        for history in [submitted(), changes_requested()] {
            for (command, _) in edits() {
                given::<ProdGroup>(&history)
                    .when(command, deadline(), &Policy::default())
                    .rejects(Rejection::SubmissionExpired);
            }
        }
    }
}

mod submitting {
    use super::*;

    fn submit(evidence: Evidence) -> Command {
        Command::Submit { by: DEVELOPER, role: OWNER, submission: SUBMISSION, evidence }
    }

    #[test]
    fn records_what_was_asked_and_what_the_checks_saw() {
        let expected = Event::Submitted(Submitted {
            submission: SUBMISSION,
            by: DEVELOPER,
            asked: standard(),
            evidence: evidence(),
            evidence_hash: evidence().hash(),
            expires_at: now() + TimeDelta::days(60),
        });
        for history in [ready(), changes_requested(), refused(), withdrawn(), expired()] {
            given::<ProdGroup>(&history)
                .when(submit(evidence()), now(), &Policy::default())
                .then(std::slice::from_ref(&expected))
                .claims(&[]);
        }
    }

    #[test]
    fn is_refused_while_a_blocking_check_is_red() {
        let checklist = red(&[CheckCode::SupportUrl, CheckCode::TermsAccepted]);
        let evidence = Evidence { checklist: checklist.clone(), ..evidence() };
        given::<ProdGroup>(&ready())
            .when(submit(evidence), now(), &Policy::default())
            .rejects(Rejection::ChecklistRed { red: 2, checklist });
    }

    #[test]
    fn is_not_hindered_by_a_red_advisory_check() {
        let checklist = red(&[CheckCode::SecondOwner, CheckCode::ContactRole]);
        let evidence = Evidence { checklist, ..evidence() };
        given::<ProdGroup>(&ready()).when(submit(evidence), now(), &Policy::default()).accepted();
    }

    #[test]
    fn needs_limits_to_grant() {
        given::<ProdGroup>(&[drafted("Acme"), admitted(1)])
            .when(submit(evidence()), now(), &Policy::default())
            .rejects(Rejection::NoLimitsAsked);
    }

    #[test]
    fn happens_once_at_a_time_and_not_after_release() {
        for (history, phase) in
            [(submitted(), "submitted"), (in_review(), "in_review"), (approved(), "approved")]
        {
            given::<ProdGroup>(&history)
                .when(submit(evidence()), now(), &Policy::default())
                .rejects(Rejection::IllegalTransition { attempt: "submit", phase });
        }
    }

    #[test]
    fn records_the_expiry_of_the_former_submission_first() {
        for history in [submitted(), changes_requested()] {
            let again = given::<ProdGroup>(&history).when(submit(evidence()), deadline(), &Policy::default());
            let kinds: Vec<_> = again.accepted().events.iter().map(kind).collect();
            assert_eq!(kinds, ["prodgroup.submission_expired", "prodgroup.submitted"]);
            assert_eq!(again.after.due_at(), Some(deadline() + TimeDelta::days(60)));
        }
    }
}

mod withdrawing {
    use super::*;

    #[test]
    fn ends_an_open_submission() {
        let withdrawn = Event::Withdrawn(Withdrawn { submission: SUBMISSION });
        for history in [submitted(), in_review(), first_approved(), changes_requested()] {
            given::<ProdGroup>(&history)
                .when(Command::Withdraw { role: OWNER }, now(), &Policy::default())
                .then(std::slice::from_ref(&withdrawn));
        }
    }

    #[test]
    fn works_on_a_submission_that_ended_unrecorded() {
        for history in [submitted(), changes_requested()] {
            given::<ProdGroup>(&history)
                .when(Command::Withdraw { role: OWNER }, deadline(), &Policy::default())
                .accepted();
        }
    }

    #[test]
    fn needs_an_open_submission() {
        for (history, phase) in [
            (ready(), "draft"),
            (approved(), "approved"),
            (refused(), "refused"),
            (withdrawn(), "withdrawn"),
            (expired(), "expired"),
        ] {
            given::<ProdGroup>(&history)
                .when(Command::Withdraw { role: OWNER }, now(), &Policy::default())
                .rejects(Rejection::IllegalTransition { attempt: "withdraw", phase });
        }
    }
}

mod expiring {
    use super::*;

    #[test]
    fn is_recorded_from_the_deadline_on() {
        let recorded = Event::SubmissionExpired(SubmissionExpired { submission: SUBMISSION });
        for history in [submitted(), changes_requested()] {
            given::<ProdGroup>(&history)
                .when(Command::Expire, deadline() - TimeDelta::nanoseconds(1), &Policy::default())
                .rejects(Rejection::NotDue);
            given::<ProdGroup>(&history)
                .when(Command::Expire, deadline(), &Policy::default())
                .then(std::slice::from_ref(&recorded));
        }
    }

    #[test]
    fn never_ends_a_review_under_way() {
        given::<ProdGroup>(&in_review())
            .when(Command::Expire, deadline() + TimeDelta::days(999), &Policy::default())
            .rejects(Rejection::NotDue);
    }

    #[test]
    fn needs_an_open_submission() {
        for (history, phase) in [
            (ready(), "draft"),
            (approved(), "approved"),
            (refused(), "refused"),
            (withdrawn(), "withdrawn"),
            (expired(), "expired"),
        ] {
            given::<ProdGroup>(&history)
                .when(Command::Expire, deadline(), &Policy::default())
                .rejects(Rejection::IllegalTransition { attempt: "expire", phase });
        }
        given::<ProdGroup>(&[]).when(Command::Expire, now(), &Policy::default()).rejects(Rejection::NotYours);
    }

    #[test]
    fn is_due_for_queries_from_the_same_instant() {
        let waiting = given::<ProdGroup>(&submitted()).state;
        assert_eq!(waiting.due_at(), Some(deadline()));
        assert!(!waiting.is_due(deadline() - TimeDelta::nanoseconds(1)));
        assert!(waiting.is_due(deadline()));
        for history in [vec![], ready(), in_review(), approved(), refused(), withdrawn(), expired()] {
            let state = given::<ProdGroup>(&history).state;
            assert_eq!(state.due_at(), None, "{}", state.phase());
            assert!(!state.is_due(DateTime::<Utc>::MAX_UTC));
        }
    }
}
