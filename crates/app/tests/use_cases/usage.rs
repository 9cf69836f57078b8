//! A group's quota and the history of its calls, as people see them.

use crate::bench::{Bench, rest};
use app::{
    allowances::Why,
    quota::{
        Caller, Question, Refusal, Verdict, Violated,
        parts::PartOf,
        usage::{By, Count, Outcome, Part, Range},
    },
    tokens::{Token, TokenKind},
};
use chrono::TimeDelta;
use domain::{
    actor::Actor,
    allowance::{GrantAsked, LimitsAsked, ReasonCode, parse::DraftLimits},
    group::{GroupRef, Partition, WindowKind},
    ids::{DevGroupId, DeveloperId, GatewayId, IntegrationId},
    policy::Policy,
    staff::StaffRole,
};
use quota::{Time, time::ManualTime};

struct Quiz {
    group: GroupRef,
    integration: IntegrationId,
    key: String,
}

impl Quiz {
    async fn of(bench: &Bench, email: &str) -> Self {
        let developer = bench.developer(email).await.developer;
        let group = bench.group(developer, "Quiz lab").await;
        Self::registered(bench, developer, group, "Quiz").await
    }

    async fn registered(bench: &Bench, developer: DeveloperId, group: DevGroupId, name: &str) -> Self {
        let group = GroupRef::Development(group);
        let done = bench.app.register(bench.by(developer), developer, Some(group), rest(name)).await;
        let value = done.unwrap().value;
        for site in ["site-a", "site-b"] {
            let by_gateway = bench.meta(Actor::Gateway(GatewayId::from_uuid(bench.ids.v4())));
            let site = site.parse().unwrap();
            bench.app.register_site(by_gateway, value.integration, site, None).await.unwrap();
        }
        Self { group, integration: value.integration, key: value.secret.unwrap().key }
    }

    async fn call(&self, bench: &Bench, site: Option<&str>, cost: u32) -> bool {
        let question = Question { caller: Caller::Key(&self.key), site, cost };
        matches!(bench.app.authorise(question).await.unwrap(), Verdict::Allowed(_))
    }
}

fn admitted(units: u64) -> Count {
    Count { admitted: units, ..Count::default() }
}

#[tokio::test]
async fn a_fresh_group_has_all_its_calls_and_nothing_to_expect() {
    let bench = Bench::new().await;
    let quiz = Quiz::of(&bench, "ada@acme.com").await;
    let view = bench.app.quota(quiz.group).await.unwrap().unwrap();
    assert_eq!((view.used, view.held, view.remaining), (0, 0, 10_000));
    assert_eq!((view.own.calls, view.own.window_s, view.own.window), (10_000, 86_400, WindowKind::Rolling));
    assert_eq!((view.next_free, view.shadow, view.suspended), (None, None, None));
    assert_eq!((view.forecast.calls_per_hour, view.forecast.empty_at), (0, None));
    assert_eq!(view.ceilings.iter().map(|one| one.limit).collect::<Vec<_>>()[0], Violated::Owner);
    let nobody = GroupRef::Development(DevGroupId::from_uuid(bench.ids.v4()));
    assert_eq!(bench.app.quota(nobody).await.unwrap(), None);
}

#[tokio::test]
async fn looking_costs_nothing_and_tells_what_is_used_and_when_it_is_free_again() {
    let bench = Bench::new().await;
    let quiz = Quiz::of(&bench, "ada@acme.com").await;
    let begun = bench.app.quota(quiz.group).await.unwrap().unwrap().now;
    assert!(quiz.call(&bench, None, 4_000).await);
    let view = bench.app.quota(quiz.group).await.unwrap().unwrap();
    assert_eq!((view.used, view.remaining), (4_000, 6_000));
    assert_eq!(bench.app.quota(quiz.group).await.unwrap().unwrap(), view, "looking changes nothing");
    let next = view.next_free.unwrap();
    assert_eq!((next.calls, next.limit.limit), (4_000, Violated::Pool));
    let day = TimeDelta::hours(24);
    assert!((begun + day..begun + day + TimeDelta::minutes(2)).contains(&next.at), "{next:?}");
    bench.pass(next.at - begun);
    assert_eq!(bench.app.quota(quiz.group).await.unwrap().unwrap().remaining, 10_000);
}

