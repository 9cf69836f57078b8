use crate::bench::Bench;
use app::{
    AppError,
    contact_checks::{CheckSettings, Look},
    side_state::CheckBudget,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{DeveloperId, ProdAccountId},
    prodaccount::{self, CheckVerdict, Consequence, ContactChecked, ContactState},
};
use futures_util::future::join_all;
use reachability::{Finding, Flag, Occasion, Reason, Signals};
use std::{
    collections::BTreeSet,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::{Semaphore, oneshot, watch};

const CONTACT: &str = "support@acme.com";

/// Mail hosts as a test wants them, and what they were asked.
struct Hosts {
    finding: Mutex<Finding>,
    asked: watch::Sender<Vec<String>>,
    /// Closed by tests that want a look to last.
    answers: Semaphore,
}

impl Look for Hosts {
    fn look<'a>(
        &'a self,
        address: &'a str,
        _: &'a Occasion,
    ) -> Pin<Box<dyn Future<Output = Finding> + Send + 'a>> {
        Box::pin(async move {
            self.asked.send_modify(|asked| asked.push(address.to_owned()));
            drop(self.answers.acquire().await);
            self.finding.lock().unwrap().clone()
        })
    }
}

fn found(reason: Reason) -> Finding {
    let flags = BTreeSet::new();
    let (evidence, signals) = (Vec::new(), Signals::default());
    Finding { reason, flags, evidence, believed_for: None, signals, queries: 1 }
}

/// The same at a domain that these run.
fn run_by(reason: Reason, who: &str) -> Finding {
    let signals =
        Signals { mail_hosts: [format!("mx.{who}")].into(), name_servers: [format!("ns.{who}")].into() };
    Finding { signals, ..found(reason) }
}

/// A portal that looks.
struct Scene {
    bench: Bench,
    hosts: Arc<Hosts>,
    running: Option<oneshot::Sender<()>>,
}

impl Scene {
    async fn new(reason: Reason) -> Self {
        Self::looking(reason, 1_000).await
    }

    async fn looking(reason: Reason, per_hour: u32) -> Self {
        let hosts = Arc::new(Hosts {
            finding: Mutex::new(found(reason)),
            asked: watch::Sender::new(Vec::new()),
            answers: Semaphore::new(1),
        });
        let mut scene = Self { bench: Bench::new().await, hosts, running: None };
        scene.run(per_hour);
        scene
    }

    fn run(&mut self, per_hour: u32) {
        let (stop, stopped) = oneshot::channel::<()>();
        let worker = self.bench.app.contact_watch(self.hosts.clone(), CheckSettings { per_hour });
        tokio::spawn(worker.run(async { _ = stopped.await }));
        self.running = Some(stop);
    }

    fn stop(&mut self) {
        self.running = None;
    }

    fn finds(&self, finding: Finding) {
        *self.hosts.finding.lock().unwrap() = finding;
    }

    fn looks(&self) -> usize {
        self.hosts.asked.borrow().len()
    }

    /// Waits for the `count`th look, and until what it gave is written down.
    async fn looked(&self, count: usize) {
        let mut asked = self.hosts.asked.subscribe();
        let waiting = asked.wait_for(|asked| asked.len() >= count);
        tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("it looks").unwrap();
        self.settled().await;
    }

    /// Waits until nothing is due.
    async fn settled(&self) {
        let settling = async {
            while !self.bench.side.due_checks(self.bench.now(), 1).await.unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), settling).await.expect("it settles");
    }

    /// Goes to when the next look is due, lets it be made, and tells when that was.
    async fn next(&self) -> Option<DateTime<Utc>> {
        let due = self.bench.side.next_check_due(self.bench.now()).await.unwrap()?;
        let looks = self.looks();
        self.bench.clock.set(due);
        self.looked(looks + 1).await;
        Some(due)
    }

    async fn account(&self) -> (DeveloperId, ProdAccountId) {
        let ada = self.bench.developer("ada@acme.com").await.developer;
        (ada, self.bench.account(ada, "Acme", CONTACT).await)
    }

    async fn ask(&self, by: DeveloperId, account: ProdAccountId) -> Result<DateTime<Utc>, AppError> {
        let asked = self.bench.app.ask_for_check(self.bench.by(by), by, account).await?;
        Ok(asked.value.due_at)
    }

    /// What was recorded of looks.
    async fn recorded(&self) -> Vec<ContactChecked> {
        let records = self.bench.records().await.into_iter();
        let checked = records.filter(|record| record.event_type == "prodaccount.contact_checked");
        checked.map(|record| serde_json::from_slice(&record.payload).unwrap()).collect()
    }

    async fn state(&self, account: ProdAccountId, owner: DeveloperId) -> ContactState {
        let read = self.bench.app.read();
        read.wait_for(self.bench.app.head().position, Duration::from_secs(10)).await.unwrap();
        let row = read.account(account, owner).await.unwrap().unwrap();
        row.contact.contacts.newest.state(self.bench.now(), self.bench.policy())
    }
}

