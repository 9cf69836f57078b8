//! What the queries show.

use super::{
    facts::{asked, changes_requested, evidence, facts, sealed},
    history::Portal,
};
use crate::{
    Page, PromotionState,
    card::Card,
    query::account::{MailOutcome, ShownContact},
};
use chrono::TimeDelta;
use domain::{
    address::MailboxClass,
    developer::Role,
    group::GroupRef,
    policy::{Policy, Tier},
    prodgroup::{Event, ReasonCode, SubmissionExpired},
};
use eventlog::{StreamName, StreamVersion};

const ALL: Page = Page { after: 0, limit: 100 };

#[tokio::test]
async fn a_developer_sees_their_account_with_groups_and_accounts() {
    let mut portal = Portal::new();
    let developer = portal.sign_up().await;
    let group = portal.group(developer, "Quiz lab").await;
    let account = portal.account(developer, "Acme").await;
    let running = portal.project().await;
    let me = running.model.developer(developer).await.unwrap().unwrap();
    assert_eq!(me.email, sealed(developer.uuid(), 1));
    assert_eq!(me.name, sealed(developer.uuid(), 2));
    assert_eq!((me.locale.as_str(), me.terms_version.as_str()), ("en", "2026-11"));
    assert_eq!(me.version, StreamVersion(4), "registered, joined twice, opened an account");
    let groups: Vec<_> = me.groups.iter().map(|group| (group.id, group.role)).collect();
    assert_eq!(groups, [(portal.groups[0], Role::Owner), (group, Role::Owner)]);
    assert_eq!(me.accounts[0].id, account);
    running.stop().await;
}

#[tokio::test]
async fn a_group_shows_members_integrations_and_limits() {
    let mut portal = Portal::new();
    let owner = portal.sign_up().await;
    let group = portal.group(owner, "Quiz lab").await;
    let quiz = portal.register(owner, group, facts("Quiz")).await;
    assert!(portal.rename(group, "Quiz laboratory").await);
    let running = portal.project().await;
    let row = running.model.group(group, owner).await.unwrap().unwrap();
    assert_eq!((row.name.as_str(), row.personal, row.role), ("Quiz laboratory", false, Role::Owner));
    assert_eq!(row.members.iter().map(|member| member.developer).collect::<Vec<_>>(), [owner]);
    assert_eq!(row.integrations, [quiz]);
    assert_eq!(row.allowed.at(portal.now()).limits, Policy::default().development);
    assert_eq!(row.version, StreamVersion(3));
    running.stop().await;
}

#[tokio::test]
async fn an_integration_shows_its_newest_facts_and_its_secrets() {
    let mut portal = Portal::new();
    let owner = portal.sign_up().await;
    let quiz = portal.register(owner, portal.groups[0], facts("Quiz")).await;
    assert!(portal.declare(quiz, facts("Quiz plus")).await);
    assert!(portal.issue_secret(quiz).await);
    let running = portal.project().await;
    let row = running.model.integration(quiz, owner).await.unwrap().unwrap();
    assert_eq!((row.owner, row.group), (owner, GroupRef::Development(portal.groups[0])));
    assert_eq!((row.facts, row.facts_version), (facts("Quiz plus"), 2));
    assert_eq!(row.secrets.len(), 1);
    assert_eq!((row.secrets[0].key.len(), row.secrets[0].last_four.as_str()), (32, "abcd"));
    assert!(!row.released);
    assert_eq!(row.version, StreamVersion(3));
    running.stop().await;
}

#[tokio::test]
async fn a_proven_contact_stays_shown_until_another_is_proven() {
    let mut portal = Portal::new();
    let owner = portal.sign_up().await;
    let account = portal.account(owner, "Acme").await;
    let running = portal.project().await;
    let row = running.model.account(account, owner).await.unwrap().unwrap();
    let contacts = row.contact.contacts;
    assert_eq!((contacts.declared().epoch, contacts.declared().class), (1, MailboxClass::Role));
    assert!(contacts.shown().is_none() && contacts.challenge.is_none());
    assert!(portal.prove_contact(account).await);
    assert!(portal.declare_contact(account).await);
    let intent = portal.request_challenge(account).await;
    running.reach(portal.log.head().position).await;
    let contact = running.model.account(account, owner).await.unwrap().unwrap().contact;
    let declared = contact.contacts.declared();
    assert_eq!((declared.epoch, &declared.address), (2, &sealed(account.uuid(), 2)));
    let shown = ShownContact::of(&contact.contacts).unwrap();
    assert_eq!((shown.epoch, shown.address), (1, sealed(account.uuid(), 1)));
    assert_eq!((contact.contacts.challenge.unwrap().intent, contact.mail), (intent, None));
    let failed = domain::mail::Failed { attempt: 1, class: domain::mail::FailureClass::Permanent };
    portal.mail(intent, domain::mail::Event::Failed(failed)).await;
    running.reach(portal.log.head().position).await;
    let contact = running.model.account(account, owner).await.unwrap().unwrap().contact;
    assert_eq!(contact.mail, Some(MailOutcome::Permanent));
    assert!(portal.prove_contact(account).await);
    running.reach(portal.log.head().position).await;
    let contact = running.model.account(account, owner).await.unwrap().unwrap().contact;
    assert_eq!(ShownContact::of(&contact.contacts).unwrap().epoch, 2);
    assert!(contact.contacts.challenge.is_none());
    running.stop().await;
}