#[tokio::test]
async fn the_sum_over_an_owners_groups_shows_where_it_binds() {
    let bench = Bench::new().await;
    let developer = bench.developer("ada@acme.com").await.developer;
    let (one, other) = (bench.group(developer, "One").await, bench.group(developer, "Other").await);
    let one = Quiz::registered(&bench, developer, one, "Quiz").await;
    let other = Quiz::registered(&bench, developer, other, "Poll").await;
    assert!(one.call(&bench, None, 10_000).await);
    let view = bench.app.quota(other.group).await.unwrap().unwrap();
    assert_eq!((view.used, view.own.left, view.remaining), (0, 10_000, 0));
    let owner = view.ceilings.iter().find(|one| one.limit == Violated::Owner).unwrap();
    assert_eq!((owner.calls, owner.used, owner.left), (10_000, 10_000, 0));
    assert_eq!(view.next_free.unwrap().limit.limit, Violated::Owner);
}

#[tokio::test]
async fn the_pace_of_the_last_hour_tells_when_nothing_will_be_left() {
    let bench = Bench::new().await;
    let quiz = Quiz::of(&bench, "ada@acme.com").await;
    for _ in 0..11 {
        assert!(quiz.call(&bench, None, 500).await);
        bench.app.write_usage().await;
        bench.pass(TimeDelta::minutes(5));
    }
    let view = bench.app.quota(quiz.group).await.unwrap().unwrap();
    assert_eq!(view.used, 5_500);
    assert!((5_900..=6_100).contains(&view.forecast.calls_per_hour), "{:?}", view.forecast);
    let empty = view.forecast.empty_at.unwrap() - view.now;
    assert!((44..=46).contains(&empty.num_minutes()), "{empty}");
    bench.pass(TimeDelta::hours(1));
    let later = bench.app.quota(quiz.group).await.unwrap().unwrap();
    assert_eq!((later.forecast.calls_per_hour, later.forecast.empty_at), (0, None), "nobody has called");
}

#[tokio::test]
async fn what_became_of_calls_is_told_by_integration_site_and_outcome() {
    let bench = Bench::new().await;
    let quiz = Quiz::of(&bench, "ada@acme.com").await;
    assert!(quiz.call(&bench, Some("site-a"), 7).await);
    assert!(quiz.call(&bench, None, 9_993).await);
    assert!(!quiz.call(&bench, Some("site-b"), 2).await);
    assert!(!quiz.call(&bench, None, 4_000_000_000).await, "it counts once, however dear");
    bench.app.write_usage().await;
    for (range, steps) in [(Range::Day, 288), (Range::Month, 30), (Range::Year, 12)] {
        let history = bench.app.usage(quiz.group, range, By::Nothing).await.unwrap();
        assert_eq!(history.steps.len(), steps);
        let whole = &history.series[0];
        assert_eq!(whole.sum(), Count { admitted: 10_000, refused: 3, ..Count::default() });
        assert_eq!(whole.counts.last().unwrap(), &whole.sum(), "the running step is the last");
    }
    let of = |by| bench.app.usage(quiz.group, Range::Day, by);
    let by_site = of(By::Site).await.unwrap();
    let sites: Vec<_> = by_site.series.iter().map(|one| (one.part.clone(), one.sum())).collect();
    let refused = |units| Count { refused: units, ..Count::default() };
    assert_eq!(
        sites,
        [
            (Part::NoSite, Count { admitted: 9_993, refused: 1, ..Count::default() }),
            (Part::Site("site-a".into()), admitted(7)),
            (Part::Site("site-b".into()), refused(2)),
        ]
    );
    let by_integration = of(By::Integration).await.unwrap();
    assert_eq!(by_integration.series[0].part, Part::Integration(quiz.integration.uuid().as_u128()));
    assert_eq!(of(By::Outcome).await.unwrap().series.len(), 2);
}

