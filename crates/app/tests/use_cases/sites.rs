use crate::bench::{Bench, Keyed, complete};
use app::{AppError, Meta, allowances::Why, sites::SiteRegistered};
use chrono::TimeDelta;
use domain::{
    actor::Actor,
    allowance::{LimitsAsked, ReasonCode, parse::DraftLimits},
    decider::StoredEvent as _,
    group::GroupRef,
    ids::{DeveloperId, GatewayId, IntegrationId},
    roster::{Event, Rejection, Scope, SiteId},
    staff::StaffRole,
};

fn site(number: usize) -> SiteId {
    format!("site-{number}").parse().unwrap()
}

fn by_gateway(bench: &Bench) -> Meta {
    bench.meta(Actor::Gateway(GatewayId::from_uuid(bench.ids.v4())))
}

async fn register(
    bench: &Bench,
    integration: IntegrationId,
    number: usize,
) -> Result<SiteRegistered, AppError> {
    let done = bench.app.register_site(by_gateway(bench), integration, site(number), None).await?;
    Ok(done.value)
}

async fn release(bench: &Bench, integration: IntegrationId, number: usize) {
    bench.app.release_site(by_gateway(bench), integration, site(number)).await.unwrap();
}

async fn owner(bench: &Bench, name: &str) -> (DeveloperId, IntegrationId) {
    let developer = bench.developer(&format!("{name}@acme.com")).await.developer;
    (developer, bench.integration(developer, complete("Quiz")).await)
}

/// Which sites a group's facts let use what, in the log's own words.
async fn roster_events(bench: &Bench) -> Vec<Event> {
    let records = bench.records().await.into_iter().filter(|record| record.event_type.starts_with("roster."));
    records.map(|one| Event::decode(&one.event_type, one.schema, &one.payload).unwrap()).collect()
}

fn is_full(outcome: &Result<SiteRegistered, AppError>, expected: Scope) -> bool {
    matches!(outcome, Err(AppError::Roster(Rejection::Full { scope, .. })) if *scope == expected)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_at_once_for_one_free_place_one_gets_it_and_all_others_are_told_why() {
    let bench = Bench::new().await;
    let (_, integration) = owner(&bench, "ada").await;
    for number in 0..5 {
        register(&bench, integration, number).await.unwrap();
    }
    let all = (100..164).map(|number| register(&bench, integration, number));
    let outcomes = futures_util::future::join_all(all).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| is_full(outcome, Scope::Group)).count(), 63);
    assert_eq!(bench.count("roster.site_registered").await, 6);
    assert_eq!((bench.count("roster.nearly_full").await, bench.count("roster.refused").await), (1, 1));
}

#[tokio::test]
async fn a_repeat_takes_no_second_place_with_or_without_a_key() {
    let bench = Bench::new().await;
    let (_, integration) = owner(&bench, "ada").await;
    let meta = || by_gateway(&bench);
    let keyed = meta().key("once");
    let first = bench.app.register_site(keyed.clone(), integration, site(1), None).await.unwrap();
    let again = bench.app.register_site(keyed.clone(), integration, site(1), None).await.unwrap();
    assert!(!first.replayed && again.replayed && again.value.is_new);
    assert_eq!((first.position, first.version), (again.position, again.version));
    let other = bench.app.register_site(keyed.body(1), integration, site(2), None).await;
    assert!(matches!(other, Err(AppError::IdempotencyReused)));
    assert!(!register(&bench, integration, 1).await.unwrap().is_new);
    assert_eq!(bench.count("roster.site_registered").await, 1);
    for number in 2..7 {
        assert!(register(&bench, integration, number).await.unwrap().is_new);
    }
    assert!(is_full(&register(&bench, integration, 7).await, Scope::Group));
}

#[tokio::test]
async fn installing_and_removing_all_day_serves_no_more_sites_than_there_are_places() {
    let bench = Bench::new().await;
    let (_, integration) = owner(&bench, "ada").await;
    let mut served = 0;
    for number in 0..40 {
        if register(&bench, integration, number).await.is_ok() {
            served += 1;
            release(&bench, integration, number).await;
        }
        bench.pass(TimeDelta::minutes(30));
    }
    assert_eq!(served, 6, "in twenty hours");
    bench.pass(TimeDelta::hours(4));
    assert!(register(&bench, integration, 41).await.is_ok(), "the first place is free again");
}