fn minutes(from: DateTime<Utc>, to: DateTime<Utc>) -> i64 {
    (to - from).num_minutes()
}

#[tokio::test]
async fn a_contact_is_looked_at_when_it_is_named_and_what_is_found_is_recorded() {
    let scene = Scene::new(Reason::Taken).await;
    scene.account().await;
    scene.looked(1).await;
    assert_eq!(*scene.hosts.asked.borrow(), [CONTACT]);
    let recorded = scene.recorded().await;
    assert_eq!(
        (recorded.len(), recorded[0].verdict, recorded[0].reason.as_str()),
        (1, CheckVerdict::Fine, "recipient_taken")
    );
}

#[tokio::test]
async fn a_look_that_was_asked_for_survives_a_restart() {
    let mut scene = Scene::new(Reason::NoMailbox).await;
    let (ada, account) = scene.account().await;
    scene.looked(1).await;
    scene.stop();
    scene.ask(ada, account).await.unwrap();
    scene.bench.restart().await;
    assert_eq!(scene.looks(), 1);
    scene.run(1_000);
    scene.looked(2).await;
}

#[tokio::test]
async fn a_look_broken_off_by_a_stop_is_made_again() {
    let mut scene = Scene::new(Reason::Taken).await;
    scene.hosts.answers.forget_permits(1);
    scene.account().await;
    let mut asked = scene.hosts.asked.subscribe();
    asked.wait_for(|asked| asked.len() == 1).await.unwrap();
    scene.stop();
    scene.bench.restart().await;
    scene.hosts.answers.add_permits(1);
    scene.run(1_000);
    scene.looked(2).await;
    assert_eq!(scene.recorded().await.len(), 1);
}

#[tokio::test]
async fn trouble_is_asked_about_again_at_growing_distance_for_five_days_and_told_once() {
    let scene = Scene::new(Reason::Greylisted).await;
    let began = scene.bench.now();
    scene.account().await;
    scene.looked(1).await;
    let (mut at, mut waits) = (began, Vec::new());
    while let Some(next) = scene.next().await {
        waits.push(minutes(at, next));
        at = next;
    }
    for (wait, wanted) in waits.iter().zip([5, 15, 60, 240, 240, 240]) {
        assert!((wanted..=wanted + wanted / 10).contains(wait), "{waits:?}");
    }
    let lasted = at - began;
    assert!(lasted >= TimeDelta::days(5) && lasted < TimeDelta::days(5) + TimeDelta::hours(5), "{lasted}");
    let told: Vec<_> = scene.recorded().await.into_iter().map(|told| told.verdict).collect();
    assert_eq!(told, [CheckVerdict::Unknown]);
}

#[tokio::test]
async fn a_proven_contact_is_looked_at_as_often_as_the_policy_says() {
    let scene = Scene::new(Reason::Taken).await;
    let (ada, account) = scene.account().await;
    scene.looked(1).await;
    scene.bench.prove_contact(ada, account, CONTACT).await;
    let read = scene.bench.app.read();
    read.wait_for(scene.bench.app.head().position, Duration::from_secs(10)).await.unwrap();
    // The hourly scan finds that nothing is planned for it any more.
    scene.bench.pass(TimeDelta::hours(1));
    let planning = async {
        while scene.bench.side.next_check_due(scene.bench.now()).await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), planning).await.unwrap();
    let first = scene.next().await.unwrap();
    let second = scene.next().await.unwrap();
    let (days, policy) = ((second - first).num_hours(), scene.bench.policy());
    let wanted = i64::from(policy.contact_check_days) * 24;
    assert!((wanted..=wanted + wanted / 10).contains(&days), "{days}");
}

#[tokio::test]
async fn sixty_four_wishes_at_once_are_one_look_and_count_once() {
    let mut scene = Scene::new(Reason::NoMailbox).await;
    let (ada, account) = scene.account().await;
    scene.looked(1).await;
    scene.stop();
    let asked = join_all((0..64).map(|_| scene.ask(ada, account))).await;
    assert!(asked.iter().all(|due| *due.as_ref().unwrap() == scene.bench.now()));
    assert_eq!(scene.bench.side.checks_watched().await.unwrap(), 1);
    scene.run(1_000);
    scene.looked(2).await;
    for n in 0..9 {
        scene.ask(ada, account).await.unwrap();
        scene.looked(3 + n).await;
    }
    assert_eq!(scene.looks(), 11, "so the sixty-four took one of ten");
}