#[tokio::test]
async fn calls_with_what_opens_nothing_any_more_are_told_and_those_of_strangers_are_not() {
    let bench = Bench::new().await;
    let developer = bench.developer("ada@acme.com").await.developer;
    let group = bench.group(developer, "Quiz lab").await;
    let by = || bench.by(developer);
    let group = GroupRef::Development(group);
    let made = bench.app.register(by(), developer, Some(group), rest("Quiz")).await.unwrap().value;
    let (pair, integration) = (made.secret.unwrap(), made.integration);
    let (key, secret) = (pair.key.as_str(), pair.secret.unwrap().reveal().clone());
    let token = bench.app.give_access_token(key, &secret).await.unwrap().unwrap().token;
    let unknown = async |caller, site| {
        let verdict = bench.app.authorise(Question { caller, site, cost: 7 }).await.unwrap();
        assert_eq!(verdict, Verdict::Refused(Refusal::CredentialUnknown));
    };
    unknown(Caller::Pair { key, secret: "mistyped" }, Some("site-a")).await;
    unknown(Caller::Pair { key: "another", secret: &secret }, None).await;
    bench.app.revoke_secret(by(), developer, integration, pair.id).await.unwrap();
    for caller in [Caller::Bearer(&secret), Caller::Bearer(token.reveal()), Caller::Key(key)] {
        unknown(caller, None).await;
    }
    unknown(Caller::Pair { key, secret: &secret }, None).await;
    bench.pass(TimeDelta::hours(2));
    unknown(Caller::Bearer(token.reveal()), None).await;
    let stranger = Token::mint(TokenKind::ApiSecret, &bench.ids).text();
    unknown(Caller::Bearer(stranger.reveal()), None).await;
    unknown(Caller::Pair { key: "nobody", secret: "nothing" }, None).await;
    let nobody = bench.app.authorise(Question { caller: Caller::Nobody, site: None, cost: 1 }).await.unwrap();
    assert_eq!(nobody, Verdict::Refused(Refusal::CredentialMissing));
    bench.app.write_usage().await;
    let history = bench.app.usage(group, Range::Day, By::Outcome).await.unwrap();
    let told: Vec<_> = history.series.iter().map(|one| (one.part.clone(), one.sum())).collect();
    let refused = Count { refused: 7, ..Count::default() };
    assert_eq!(told, [(Part::Outcome(Outcome::Unauthenticated), refused)]);
    assert_eq!(bench.app.quota(group).await.unwrap().unwrap().used, 0);
}

#[tokio::test]
async fn parts_with_limits_of_their_own_are_shown_one_by_one() {
    let bench = Bench::new().await;
    let quiz = Quiz::of(&bench, "ada@acme.com").await;
    let grace = bench.staff("grace@portal.org", StaffRole::Approver).await.0;
    let mary = bench.staff("mary@portal.org", StaffRole::Approver).await.0;
    for partition in [Partition::Integration, Partition::GroupSite] {
        let draft =
            DraftLimits { calls: 100, window_s: None, window: None, sites: None, partition: Some(partition) };
        let asked = LimitsAsked::parse(draft).unwrap();
        for staff in [grace, mary] {
            let why = Why { reason: ReasonCode::Peak, note: None };
            bench.app.set_limits(bench.by_staff(staff), staff, quiz.group, asked, why).await.unwrap();
        }
        assert!(quiz.call(&bench, Some("site-a"), 30).await);
        assert!(quiz.call(&bench, Some("site-b"), 40).await);
        bench.app.write_usage().await;
        let view = bench.app.quota(quiz.group).await.unwrap().unwrap();
        let parts: Vec<_> = view.parts.iter().map(|one| (one.part.clone(), one.used, one.left)).collect();
        if partition == Partition::Integration {
            assert_eq!(parts, [(PartOf::Integration(quiz.integration), 70, 30)]);
        } else {
            let site = |site: &str| PartOf::Site(site.to_owned());
            assert_eq!(parts, [(site("site-b"), 40, 60), (site("site-a"), 30, 70)]);
        }
        assert_eq!(view.partition, partition);
        assert_eq!(
            (view.own.calls, view.remaining, view.forecast.empty_at),
            (100, u64::from(parts[0].2), None)
        );
    }
}