#[tokio::test]
async fn many_groups_buy_no_places_and_an_organisation_has_no_more_than_its_own() {
    let bench = Bench::new().await;
    let (ada, first) = owner(&bench, "ada").await;
    let second = bench.integration(ada, complete("Exam")).await;
    let group = GroupRef::Development(bench.group(ada, "Rocket").await);
    bench.app.move_integration(bench.by(ada), ada, second, group).await.unwrap();
    for number in 0..6 {
        register(&bench, if number % 2 == 0 { first } else { second }, number).await.unwrap();
    }
    assert!(is_full(&register(&bench, second, 6).await, Scope::Owner));
    for name in ["bob", "cyd", "dan", "eve"] {
        let (_, integration) = owner(&bench, name).await;
        for number in 0..6 {
            register(&bench, integration, number).await.unwrap();
        }
    }
    let (_, late) = owner(&bench, "fay").await;
    assert!(is_full(&register(&bench, late, 0).await, Scope::Organisation));
    let elsewhere = bench.developer("gus@other.com").await.developer;
    let elsewhere = bench.integration(elsewhere, complete("Quiz")).await;
    register(&bench, elsewhere, 0).await.unwrap();
    release(&bench, first, 0).await;
    assert!(is_full(&register(&bench, late, 0).await, Scope::Organisation), "the place cools");
    bench.pass(TimeDelta::hours(24));
    register(&bench, late, 0).await.unwrap();
}

#[tokio::test]
async fn a_move_takes_the_sites_along_into_another_roster_and_back() {
    let bench = Bench::new().await;
    let ready = bench.ready_to_submit(bench.standard()).await;
    let (ada, integration) = (ready.developer, ready.integration);
    let production = GroupRef::Production(ready.group);
    for number in 0..3 {
        assert_eq!(register(&bench, integration, number).await.unwrap().group, production);
    }
    let development = GroupRef::Development(bench.group(ada, "Rocket").await);
    bench.app.move_integration(bench.by(ada), ada, integration, development).await.unwrap();
    let moved = roster_events(&bench).await.split_off(3);
    let arrived = moved.iter().find_map(|event| match event {
        Event::IntegrationArrived(arrived) => Some((arrived.group, arrived.sites.len())),
        _ => None,
    });
    assert_eq!(arrived, Some((development, 3)));
    assert!(moved.iter().any(|event| matches!(event, Event::PlacesTaken(taken) if taken.sites.len() == 3)));
    assert!(!register(&bench, integration, 0).await.unwrap().is_new, "it is registered where it is now");
    for number in 3..6 {
        register(&bench, integration, number).await.unwrap();
    }
    assert!(is_full(&register(&bench, integration, 6).await, Scope::Group));
    bench.app.move_integration(bench.by(ada), ada, integration, production).await.unwrap();
    assert!(is_full(&register(&bench, integration, 6).await, Scope::Group), "six came along");
    let other = bench.integration(ada, complete("Exam")).await;
    register(&bench, other, 9).await.unwrap();
}

#[tokio::test]
async fn a_move_to_a_group_without_room_is_refused_and_changes_nothing() {
    let bench = Bench::new().await;
    let ready = bench.ready_to_submit(bench.standard()).await;
    let ada = ready.developer;
    let other = bench.integration(ada, complete("Exam")).await;
    for number in 0..4 {
        register(&bench, ready.integration, number).await.unwrap();
        register(&bench, other, number + 1).await.unwrap();
    }
    let before = bench.records().await.len();
    let to = GroupRef::Production(ready.group);
    bench.app.move_integration(bench.by(ada), ada, other, to).await.unwrap();
    assert!(bench.records().await.len() > before, "sites 1, 2 and 3 are there already: one place is needed");
    let third = bench.integration(ada, complete("Game")).await;
    for number in 10..12 {
        register(&bench, third, number).await.unwrap();
    }
    let before = bench.records().await.len();
    let refused = bench.app.move_integration(bench.by(ada), ada, third, to).await.unwrap_err();
    let AppError::Roster(Rejection::NoRoom { scope: Scope::Group, limit: 6, free: 1, needed: 2 }) = refused
    else {
        panic!("{refused:?}")
    };
    assert_eq!(bench.records().await.len(), before);
}

#[tokio::test]
async fn the_vendor_takes_a_site_off_and_strangers_do_not() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await;
    let integration = bench.integration(ada.developer, complete("Quiz")).await;
    let group = GroupRef::Development(ada.default_group);
    register(&bench, integration, 1).await.unwrap();
    let bob = bench.developer("bob@other.com").await.developer;
    let stranger = bench.app.remove_site(bench.by(bob), bob, group, site(1)).await;
    assert!(matches!(stranger, Err(AppError::Roster(Rejection::NotYours))));
    let meta = || bench.by(ada.developer);
    let done = bench.app.remove_site(meta(), ada.developer, group, site(1)).await.unwrap();
    assert_eq!(done.value, Some(bench.now() + TimeDelta::hours(24)));
    let again = bench.app.remove_site(meta(), ada.developer, group, site(1)).await;
    assert!(matches!(again, Err(AppError::Roster(Rejection::NotRegistered))));
}

#[tokio::test]
async fn what_nobody_registered_has_no_sites() {
    let bench = Bench::new().await;
    let nothing = IntegrationId::from_uuid(bench.ids.v4());
    let refused = register(&bench, nothing, 1).await.unwrap_err();
    assert!(matches!(refused, AppError::Integration(domain::integration::Rejection::NotYours)));
    let (_, integration) = owner(&bench, "ada").await;
    let refused = bench.app.release_site(by_gateway(&bench), integration, site(1)).await.err().unwrap();
    assert!(matches!(refused, AppError::Roster(Rejection::NotRegistered)));
}

