//! Who is told of thresholds.

use super::{
    super::{intent_of, intents::Everybody, refold::owners_of},
    CONTACT, OWNER,
    bench::{Bench, patiently},
};
use domain::{
    developer::Role,
    group::{GroupRef, WindowKind},
    prodaccount::ProdAccount,
    usagewatch::{Event, LimitOf, Reached, UsageWatch, WatchOf},
};
use eventlog::Position;
use std::collections::HashSet;

fn reached(group: GroupRef, bench: &Bench) -> Event {
    Event::Reached(Reached {
        group,
        limit_of: LimitOf::Group,
        part: None,
        percent: 80,
        limit: 10_000,
        window_s: 86_400,
        window: WindowKind::Rolling,
        since: bench.clock.now(),
        mailed: true,
    })
}

#[tokio::test]
async fn every_owner_of_a_production_account_gets_a_mail_of_their_own() {
    let bench = Bench::new().await;
    let owners = [bench.developer(OWNER).await, bench.developer("bob@acme.example").await];
    let member = bench.developer("eve@acme.example").await;
    let (account, _) = bench.account(owners[0], CONTACT).await;
    let folded = crate::folds::Folds::new(bench.log.clone()).aggregate::<ProdAccount>(account).await.unwrap();
    let ProdAccount::Open(account_of_many) = &*folded.state else { panic!("it is open") };
    let mut account_of_many = account_of_many.clone();
    account_of_many.members.extend([(owners[1], Role::Owner), (member, Role::Admin)]);
    let told = owners_of(&account_of_many);
    assert_eq!(told.iter().copied().collect::<HashSet<_>>(), HashSet::from(owners));

    let (group, _) = bench.group_in_review(owners[0], account).await;
    let production = GroupRef::Production(group);
    bench.append::<UsageWatch>(WatchOf::Group(production), &[reached(production, &bench)]).await;
    let records = bench.log.read_all(Position(0), 100).await.unwrap();
    let intent = intent_of(records.last().unwrap()).unwrap().unwrap();
    assert!(matches!(intent.for_everybody(), Some(Everybody::OwnersOfGroup(told)) if told == group));
    let addressed: Vec<_> = told.iter().map(|owner| intent.to(*owner)).collect();
    let names: HashSet<_> = addressed.iter().map(|one| one.intent).chain([intent.intent]).collect();
    assert_eq!(names.len(), 3, "a name, an outcome and a place in a budget for each");
    assert!(addressed.iter().all(|one| one.for_everybody().is_none()));

    let running = bench.start();
    let of_first = intent.to(owners[0]).intent;
    bench.outcome(of_first).await;
    bench.outbox_is_empty().await;
    running.stop().await.unwrap();
    let mails = bench.post.taken();
    assert_eq!(mails.iter().map(|mail| mail.to.reveal().as_str()).collect::<Vec<_>>(), [OWNER]);
}

#[tokio::test]
async fn who_owns_the_account_no_more_when_the_mail_is_due_is_not_told() {
    let bench = Bench::new().await;
    let (owner, other) = (bench.developer(OWNER).await, bench.developer("bob@acme.example").await);
    let (account, _) = bench.account(owner, CONTACT).await;
    let group = GroupRef::Production(bench.group_in_review(owner, account).await.0);
    bench.append::<UsageWatch>(WatchOf::Group(group), &[reached(group, &bench)]).await;
    let records = bench.log.read_all(Position(0), 100).await.unwrap();
    let intent = intent_of(records.last().unwrap()).unwrap().unwrap().to(other);
    bench.side.enqueue_from_log(&[bench.outbox.row_of(&intent)], bench.log.head().position).await.unwrap();
    let running = bench.start();
    let outcome = bench.outcome(intent.intent).await;
    assert_eq!(super::read(&outcome), super::failed(0, domain::mail::FailureClass::Obsolete));
    running.stop().await.unwrap();
    patiently("nothing goes out", bench.outbox_is_empty()).await;
    assert!(bench.post.taken().is_empty());
}