#[tokio::test]
async fn a_grant_its_end_a_shadow_limit_and_a_suspension_show() {
    let bench = Bench::new().await;
    let quiz = Quiz::of(&bench, "ada@acme.com").await;
    let grace = bench.staff("grace@portal.org", StaffRole::Approver).await.0;
    let until = bench.now() + TimeDelta::days(3);
    let why = || Why { reason: ReasonCode::Peak, note: None };
    let asked = GrantAsked { calls: std::num::NonZeroU32::new(20_000).unwrap(), until };
    bench.app.grant(bench.by_staff(grace), grace, quiz.group, asked, why()).await.unwrap();
    let shadow = std::num::NonZeroU32::new(50).unwrap();
    bench.app.set_shadow(bench.by_staff(grace), grace, quiz.group, shadow).await.unwrap();
    assert!(quiz.call(&bench, None, 80).await);
    let view = bench.app.quota(quiz.group).await.unwrap().unwrap();
    assert_eq!((view.own.calls, view.granted_until, view.remaining), (20_000, Some(until), 19_920));
    assert_eq!(view.shadow.map(|shadow| (shadow.calls, shadow.would_have_refused)), Some((50, 30)));
    bench.app.suspend(bench.by_staff(grace), grace, quiz.group, why()).await.unwrap();
    let view = bench.app.quota(quiz.group).await.unwrap().unwrap();
    assert_eq!((view.suspended, view.next_free), (Some(bench.now()), None));
}

#[tokio::test]
async fn a_clock_set_forward_for_a_moment_ends_no_grant() {
    let mut machine = None;
    let bench = Bench::timed(Policy::default(), |clock| {
        let time = ManualTime::at(clock.now().timestamp_millis());
        machine = Some(time.clone());
        Time::Manual(time)
    })
    .await;
    let machine = machine.unwrap();
    let quiz = Quiz::of(&bench, "ada@acme.com").await;
    let grace = bench.staff("grace@portal.org", StaffRole::Approver).await.0;
    let until = bench.now() + TimeDelta::days(3);
    let why = || Why { reason: ReasonCode::Peak, note: None };
    let asked = GrantAsked { calls: std::num::NonZeroU32::new(20_000).unwrap(), until };
    bench.app.grant(bench.by_staff(grace), grace, quiz.group, asked, why()).await.unwrap();
    bench.clock.advance(TimeDelta::days(4));
    // What follows in the log has the rules looked at again.
    let bob = bench.developer("bob@other.com").await.developer;
    let other = bench.group(bob, "Other lab").await;
    assert!(Quiz::registered(&bench, bob, other, "Other").await.call(&bench, None, 1).await);
    assert!(quiz.call(&bench, None, 15_000).await, "nobody's day has passed");
    bench.clock.advance(TimeDelta::days(-4));
    machine.advance(TimeDelta::days(3).num_milliseconds());
    bench.clock.advance(TimeDelta::days(3));
    assert!(Quiz::registered(&bench, bob, other, "Third").await.call(&bench, None, 1).await);
    assert!(!quiz.call(&bench, None, 15_000).await, "now it has ended");
}

#[tokio::test]
async fn what_a_shadow_limit_would_have_refused_is_told_beside_what_passed() {
    let bench = Bench::new().await;
    let quiz = Quiz::of(&bench, "ada@acme.com").await;
    let grace = bench.staff("grace@portal.org", StaffRole::Approver).await.0;
    let shadow = std::num::NonZeroU32::new(50).unwrap();
    bench.app.set_shadow(bench.by_staff(grace), grace, quiz.group, shadow).await.unwrap();
    for _ in 0..70 {
        assert!(quiz.call(&bench, Some("site-a"), 1).await);
    }
    assert!(quiz.call(&bench, Some("site-b"), 10).await);
    bench.app.write_usage().await;
    let history = bench.app.usage(quiz.group, Range::Day, By::Site).await.unwrap();
    let sites: Vec<_> = history.series.iter().map(|one| (one.part.clone(), one.sum())).collect();
    let passed = |admitted, shadow_refused| Count { admitted, shadow_refused, ..Count::default() };
    let [a, b] = ["site-a", "site-b"].map(|site| Part::Site(site.to_owned()));
    assert_eq!(sites, [(a, passed(70, 20)), (b, passed(10, 10))]);
    let history = bench.app.usage(quiz.group, Range::Day, By::Outcome).await.unwrap();
    let refused = history.series.iter().find(|one| one.part == Part::Outcome(Outcome::ShadowRefused));
    assert_eq!(refused.unwrap().sum(), Count { shadow_refused: 30, ..Count::default() });
}
