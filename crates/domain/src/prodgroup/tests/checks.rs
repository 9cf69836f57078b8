//! The machine checks, each by itself, and the evidence they leave.

use super::{
    checklist::{ContactView, IntegrationView, View, evaluate},
    *,
};
use crate::{
    address::MailboxClass,
    prodaccount::{Proof, Trouble},
};

/// Everything in order, a second owner included.
fn view() -> View {
    let standard = Policy::default().standard;
    View {
        owner_proven_at: Some(now()),
        owner_terms_version: Policy::default().terms_version,
        owners: 2,
        vendor_name: "Acme".to_owned(),
        support_url: Some("https://acme.com/help".to_owned()),
        contact: Some(contact(MailboxClass::Role)),
        contact_proof: Some(Proof::of(now(), true)),
        group_name: "Acme - Quiz".to_owned(),
        integrations: vec![seen(1, "Quiz")],
        asked: Some((Tier::Standard, standard)),
        suspended_since: None,
    }
}

fn contact(class: MailboxClass) -> ContactView {
    ContactView { epoch: 1, fingerprint: fingerprint(1), class, proven_at: now(), open_to_strangers: true }
}

fn seen(number: u128, name: &str) -> IntegrationView {
    IntegrationView {
        integration: integration(number),
        name: name.to_owned(),
        facts_version: 3,
        missing: vec![],
        undeclared_hosts: vec![],
    }
}

/// Code and fix of each red check.
fn red_checks(view: &View) -> Vec<(CheckCode, String)> {
    red_checks_at(view, now())
}

fn red_checks_at(view: &View, instant: DateTime<Utc>) -> Vec<(CheckCode, String)> {
    let checks = evaluate(view, &Policy::default(), instant).checklist.checks;
    checks.into_iter().filter(|check| !check.green).map(|check| (check.code, check.fix)).collect()
}

#[track_caller]
fn one_red(view: &View, code: CheckCode, fix: &str) {
    assert_eq!(red_checks(view), [(code, fix.to_owned())]);
    let advisory = matches!(code, CheckCode::ContactRole | CheckCode::SecondOwner);
    let checklist = evaluate(view, &Policy::default(), now()).checklist;
    assert_eq!(checklist.is_green(), advisory, "only advisory checks let a submission pass");
    assert_eq!(checklist.blocking().count(), usize::from(!advisory));
}

#[test]
fn all_are_green_when_all_is_in_order_and_come_in_a_fixed_order() {
    let checklist = evaluate(&view(), &Policy::default(), now()).checklist;
    assert!(checklist.is_green());
    assert!(checklist.checks.iter().all(|check| check.green && check.fix.is_empty()));
    let codes: Vec<_> = checklist.checks.iter().map(|check| check.code).collect();
    assert_eq!(
        codes,
        [
            CheckCode::OwnerProven,
            CheckCode::ContactProven,
            CheckCode::ContactRole,
            CheckCode::NameRule,
            CheckCode::HasIntegration,
            CheckCode::IntegrationsComplete,
            CheckCode::UrisOnDeclaredHosts,
            CheckCode::SupportUrl,
            CheckCode::TermsAccepted,
            CheckCode::LimitsJustified,
            CheckCode::NotSuspended,
            CheckCode::SecondOwner,
        ]
    );
}

#[test]
fn a_red_check_keeps_its_place_and_says_what_to_do() {
    for check in evaluate(&View { support_url: None, ..view() }, &Policy::default(), now()).checklist.checks {
        assert_eq!(check.green, check.fix.is_empty(), "{:?}", check.code);
    }
}

#[test]
fn the_owners_address_is_proven() {
    let fix = "Prove the owner's sign-in address with the code mailed to it.";
    one_red(&View { owner_proven_at: None, ..view() }, CheckCode::OwnerProven, fix);
}

#[test]
fn the_contact_is_proven() {
    let red = red_checks(&View { contact: None, contact_proof: None, ..view() });
    assert_eq!(red[0].0, CheckCode::ContactProven);
    assert_eq!(red[0].1, "Ask for a code to be mailed to the contact mailbox and enter it.");
    assert_eq!(red[1].0, CheckCode::ContactRole);
    assert_eq!(red.len(), 2);
}

#[test]
fn the_contacts_proof_holds_until_but_not_at_its_end() {
    let end = now() + TimeDelta::days(180);
    assert_eq!(red_checks_at(&view(), end - TimeDelta::nanoseconds(1)), []);
    let fix =
        "The proof of the contact ended on 2027-05-21: it holds 180 days. Ask for a new code and enter it.";
    assert_eq!(red_checks_at(&view(), end), [(CheckCode::ContactProven, fix.to_owned())]);
}