#[tokio::test]
async fn an_account_asks_for_ten_looks_an_hour() {
    let scene = Scene::new(Reason::NoMailbox).await;
    let (ada, account) = scene.account().await;
    scene.looked(1).await;
    for n in 0..10 {
        scene.ask(ada, account).await.unwrap();
        scene.looked(2 + n).await;
    }
    scene.bench.pass(TimeDelta::minutes(20));
    let refused = scene.ask(ada, account).await.unwrap_err();
    let AppError::TooManyChecks { budget: CheckBudget::Account(_), retry_after_s: 2_400 } = refused else {
        panic!("{refused:?}")
    };
    scene.bench.pass(TimeDelta::minutes(40));
    scene.ask(ada, account).await.unwrap();
}

#[tokio::test]
async fn the_hosts_of_a_domain_are_asked_twenty_times_a_day_whoever_wants_it() {
    let scene = Scene::new(Reason::NoMailbox).await;
    let (ada, account) = scene.account().await;
    let bob = scene.bench.developer("bob@other.com").await.developer;
    let other = scene.bench.account(bob, "Umbra", "help@acme.com").await;
    scene.looked(2).await;
    for n in 0..18 {
        scene.bench.pass(TimeDelta::minutes(10));
        let (by, account) = if n % 2 == 0 { (ada, account) } else { (bob, other) };
        scene.ask(by, account).await.unwrap();
        scene.looked(3 + n).await;
    }
    let refused = scene.ask(ada, account).await.unwrap_err();
    assert!(matches!(refused, AppError::TooManyChecks { budget: CheckBudget::Domain(_), .. }), "{refused:?}");
    assert_eq!(scene.looks(), 20);
}

#[tokio::test]
async fn who_names_one_contact_after_the_other_has_ten_an_hour_looked_at() {
    let scene = Scene::new(Reason::Taken).await;
    let (ada, account) = scene.account().await;
    scene.looked(1).await;
    for n in 1..12 {
        let contact = scene.bench.address(&format!("support@acme{n}.com"));
        scene.bench.app.declare_contact(scene.bench.by(ada), ada, account, contact).await.unwrap();
        scene.looked((n + 1).min(10)).await;
    }
    assert_eq!(scene.looks(), 10);
    let before = scene.bench.now();
    let due = scene.next().await.unwrap();
    assert!(due >= before + TimeDelta::hours(1), "and the last one when there is room");
    assert_eq!(scene.hosts.asked.borrow().last().unwrap(), "support@acme11.com");
}

#[tokio::test]
async fn the_portal_looks_so_many_times_an_hour_and_makes_up_for_it_later() {
    let scene = Scene::looking(Reason::Taken, 2).await;
    let ada = scene.bench.developer("ada@acme.com").await.developer;
    for (vendor, contact) in [("Acme", "a@acme.com"), ("Umbra", "b@umbra.com"), ("Wayne", "c@wayne.com")] {
        scene.bench.account(ada, vendor, contact).await;
    }
    scene.looked(2).await;
    assert_eq!(scene.looks(), 2);
    let due = scene.next().await.unwrap();
    assert!(due >= scene.bench.now() - TimeDelta::minutes(10));
    assert_eq!(scene.looks(), 3);
}

#[tokio::test]
async fn what_is_found_of_a_contact_that_was_replaced_meanwhile_is_dropped() {
    let scene = Scene::new(Reason::NoMailbox).await;
    scene.hosts.answers.forget_permits(1);
    let (ada, account) = scene.account().await;
    let mut asked = scene.hosts.asked.subscribe();
    asked.wait_for(|asked| asked.len() == 1).await.unwrap();
    let other = scene.bench.address("help@acme.com");
    scene.bench.app.declare_contact(scene.bench.by(ada), ada, account, other).await.unwrap();
    asked.wait_for(|asked| asked.len() == 2).await.unwrap();
    scene.hosts.answers.add_permits(1);
    scene.settled().await;
    let recorded: Vec<_> = scene.recorded().await.into_iter().map(|checked| checked.epoch).collect();
    assert_eq!(recorded, [2]);
    assert_eq!(scene.bench.side.checks_watched().await.unwrap(), 1);
}

#[tokio::test]
async fn strangers_get_no_look_and_use_up_no_budget() {
    let scene = Scene::new(Reason::NoMailbox).await;
    let (ada, account) = scene.account().await;
    scene.looked(1).await;
    let eve = scene.bench.developer("eve@other.com").await.developer;
    for _ in 0..20 {
        let refused = scene.ask(eve, account).await.unwrap_err();
        assert!(matches!(refused, AppError::ProdAccount(prodaccount::Rejection::NotYours)), "{refused:?}");
    }
    assert_eq!(scene.looks(), 1);
    scene.ask(ada, account).await.unwrap();
}

