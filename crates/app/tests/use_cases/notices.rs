//! Thresholds on their way from the engine to people.

use crate::bench::{Bench, rest};
use app::{
    allowances::Why,
    mail::Mail,
    quota::{Caller, Question},
};
use chrono::TimeDelta;
use domain::{
    allowance::{GrantAsked, LimitsAsked, ReasonCode, Share, parse::DraftLimits},
    decider::StoredEvent as _,
    group::GroupRef,
    ids::{DevGroupId, DeveloperId, IntegrationId},
    policy::Policy,
    staff::StaffRole,
    usagewatch::{Event, LimitOf, Reached},
};
use eventlog::{NewEvent, Record, StreamName, StreamVersion};
use std::num::NonZeroU32;

const REACHED: &str = "usagewatch.threshold_reached";

async fn quiz(bench: &Bench) -> (GroupRef, String) {
    let developer = bench.developer("ada@acme.com").await.developer;
    let made = made(bench, developer, "Quiz").await;
    (made.group, made.key)
}

/// A REST application in a group of its own.
struct Made {
    group: GroupRef,
    integration: IntegrationId,
    key: String,
}

async fn made(bench: &Bench, developer: DeveloperId, name: &str) -> Made {
    let group = GroupRef::Development(bench.group(developer, &format!("{name} lab")).await);
    let done = bench.app.register(bench.by(developer), developer, Some(group), rest(name)).await;
    let value = done.unwrap().value;
    Made { group, integration: value.integration, key: value.secret.unwrap().key }
}

/// What was recorded, in short.
fn short(told: &[(Record, Reached)]) -> Vec<(LimitOf, u8, u32, bool)> {
    told.iter().map(|(_, one)| (one.limit_of, one.percent, one.limit, one.mailed)).collect()
}

fn text_to<'m>(mails: &'m [Mail], address: &str) -> Vec<&'m str> {
    let to = mails.iter().filter(|mail| mail.to.reveal() == address);
    to.map(|mail| mail.text.reveal().as_str()).collect()
}

async fn call(bench: &Bench, key: &str, cost: u32) {
    bench.app.authorise(Question { caller: Caller::Key(key), site: None, cost }).await.unwrap();
}

/// What was recorded of thresholds, once there is that much.
async fn reached(bench: &Bench, count: usize) -> Vec<(Record, Reached)> {
    let mut head = bench.log.watch();
    while bench.count(REACHED).await < count {
        head.changed().await.unwrap();
    }
    let records = bench.records().await.into_iter().filter(|record| record.event_type == REACHED);
    let read = |record: Record| {
        let Event::Reached(reached) = Event::decode(REACHED, record.schema, &record.payload).unwrap();
        (record, reached)
    };
    records.map(read).collect()
}

#[tokio::test]
async fn each_threshold_is_recorded_once_a_window_in_a_stream_of_its_own() {
    let bench = Bench::new().await;
    let (group, key) = quiz(&bench).await;
    for cost in [4_999, 1, 3_000, 1_000, 999, 1, 1, 1] {
        call(&bench, &key, cost).await;
    }
    let told = reached(&bench, 4).await;
    let percents: Vec<_> = told.iter().map(|(_, reached)| (reached.percent, reached.mailed)).collect();
    assert_eq!(percents, [(50, false), (80, true), (90, true), (100, true)]);
    for (record, reached) in &told {
        assert_eq!((reached.group, reached.limit, reached.part), (group, 10_000, None));
        assert_eq!((reached.since, record.actor.kind.as_str()), (bench.now(), "system"));
        assert!(record.stream.as_str().starts_with("usagewatch-"));
    }
    bench.pass(TimeDelta::hours(24) + TimeDelta::minutes(2));
    call(&bench, &key, 5_000).await;
    let again = reached(&bench, 5).await;
    assert_eq!(again[4].1.percent, 50);
    assert_eq!(bench.count(REACHED).await, 5);
}