#[tokio::test]
async fn a_promotion_shows_what_staff_asked_for_until_it_is_answered() {
    let mut portal = Portal::new();
    let owner = portal.sign_up().await;
    let account = portal.account(owner, "Acme").await;
    let group = portal.draft(owner, account, "Acme").await;
    let running = portal.project().await;
    let row = running.model.prod_group(group, owner).await.unwrap().unwrap();
    assert_eq!(
        (row.state, row.role, row.vendor_name.as_str()),
        (PromotionState::Draft, Some(Role::Owner), "Acme")
    );
    assert!(row.submission.is_none() && row.tier.is_none());
    assert!(running.model.promotion(group).await.unwrap().is_none(), "a draft is not for staff");

    assert!(portal.submit(group, owner).await);
    assert!(portal.review(group).await);
    running.reach(portal.log.head().position).await;
    let row = running.model.prod_group(group, owner).await.unwrap().unwrap();
    assert_eq!((row.state, row.expires_at), (PromotionState::InReview, None));
    assert!(row.submission.unwrap().reviewer.is_some());

    let deadline = portal.now() + TimeDelta::days(60);
    assert!(portal.promote(group, changes_requested(group, deadline)).await);
    running.reach(portal.log.head().position).await;
    let row = running.model.prod_group(group, owner).await.unwrap().unwrap();
    let answer = row.answer.clone().unwrap();
    assert_eq!((answer.reason, answer.note), (ReasonCode::Contact, Some(sealed(group.uuid(), 8))));
    assert_eq!(row.state_at(deadline - TimeDelta::milliseconds(1)), PromotionState::ChangesRequested);
    assert_eq!(row.state_at(deadline), PromotionState::Expired);

    assert!(portal.submit(group, owner).await);
    running.reach(portal.log.head().position).await;
    let row = running.model.prod_group(group, owner).await.unwrap().unwrap();
    assert_eq!((row.state, row.answer), (PromotionState::Submitted, None));
    running.stop().await;
}

#[tokio::test]
async fn staff_see_submitted_groups_in_the_order_of_submission() {
    let mut portal = Portal::new();
    let owner = portal.sign_up().await;
    let mut groups = Vec::new();
    for vendor in ["Acme", "Bolt", "Crux", "Dale"] {
        let account = portal.account(owner, vendor).await;
        groups.push(portal.draft(owner, account, vendor).await);
    }
    for group in [groups[2], groups[0], groups[1]] {
        assert!(portal.submit(group, owner).await);
    }
    assert!(portal.review(groups[0]).await);
    let running = portal.project().await;
    let now = portal.now();
    let ids = async |state, now| {
        let listed = running.model.promotions(state, now, ALL).await.unwrap();
        listed.items.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(None, now).await, [groups[2], groups[0], groups[1]]);
    assert_eq!(ids(Some(PromotionState::Submitted), now).await, [groups[2], groups[1]]);
    assert_eq!(ids(Some(PromotionState::InReview), now).await, [groups[0]]);
    let first = &running.model.promotions(None, now, ALL).await.unwrap().items[0];
    assert_eq!((first.role, first.asked), (None, Some(asked())));
    assert_eq!(first.submission.as_ref().unwrap().evidence, evidence("Acme - Quiz"));
    let deadline = first.expires_at.unwrap();
    assert_eq!(ids(Some(PromotionState::Expired), deadline).await, [groups[2]], "due, recorded or not");
    assert_eq!(ids(Some(PromotionState::Submitted), deadline).await, [groups[1]]);
    running.stop().await;
}

#[tokio::test]
async fn what_has_ended_by_time_is_overdue_until_that_is_recorded() {
    let mut portal = Portal::new();
    let owner = portal.sign_up().await;
    let account = portal.account(owner, "Acme").await;
    let group = portal.draft(owner, account, "Acme").await;
    assert!(portal.submit(group, owner).await);
    let running = portal.project().await;
    let row = running.model.prod_group(group, owner).await.unwrap().unwrap();
    let deadline = row.expires_at.unwrap();
    let before = deadline - TimeDelta::milliseconds(1);
    assert!(running.model.overdue(before).await.unwrap().is_empty());
    assert_eq!(running.model.overdue(deadline).await.unwrap(), [group]);
    let expired = SubmissionExpired { submission: row.submission.unwrap().id };
    assert!(portal.promote(group, Event::SubmissionExpired(expired)).await);
    running.reach(portal.log.head().position).await;
    assert!(running.model.overdue(deadline).await.unwrap().is_empty());
    running.stop().await;
}