#[tokio::test]
async fn a_portal_that_does_not_look_says_so_and_plans_nothing() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await.developer;
    let account = bench.account(ada, "Acme", CONTACT).await;
    let refused = bench.app.ask_for_check(bench.by(ada), ada, account).await.unwrap_err();
    assert!(matches!(refused, AppError::NotWatched), "{refused:?}");
    assert_eq!(bench.side.checks_watched().await.unwrap(), 0);
    assert_eq!(bench.app.egress_is_suspected(), None);
}

#[tokio::test]
async fn a_mailbox_that_is_gone_puts_the_proof_in_doubt_and_a_day_later_ends_it_after_the_grace() {
    let scene = Scene::new(Reason::Taken).await;
    let (ada, account) = scene.account().await;
    scene.looked(1).await;
    scene.bench.prove_contact(ada, account, CONTACT).await;
    scene.bench.pass(TimeDelta::minutes(1));
    scene.finds(found(Reason::NoMailbox));
    scene.ask(ada, account).await.unwrap();
    scene.looked(2).await;
    assert!(matches!(scene.state(account, ada).await, ContactState::Degraded { .. }));
    assert!(scene.bench.open_challenge(account).await.is_some(), "it is asked anew");
    // Trouble on the way neither ends nor clears a doubt.
    scene.finds(found(Reason::Greylisted));
    scene.ask(ada, account).await.unwrap();
    scene.looked(3).await;
    assert!(matches!(scene.state(account, ada).await, ContactState::Degraded { .. }));
    scene.finds(found(Reason::NoMailbox));
    scene.next().await.unwrap();
    let next = scene.next().await.unwrap();
    let recorded = scene.recorded().await;
    let last = recorded.last().unwrap();
    let grace = TimeDelta::days(scene.bench.policy().contact_grace_days.into());
    assert_eq!(last.consequence, Consequence::Ends { at: next + grace });
    scene.bench.pass(grace);
    assert!(matches!(scene.state(account, ada).await, ContactState::Withdrawn { .. }));
}

#[tokio::test]
async fn a_domain_in_other_hands_ends_the_proof_at_once() {
    let scene = Scene::new(Reason::Taken).await;
    scene.finds(run_by(Reason::Taken, "acme.com"));
    let (ada, account) = scene.account().await;
    scene.looked(1).await;
    scene.bench.prove_contact(ada, account, CONTACT).await;
    scene.bench.pass(TimeDelta::minutes(1));
    scene.finds(run_by(Reason::Taken, "squatter.com"));
    scene.ask(ada, account).await.unwrap();
    scene.looked(2).await;
    let now = scene.bench.now();
    assert_eq!(scene.recorded().await.last().unwrap().consequence, Consequence::Ends { at: now });
    assert_eq!(scene.state(account, ada).await, ContactState::Withdrawn { since: now });
}

#[tokio::test]
async fn a_port_blocked_for_us_is_suspected_and_never_makes_a_contact_dead() {
    let scene = Scene::new(Reason::Taken).await;
    let (ada, account) = scene.account().await;
    scene.looked(1).await;
    scene.bench.prove_contact(ada, account, CONTACT).await;
    scene.bench.pass(TimeDelta::minutes(1));
    let blocked = Finding { flags: [Flag::EgressUntested].into(), ..found(Reason::NoConnection) };
    scene.finds(blocked);
    for (vendor, contact) in [("Umbra", "b@umbra.com"), ("Wayne", "c@wayne.com")] {
        scene.bench.account(ada, vendor, contact).await;
    }
    scene.looked(3).await;
    scene.ask(ada, account).await.unwrap();
    scene.looked(4).await;
    assert_eq!(scene.bench.app.egress_is_suspected(), Some(false), "three hosts may be down");
    let end = scene.bench.now() + TimeDelta::days(8);
    while scene.bench.now() < end {
        scene.next().await.unwrap();
    }
    assert_eq!(scene.bench.app.egress_is_suspected(), Some(true));
    let verdicts: BTreeSet<_> =
        scene.recorded().await.iter().map(|checked| format!("{:?}", checked.verdict)).collect();
    assert_eq!(verdicts, BTreeSet::from(["Fine".to_owned(), "Unknown".to_owned()]));
    assert!(matches!(scene.state(account, ada).await, ContactState::Proven { .. }));
    // Once it is known that others are reached, what was seen before does not count.
    scene.finds(found(Reason::NoConnection));
    scene.ask(ada, account).await.unwrap();
    scene.settled().await;
    assert_eq!(scene.bench.app.egress_is_suspected(), Some(false));
    assert!(matches!(scene.state(account, ada).await, ContactState::Proven { .. }));
}