#[tokio::test]
async fn an_occasion_that_is_told_twice_is_recorded_once() {
    let bench = Bench::new().await;
    let (group, key) = quiz(&bench).await;
    call(&bench, &key, 5_000).await;
    let told = reached(&bench, 1).await;
    let crossed = quota::account::Crossed {
        violated: quota::Violated::Pool,
        percent: 50,
        since: told[0].1.since.timestamp_millis(),
    };
    let GroupRef::Development(id) = group else { panic!("a development group") };
    let limit = quota::Limit { units: 10_000, window: quota::Window::rolling(86_400_000) };
    let pool = quota::PoolKey::whole(id.uuid().as_u128());
    let notice =
        |key| quota::Notice { key, chain: std::sync::Arc::new(quota::Chain::new(key, limit)), crossed };
    let nobody = quota::PoolKey::whole(DevGroupId::from_uuid(bench.ids.v4()).uuid().as_u128());
    let (tell, notices) = tokio::sync::mpsc::channel(8);
    for key in [pool, nobody, pool] {
        tell.send(notice(key)).await.unwrap();
    }
    drop(tell);
    bench.app.tell_thresholds(notices, std::future::pending()).await;
    assert_eq!(bench.count(REACHED).await, 1);
}

#[tokio::test]
async fn a_threshold_that_can_never_be_recorded_holds_up_none_behind_it() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await.developer;
    let (damaged, sound) = (made(&bench, ada, "Quiz").await, made(&bench, ada, "Poll").await);
    let id_of = |made: &Made| match made.group {
        GroupRef::Development(id) => id.uuid(),
        GroupRef::Production(id) => id.uuid(),
    };
    let stream = StreamName::parse(&format!("usagewatch-{}", id_of(&damaged))).unwrap();
    let nonsense =
        NewEvent { event_type: REACHED.to_owned(), schema: 1, payload: b"?".to_vec(), subjects: Vec::new() };
    bench.slip_in(&stream, StreamVersion(0), nonsense).await;
    let limit = quota::Limit { units: 100, window: quota::Window::rolling(86_400_000) };
    let (tell, notices) = tokio::sync::mpsc::channel(2);
    for made in [&damaged, &sound] {
        let key = quota::PoolKey::whole(id_of(made).as_u128());
        let since = bench.now().timestamp_millis();
        let crossed = quota::account::Crossed { violated: quota::Violated::Pool, percent: 50, since };
        let chain = std::sync::Arc::new(quota::Chain::new(key, limit));
        tell.send(quota::Notice { key, chain, crossed }).await.unwrap();
    }
    drop(tell);
    let telling = bench.app.tell_thresholds(notices, std::future::pending());
    tokio::time::timeout(std::time::Duration::from_secs(20), telling).await.expect("both are done with");
    assert_eq!(bench.count(REACHED).await, 2, "what was slipped in, and the other group's");
}

#[tokio::test]
async fn the_limit_of_all_groups_of_an_owner_is_told_once_whoever_of_them_uses_it_up() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await.developer;
    let (quiz, poll) = (made(&bench, ada, "Quiz").await, made(&bench, ada, "Poll").await);
    call(&bench, &quiz.key, 4_100).await;
    call(&bench, &poll.key, 3_900).await;
    let told = reached(&bench, 2).await;
    assert_eq!(short(&told), [(LimitOf::Owner, 50, 10_000, false), (LimitOf::Owner, 80, 10_000, true)]);
    for (record, reached) in &told {
        assert_eq!(record.stream.as_str(), format!("usagewatch-{}", ada.uuid()));
        assert_eq!((reached.group, reached.part), (poll.group, None), "whose call was the last");
    }
    for made in [&quiz, &poll, &quiz] {
        call(&bench, &made.key, 40).await;
    }
    let mails = bench.mails(1).await;
    let [text] = text_to(&mails, "ada@acme.com")[..] else { panic!("one mail") };
    let limit = "Limit: 10000 calls in 24 h for all development groups of your account together";
    assert!(text.contains(limit), "{text}");
    assert!(text.contains("Poll lab"), "{text}");
    assert_eq!(bench.count(REACHED).await, 2);
}

#[tokio::test]
async fn the_limit_of_an_organisation_is_told_to_each_owner_it_binds_and_to_nobody_else() {
    let policy = Policy { organisation_development_calls: 12_000, ..Policy::default() };
    let bench = Bench::with(policy).await;
    let ada = bench.developer("ada@acme.com").await.developer;
    let bob = bench.developer("bob@acme.com").await.developer;
    let eve = bench.developer("eve@other.com").await.developer;
    let (quiz, poll) = (made(&bench, ada, "Quiz").await, made(&bench, bob, "Poll").await);
    made(&bench, eve, "Spy").await;
    call(&bench, &quiz.key, 4_900).await;
    call(&bench, &poll.key, 4_900).await;
    let told = reached(&bench, 4).await;
    let of_both = [50, 80].map(|percent| (LimitOf::Organisation, percent, 12_000, percent == 80));
    let of = |owner: DeveloperId| {
        let stream = format!("usagewatch-{}", owner.uuid());
        let told = told.iter().filter(|(record, _)| record.stream.as_str() == stream).cloned();
        told.collect::<Vec<_>>()
    };
    assert_eq!((short(&of(ada)), short(&of(bob))), (of_both.to_vec(), of_both.to_vec()));
    assert_eq!(of(bob)[0].1.group, poll.group);
    let mails = bench.mails(2).await;
    for address in ["ada@acme.com", "bob@acme.com"] {
        let [text] = text_to(&mails, address)[..] else { panic!("one mail to each") };
        assert!(text.contains("all development groups of your organisation together"), "{text}");
    }
    assert_eq!(mails.len(), 2);
}