#[tokio::test]
async fn staff_see_contact_and_integrations_as_they_are_now() {
    let mut portal = Portal::new();
    let owner = portal.sign_up().await;
    let quiz = portal.register(owner, portal.groups[0], facts("Quiz")).await;
    let account = portal.account(owner, "Acme").await;
    assert!(portal.prove_contact(account).await);
    let group = portal.draft(owner, account, "Acme").await;
    assert!(portal.move_to(quiz, GroupRef::Production(group)).await);
    assert!(portal.submit(group, owner).await);
    let running = portal.project().await;
    let promotion = running.model.promotion(group).await.unwrap().unwrap();
    assert_eq!(promotion.integrations.len(), 1);
    assert_eq!((promotion.integrations[0].id, promotion.integrations[0].facts_version), (quiz, 1));
    assert_eq!(promotion.group.integrations, [quiz]);
    assert_eq!(ShownContact::of(&promotion.contact.contacts).unwrap().epoch, 1);
    assert_eq!(promotion.support_url.as_deref(), Some("https://acme.example/help"));
    running.stop().await;
}

#[tokio::test]
async fn a_card_shows_who_stands_behind_an_integration_only_once_it_is_released() {
    let mut portal = Portal::new();
    let owner = portal.sign_up().await;
    let quiz = portal.register(owner, portal.groups[0], facts("Quiz")).await;
    let account = portal.account(owner, "Acme").await;
    assert!(portal.prove_contact(account).await);
    let group = portal.draft(owner, account, "Acme - Quiz").await;
    assert!(portal.move_to(quiz, GroupRef::Production(group)).await);
    assert!(portal.submit(group, owner).await);
    assert!(portal.review(group).await);
    let running = portal.project().await;
    let Some(Card::Development(card)) = running.model.card(quiz, portal.now()).await.unwrap() else {
        panic!("a card of a development integration");
    };
    assert_eq!((card.name.as_str(), card.hosts), ("Quiz", vec!["quiz.example".to_owned()]));

    assert!(portal.approve(group).await);
    running.reach(portal.log.head().position).await;
    let Some(Card::Released(card)) = running.model.card(quiz, portal.now()).await.unwrap() else {
        panic!("a card of a released integration");
    };
    assert_eq!((card.vendor_name.as_str(), card.group_name.as_str()), ("Acme", "Acme - Quiz"));
    assert_eq!((card.tier, card.limits), (Tier::Standard, Policy::default().standard));
    assert_eq!(card.contact.unwrap().address, sealed(account.uuid(), 1));
    assert_eq!(card.support_url.as_deref(), Some("https://acme.example/help"));
    let rest = card.rest.unwrap();
    assert_eq!(rest.entitlements[0].id, "course.attendance.VIEW");
    assert!(rest.entitlements[0].label.is_some());
    assert!(running.model.integration(quiz, owner).await.unwrap().unwrap().released);
    running.stop().await;
}

#[tokio::test]
async fn an_unknown_integration_has_no_card() {
    let mut portal = Portal::new();
    portal.play_everything().await;
    let unknown = domain::ids::IntegrationId::from_uuid(portal.id());
    let running = portal.project().await;
    assert!(running.model.card(unknown, portal.now()).await.unwrap().is_none());
    running.stop().await;
}

#[tokio::test]
async fn a_timeline_holds_the_facts_of_its_streams_in_order_and_nothing_sealed_in_its_data() {
    let mut portal = Portal::new();
    portal.play_everything().await;
    let running = portal.project().await;
    let group = StreamName::parse(&format!("prodgroup-{}", portal.prod_groups[0].uuid())).unwrap();
    let account = StreamName::parse(&format!("prodaccount-{}", portal.accounts[0].uuid())).unwrap();
    let listed = running.model.timeline(&[group.clone(), account.clone()], ALL).await.unwrap();
    let all = portal.records().await;
    let expected: Vec<_> =
        all.iter().filter(|record| record.stream == group || record.stream == account).collect();
    assert_eq!(listed.items.len(), expected.len());
    for (row, record) in listed.items.iter().zip(expected) {
        assert_eq!((row.position, &row.stream), (record.position, &record.stream));
        assert_eq!((row.at, &row.event_type), (record.recorded_at, &record.event_type));
        assert_eq!((&row.actor_kind, &row.actor_id), (&record.actor.kind, &record.actor.id));
        let data = serde_json::to_string(&row.data).unwrap();
        assert!(!data.contains("ciphertext") && !data.contains("fingerprint"), "{data}");
    }
    assert_eq!(listed.items.iter().filter(|row| row.note.is_some()).count(), 2, "sent back, and refused");
    running.stop().await;
}