#[tokio::test]
async fn the_vendor_is_mailed_before_a_customer_is_refused_and_when_one_was() {
    let bench = Bench::new().await;
    let (_, integration) = owner(&bench, "ada").await;
    for number in 0..6 {
        register(&bench, integration, number).await.unwrap();
    }
    let sent = bench.mails(1).await;
    assert_eq!(sent[0].to.reveal(), "ada@acme.com");
    let text = sent[0].text.reveal();
    assert!(text.contains("5 of 6") && text.contains("Personal group"), "{text}");
    for number in 6..9 {
        assert!(is_full(&register(&bench, integration, number).await, Scope::Group));
    }
    let sent = bench.mails(1).await;
    assert_eq!((sent.len(), sent[0].to.reveal().as_str()), (1, "ada@acme.com"));
    let text = sent[0].text.reveal();
    assert!(text.contains("site-6") && text.contains("all 6 places"), "{text}");
}

#[tokio::test]
async fn a_warning_that_newer_news_has_overtaken_goes_unsent() {
    let bench = Bench::new().await;
    let ready = bench.ready_to_submit(bench.standard()).await;
    for number in 0..5 {
        register(&bench, ready.integration, number).await.unwrap();
    }
    assert_eq!(bench.count("roster.nearly_full").await, 1);
    for number in 0..3 {
        release(&bench, ready.integration, number).await;
    }
    bench.pass(TimeDelta::hours(25));
    for number in 5..8 {
        register(&bench, ready.integration, number).await.unwrap();
    }
    assert_eq!(bench.count("roster.nearly_full").await, 2, "a day later");
    let sent = bench.mails(1).await;
    assert_eq!(sent.len(), 1, "the first has been overtaken");
    assert_eq!(sent[0].to.reveal(), "owner@acme.com", "to the account's owner");
}

#[tokio::test]
async fn the_numbers_of_a_group_are_those_that_decide() {
    let bench = Bench::new().await;
    let (ada, integration) = owner(&bench, "ada").await;
    let first = register(&bench, integration, 0).await.unwrap().group;
    register(&bench, integration, 1).await.unwrap();
    release(&bench, integration, 1).await;
    let other = GroupRef::Development(bench.group(ada, "Rocket").await);
    let counted = |places: &app::sites::Places| {
        let ceilings = places.ceilings.iter().map(|count| (count.scope, count.used, count.limit)).collect();
        let ceilings: Vec<_> = ceilings;
        (places.own.used, places.own.limit, places.cooling, ceilings)
    };
    let ceilings = vec![(Scope::Owner, 2, 6), (Scope::Organisation, 2, 30)];
    let places = bench.app.places(first).await.unwrap();
    assert_eq!(counted(&places), (2, 6, 1, ceilings.clone()));
    assert_eq!(counted(&bench.app.places(other).await.unwrap()), (0, 6, 0, ceilings));
}

#[tokio::test]
async fn a_group_whose_limits_staff_have_set_stands_outside_the_ceilings() {
    let bench = Bench::new().await;
    let (ada, quiz) = owner(&bench, "ada").await;
    let exam = bench.integration(ada, complete("Exam")).await;
    let group = GroupRef::Development(bench.group(ada, "Rocket").await);
    bench.app.move_integration(bench.by(ada), ada, exam, group).await.unwrap();
    for number in 0..4 {
        register(&bench, quiz, number).await.unwrap();
        if number < 2 {
            register(&bench, exam, number).await.unwrap();
        }
    }
    assert!(is_full(&register(&bench, exam, 2).await, Scope::Owner));
    let grace = bench.staff("grace@portal.org", StaffRole::Approver).await.0;
    let draft = DraftLimits { calls: 20_000, window_s: None, window: None, sites: Some(9), partition: None };
    let (asked, why) = (LimitsAsked::parse(draft).unwrap(), Why { reason: ReasonCode::Peak, note: None });
    bench.app.set_limits(bench.by_staff(grace), grace, group, asked, why).await.unwrap();
    for number in 2..9 {
        register(&bench, exam, number).await.unwrap();
    }
    assert!(is_full(&register(&bench, exam, 9).await, Scope::Group), "nine are nine");
    assert!(bench.app.places(group).await.unwrap().ceilings.is_empty());
    for number in 4..6 {
        register(&bench, quiz, number).await.unwrap();
    }
    assert!(is_full(&register(&bench, quiz, 6).await, Scope::Group), "the other group has its six again");
    let events = roster_events(&bench).await;
    let counted = events.iter().filter(|event| matches!(event, Event::PlacesTaken(_))).count();
    assert_eq!(counted, 8, "the organisation counts what stood below its ceiling");
}