#[tokio::test]
async fn the_share_of_an_integration_is_told_with_the_integration() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await.developer;
    let quiz = made(&bench, ada, "Quiz").await;
    let share = Share { integration: quiz.integration, at_most: Some(100), reserved: None };
    bench.app.declare_shares(bench.by(ada), ada, quiz.group, vec![share]).await.unwrap();
    for _ in 0..85 {
        call(&bench, &quiz.key, 1).await;
    }
    let told = reached(&bench, 2).await;
    assert_eq!(short(&told), [(LimitOf::Share, 50, 100, false), (LimitOf::Share, 80, 100, true)]);
    assert_eq!(told[1].1.integration(), Some(quiz.integration));
    let mails = bench.mails(1).await;
    let [text] = text_to(&mails, "ada@acme.com")[..] else { panic!("one mail") };
    assert!(text.contains(&format!("Integration: Quiz ({})", quiz.integration)), "{text}");
    assert!(text.contains("Limit: 100 calls in 24 h for the share of one integration"), "{text}");
}

#[tokio::test]
async fn a_lowered_limit_is_told_at_once_and_a_raised_one_again_from_its_own_thresholds_on() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await.developer;
    let quiz = made(&bench, ada, "Quiz").await;
    let grace = bench.staff("grace@portal.org", StaffRole::Approver).await.0;
    let why = || Why { reason: ReasonCode::Peak, note: None };
    let lower = DraftLimits { calls: 5_000, window_s: None, window: None, sites: None, partition: None };
    call(&bench, &quiz.key, 4_750).await;
    bench.pass(TimeDelta::seconds(1));
    let asked = LimitsAsked::parse(lower).unwrap();
    bench.app.set_limits(bench.by_staff(grace), grace, quiz.group, asked, why()).await.unwrap();
    let lowered = [(50, false), (80, true), (90, true)];
    let mut expected = lowered.map(|(percent, mailed)| (LimitOf::Group, percent, 5_000, mailed)).to_vec();
    assert_eq!(short(&reached(&bench, 3).await), expected, "nobody has called again");
    bench.pass(TimeDelta::seconds(1));
    let asked =
        GrantAsked { calls: NonZeroU32::new(20_000).unwrap(), until: bench.now() + TimeDelta::days(3) };
    bench.app.grant(bench.by_staff(grace), grace, quiz.group, asked, why()).await.unwrap();
    bench.pass(TimeDelta::seconds(1));
    for cost in [6_000, 6_000] {
        call(&bench, &quiz.key, cost).await;
    }
    expected
        .extend([(50, false), (80, true)].map(|(percent, mailed)| (LimitOf::Group, percent, 20_000, mailed)));
    assert_eq!(short(&reached(&bench, 5).await), expected);
}

#[tokio::test]
async fn the_owner_of_a_production_account_is_told_of_its_group() {
    let bench = Bench::new().await;
    let ready = bench.ready_to_submit(bench.standard()).await;
    let (owner, group) = (ready.developer, GroupRef::Production(ready.group));
    let issued = bench.app.register(bench.by(owner), owner, None, rest("Poll")).await.unwrap().value;
    bench.app.move_integration(bench.by(owner), owner, issued.integration, group).await.unwrap();
    call(&bench, &issued.secret.unwrap().key, 8_000).await;
    let told = reached(&bench, 2).await;
    assert_eq!((told[1].1.group, told[1].1.percent, told[1].1.limit_of), (group, 80, LimitOf::Group));
    let mails = bench.mails(1).await;
    let texts = text_to(&mails, "owner@acme.com");
    assert!(texts.iter().any(|text| text.contains("Group: Acme - Acme Quiz")), "{texts:?}");
}
