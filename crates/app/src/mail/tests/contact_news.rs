//! What owners hear of their contact after its proof.

use super::{
    super::intent_of,
    CONTACT, OWNER,
    bench::{Bench, patiently},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{IntentId, ProdAccountId},
    prodaccount::{
        BounceCause, CheckVerdict, Consequence, ContactBounced, ContactChecked, ContactProven, Event,
        ProdAccount, Sender, Signals,
    },
};
use eventlog::Position;

async fn proven(bench: &Bench) -> ProdAccountId {
    let owner = bench.developer(OWNER).await;
    let (account, _) = bench.account(owner, CONTACT).await;
    let intent = bench.challenge(account).await;
    let proven_at = bench.clock.now();
    let proven = ContactProven { intent, epoch: 1, proven_at, sender: Sender::Rotated };
    bench.append::<ProdAccount>(account, &[Event::ContactProven(proven)]).await;
    account
}

fn bounced(intent: u128, cause: BounceCause, at: DateTime<Utc>, consequence: Consequence) -> Event {
    let intent = IntentId::from_uuid(uuid::Uuid::from_u128(intent));
    Event::ContactBounced(ContactBounced {
        epoch: 1,
        intent,
        cause,
        status: "5.7.1".to_owned(),
        at,
        consequence,
    })
}

/// The mail that the newest fact asks for, to the only owner.
async fn newest(bench: &Bench) -> IntentId {
    let records = bench.log.read_all(Position(0), 100).await.unwrap();
    let asked = intent_of(records.last().unwrap()).unwrap().unwrap();
    let owner = records.iter().find(|record| record.event_type == "developer.registered").unwrap();
    asked.to(domain::ids::DeveloperId::from_uuid(owner.stream.id().parse().unwrap())).intent
}

#[tokio::test]
async fn doubt_is_told_with_what_was_found_and_what_to_do() {
    let bench = Bench::new().await;
    let account = proven(&bench).await;
    let event = bounced(1, BounceCause::Refused, bench.clock.now(), Consequence::Degrades);
    bench.append::<ProdAccount>(account, &[event]).await;
    let running = bench.start();
    bench.outcome(newest(&bench).await).await;
    running.stop().await.unwrap();
    let mails = bench.post.taken();
    let [mail] = &mails[..] else { panic!("{} mails", mails.len()) };
    assert_eq!(
        (mail.to.reveal().as_str(), mail.subject),
        (OWNER, "Your contact mailbox may not receive mail")
    );
    let text = mail.text.reveal();
    assert!(
        text.contains("What was found: mail to it came back, because it refuses senders it does not know.")
    );
    assert!(!text.contains(CONTACT) && !text.contains("5.7.1"), "{text}");
}

#[tokio::test]
async fn doubt_that_became_worse_is_told_once_with_the_end_of_the_proof() {
    let bench = Bench::new().await;
    let account = proven(&bench).await;
    let now = bench.clock.now();
    let at = now + TimeDelta::days(14);
    let events = [
        bounced(1, BounceCause::Refused, now, Consequence::Degrades),
        bounced(2, BounceCause::NoMailbox, now, Consequence::Ends { at }),
    ];
    bench.append::<ProdAccount>(account, &events).await;
    let running = bench.start();
    bench.outcome(newest(&bench).await).await;
    patiently("nothing waits", bench.outbox_is_empty()).await;
    running.stop().await.unwrap();
    let mails = bench.post.taken();
    let subjects: Vec<_> = mails.iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects, ["Your contact mailbox will be shown as unreachable"]);
    let text = mails[0].text.reveal();
    assert!(text.contains("no such mailbox") && text.contains(&at.format("%Y-%m-%d").to_string()), "{text}");
}

#[tokio::test]
async fn a_domain_in_other_hands_is_told_as_that() {
    let bench = Bench::new().await;
    let account = proven(&bench).await;
    let at = bench.clock.now();
    let checked = ContactChecked {
        epoch: 1,
        verdict: CheckVerdict::Fine,
        reason: "accepted".to_owned(),
        signals: Signals::default(),
        at,
        consequence: Consequence::Ends { at },
    };
    bench.append::<ProdAccount>(account, &[Event::ContactChecked(checked)]).await;
    let running = bench.start();
    bench.outcome(newest(&bench).await).await;
    running.stop().await.unwrap();
    let text = bench.post.taken()[0].text.reveal().clone();
    assert!(text.contains("as if it had changed hands"), "{text}");
}

#[tokio::test]
async fn what_says_nothing_new_asks_for_no_mail() {
    let bench = Bench::new().await;
    let account = proven(&bench).await;
    let event = bounced(1, BounceCause::MailboxFull, bench.clock.now(), Consequence::Nothing);
    bench.append::<ProdAccount>(account, &[event]).await;
    let records = bench.log.read_all(Position(0), 100).await.unwrap();
    assert_eq!(intent_of(records.last().unwrap()).unwrap(), None);
}