#[test]
fn the_contact_takes_mail_from_senders_it_could_not_expect() {
    one_red(
        &View { contact_proof: Some(Proof::of(now(), false)), ..view() },
        CheckCode::ContactProven,
        "Enter the second code too: it was mailed to the contact from another sender, as customers are. If it did \
         not arrive, let the mailbox take mail from senders it does not know, and ask for another code.",
    );
}

#[test]
fn a_contact_in_doubt_is_proven_anew_first() {
    let trouble = |ends_at| Trouble { since: now() - TimeDelta::days(20), mails: 1, ends_at, challenges: 1 };
    let view_in = |trouble| View {
        contact_proof: Some(Proof { trouble: Some(trouble), ..Proof::of(now() - TimeDelta::days(30), true) }),
        ..view()
    };
    one_red(
        &view_in(trouble(None)),
        CheckCode::ContactProven,
        "Mail to the contact is in doubt since 2026-11-02. See the account for what was found, mend it, ask for a new \
         code and enter it.",
    );
    one_red(
        &view_in(trouble(Some(now()))),
        CheckCode::ContactProven,
        "The proof of the contact ended on 2026-11-22, because mail to it kept failing. Mend the mailbox or name \
         another, ask for a new code and enter it.",
    );
}

#[test]
fn the_contact_should_be_a_mailbox_several_people_read() {
    let best =
        "Best is a mailbox several people read, at the vendor's own domain, such as support@ or business@.";
    for (class, seen) in [
        (MailboxClass::Personal, "The contact looks like one person's mailbox."),
        (MailboxClass::FreeMail, "The contact is at a free-mail provider."),
        (MailboxClass::Disposable, "The contact is at a throw-away provider."),
        (MailboxClass::NoReply, "The contact takes no answers."),
    ] {
        let view = View { contact: Some(contact(class)), ..view() };
        one_red(&view, CheckCode::ContactRole, &format!("{seen} {best}"));
    }
}

#[test]
fn the_groups_name_obeys_the_rule() {
    one_red(
        &View { group_name: "Acme - Quiz REST".to_owned(), ..view() },
        CheckCode::NameRule,
        "Rename the group: a production name does not use the word \"REST\"; \"Acme - Quiz\" would pass.",
    );
    let product_left = View { group_name: "Quiz".to_owned(), integrations: vec![seen(1, "Polls")], ..view() };
    assert_eq!(red_checks(&product_left)[0].0, CheckCode::NameRule);
}

#[test]
fn the_group_holds_an_integration() {
    one_red(
        &View { integrations: vec![], ..view() },
        CheckCode::HasIntegration,
        "Move an integration into the group.",
    );
}

#[test]
fn every_integration_is_complete() {
    let pointers = |pointers: &[&str]| pointers.iter().map(|&pointer| pointer.to_owned()).collect();
    let integrations = vec![
        IntegrationView { missing: pointers(&["/lti/redirect_uris", "/lti/jwks_uri"]), ..seen(1, "Quiz") },
        seen(2, "Polls"),
        IntegrationView { missing: pointers(&["/hosts"]), ..seen(3, "Cards") },
    ];
    one_red(
        &View { integrations, ..view() },
        CheckCode::IntegrationsComplete,
        "Fill in what is missing: \"Quiz\" lacks /lti/redirect_uris, /lti/jwks_uri; \"Cards\" lacks /hosts.",
    );
}

#[test]
fn every_url_lies_on_a_declared_host() {
    let undeclared_hosts = vec!["cdn.acme.com".to_owned(), "acme.net".to_owned()];
    let integrations = vec![IntegrationView { undeclared_hosts, ..seen(1, "Quiz") }];
    one_red(
        &View { integrations, ..view() },
        CheckCode::UrisOnDeclaredHosts,
        "Declare the hosts that URLs lie on, or move the URLs: \"Quiz\" uses cdn.acme.com, acme.net.",
    );
}

#[test]
fn the_account_has_a_support_url() {
    let fix = "Give the account an https URL where customers find help.";
    one_red(&View { support_url: None, ..view() }, CheckCode::SupportUrl, fix);
}

#[test]
fn the_owner_accepted_the_current_terms() {
    let fix = "Accept the terms of 2026-11; the owner accepted those of 2025-01.";
    one_red(&View { owner_terms_version: "2025-01".to_owned(), ..view() }, CheckCode::TermsAccepted, fix);
}

#[test]
fn limits_are_asked_for() {
    let fix = "Say which limits the group needs and why, such as standard with 150000 calls in 24 hours and 25 sites.";
    one_red(&View { asked: None, ..view() }, CheckCode::LimitsJustified, fix);
}

#[test]
fn a_suspended_group_is_not_handed_in() {
    let fix = "The group is suspended since 2026-11-22 12:00 UTC. Ask staff to resume it.";
    one_red(&View { suspended_since: Some(now()), ..view() }, CheckCode::NotSuspended, fix);
}

#[test]
fn a_second_owner_is_advised() {
    let fix = "Add a second owner, so that the account does not hang on one person.";
    for owners in [0, 1] {
        one_red(&View { owners, ..view() }, CheckCode::SecondOwner, fix);
    }
}

mod the_evidence {
    use super::*;

    fn of(view: &View) -> Evidence {
        evaluate(view, &Policy::default(), now())
    }

    #[test]
    fn says_what_was_looked_at() {
        let integrations = vec![seen(2, "Polls"), seen(1, "Quiz")];
        let evidence = of(&View { integrations, ..view() });
        assert_eq!(evidence.group_name, "Acme - Quiz");
        assert_eq!(evidence.integrations, [(integration(1), 3), (integration(2), 3)]);
        assert_eq!(evidence.contact, view().contact);
        assert_eq!(evidence.asked, view().asked);
    }

    /// Approvals are bound to hashes recorded by earlier programs.
    #[test]
    fn has_a_hash_that_stays_the_same_for_ever() {
        let earlier = ContactView { open_to_strangers: false, ..contact(MailboxClass::Role) };
        let view = View { contact: Some(earlier), ..view() };
        assert_eq!(of(&view).hash(), "9a3e679a13e770e7d381198a62c02eab2d6f534c216dfb18d9a922227c966efe");
    }

    #[test]
    fn changes_its_hash_with_everything_that_was_looked_at() {
        let contact = |change: fn(&mut ContactView)| {
            let mut contact = contact(MailboxClass::Role);
            change(&mut contact);
            View { contact: Some(contact), ..view() }
        };
        let facts_declared = IntegrationView { facts_version: 4, ..seen(1, "Quiz") };
        let large = Policy::default().large;
        let changed = [
            View { group_name: "Acme".to_owned(), ..view() },
            View { integrations: vec![facts_declared], ..view() },
            View { integrations: vec![seen(1, "Quiz"), seen(2, "Polls")], ..view() },
            View { asked: Some((Tier::Large, large)), ..view() },
            View { owners: 1, ..view() },
            View { support_url: None, ..view() },
            View { suspended_since: Some(now()), ..view() },
            View { contact: None, ..view() },
            contact(|contact| contact.epoch = 2),
            contact(|contact| contact.fingerprint = fingerprint(2)),
            contact(|contact| contact.class = MailboxClass::Personal),
            contact(|contact| contact.proven_at += TimeDelta::seconds(1)),
        ];
        let mut hashes: Vec<String> = changed.iter().chain([&view()]).map(|view| of(view).hash()).collect();
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), changed.len() + 1);
    }

    #[test]
    fn keeps_its_hash_whatever_the_order_of_integrations_and_the_words_of_a_fix() {
        let order = |integrations| of(&View { integrations, ..view() }).hash();
        assert_eq!(
            order(vec![seen(1, "Quiz"), seen(2, "Polls")]),
            order(vec![seen(2, "Polls"), seen(1, "Quiz")])
        );

        let evidence = of(&View { owners: 1, ..view() });
        let mut reworded = evidence.clone();
        reworded.checklist.checks.iter_mut().for_each(|check| check.fix = check.fix.to_uppercase());
        assert_ne!(reworded, evidence);
        assert_eq!(reworded.hash(), evidence.hash());
    }

    #[test]
    fn is_recorded_without_the_words_of_fixes() {
        let evidence = of(&View { owners: 1, ..view() });
        let submit = Command::Submit {
            by: DEVELOPER,
            role: OWNER,
            submission: SUBMISSION,
            evidence: evidence.clone(),
        };
        let asked = given::<ProdGroup>(&ready()).when(submit, now(), &Policy::default());
        let [Event::Submitted(submitted)] = asked.accepted().events.as_slice() else {
            panic!("submitted once");
        };
        assert_eq!(submitted.evidence, evidence.recorded());
        assert!(submitted.evidence.checklist.checks.iter().all(|check| check.fix.is_empty()));
        assert_eq!(submitted.evidence_hash, evidence.hash());
        assert_eq!(submitted.evidence.hash(), submitted.evidence_hash);
    }
}
