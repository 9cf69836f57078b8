mod bench;
mod contact_news;
mod thresholds;

use super::*;
use crate::{clock::Clock, codes::Challenge, side_state::CodeTry, tokens::Token, totp::SecondFactor};
use bench::{BASE_URL, Bench, patiently};
use chrono::TimeDelta;
use domain::{
    decider::StoredEvent as _,
    ids::ProdAccountId,
    mail::{Event, Failed, FailureClass, Sent},
    policy::{Policy, Tier},
    prodgroup::{self, ProdGroup, ReasonCode},
};
use eventlog::{Position, Record};
use std::{
    marker::PhantomData,
    sync::{Arc, Mutex},
};

const CONTACT: &str = "support@acme.example";
const OWNER: &str = "ada@acme.example";

fn read(record: &Record) -> Event {
    Event::decode(&record.event_type, record.schema, &record.payload).unwrap()
}

fn failed(attempt: u32, class: FailureClass) -> Event {
    Event::Failed(Failed { attempt, class })
}

fn sent(attempt: u32, account: ProdAccountId) -> Event {
    Event::Sent(Sent { attempt, contact_of: Some(account) })
}

#[tokio::test]
async fn a_contact_gets_its_code_and_the_log_says_so() {
    let bench = Bench::new().await;
    let owner = bench.developer(OWNER).await;
    let (account, _) = bench.account(owner, CONTACT).await;
    let running = bench.start();
    let intent = bench.challenge(account).await;
    let outcome = bench.outcome(intent).await;
    assert_eq!(read(&outcome), sent(1, account));
    assert_eq!(outcome.actor.kind, "system");
    let records = bench.log.read_all(Position(0), 100).await.unwrap();
    let cause = records.iter().find(|record| record.event_type.ends_with("challenge_requested")).unwrap();
    assert_eq!(outcome.causation_id, Some(cause.event_id));
    let mails = bench.post.taken();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to.reveal(), CONTACT);
    let code = bench.contact_code(intent, account, CONTACT);
    let text = mails[0].text.reveal();
    assert!(text.lines().any(|line| line == format!("    {code}")), "{text}");
    assert!(text.lines().any(|line| line == format!("{BASE_URL}/proofs/{intent}#{code}")), "{text}");
    assert!(!text.contains("Acme") && !mails[0].html.reveal().contains("Acme"), "{text}");
    bench.outbox_is_empty().await;
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_crash_between_relay_and_record_sends_the_same_mail_once_more() {
    let bench = Bench::new().await;
    let owner = bench.developer(OWNER).await;
    let (account, _) = bench.account(owner, CONTACT).await;
    let intent = bench.challenge(account).await;
    bench.post.hang_after_next();
    let running = bench.start();
    patiently("the relay has it", bench.post.tried(1)).await;
    running.crash().await;

    let bench = bench.restarted().await;
    let running = bench.start();
    assert_eq!(read(&bench.outcome(intent).await), sent(1, account));
    running.stop().await.unwrap();
    let running = bench.start();
    bench.outbox_is_empty().await;
    running.stop().await.unwrap();
    let mails = bench.post.taken();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].message_id, mails[1].message_id);
    assert_eq!(mails[0].text.reveal(), mails[1].text.reveal());
}

#[tokio::test]
async fn a_crash_before_the_outcome_is_recorded_sends_nothing_again() {
    let bench = Bench::new().await;
    let owner = bench.developer(OWNER).await;
    let (account, _) = bench.account(owner, CONTACT).await;
    let intent = bench.challenge(account).await;
    // What side state holds when the process dies after the relay's answer was noted.
    let records = bench.log.read_all(Position(0), 100).await.unwrap();
    let wish = records.iter().find_map(|record| intent_of(record).unwrap()).unwrap();
    bench.side.enqueue_from_log(&[bench.outbox.row_of(&wish)], bench.log.head().position).await.unwrap();
    bench.side.mark_mail_sent(intent, 3).await.unwrap();
    let running = bench.start();
    assert_eq!(read(&bench.outcome(intent).await), sent(3, account));
    bench.outbox_is_empty().await;
    running.stop().await.unwrap();
    assert!(bench.post.taken().is_empty());
}

#[tokio::test]
async fn what_the_relay_does_not_take_now_is_tried_again_later_and_later() {
    let bench = Bench::new().await;
    let owner = bench.developer(OWNER).await;
    let (account, _) = bench.account(owner, CONTACT).await;
    let intent = bench.challenge(account).await;
    let waits_s = [5, 30, 120, 600, 3_600, 3_600];
    for _ in waits_s {
        bench.post.fail_next(SendError::Transient { code: Some(451) });
    }
    let running = bench.start();
    for (tries, wait_s) in (1..).zip(waits_s) {
        patiently("the next try", bench.post.tried(tries)).await;
        let now = bench.clock.now();
        let due = bench.next_due(|due| due > now).await;
        let waited_ms = (due - now).num_milliseconds();
        assert!((wait_s * 800..=wait_s * 1_200).contains(&waited_ms), "{waited_ms} ms after try {tries}");
        bench.hand.advance(due - now);
    }
    assert_eq!(read(&bench.outcome(intent).await), sent(7, account));
    assert_eq!(bench.post.taken().len(), 1);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_mail_that_outlives_its_code_is_given_up() {
    let bench = Bench::new().await;
    let owner = bench.developer(OWNER).await;
    let (account, _) = bench.account(owner, CONTACT).await;
    let intent = bench.challenge(account).await;
    bench.post.fail_next(SendError::Transient { code: None });
    let running = bench.start();
    let now = bench.clock.now();
    bench.next_due(|due| due > now).await;
    bench.hand.advance(TimeDelta::hours(72));
    assert_eq!(read(&bench.outcome(intent).await), failed(1, FailureClass::Exhausted));
    assert!(bench.post.taken().is_empty());
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_refused_mailbox_ends_the_mail() {
    let bench = Bench::new().await;
    let owner = bench.developer(OWNER).await;
    let (account, _) = bench.account(owner, CONTACT).await;
    let intent = bench.challenge(account).await;
    bench.post.fail_next(SendError::Permanent { code: Some(550) });
    let running = bench.start();
    assert_eq!(read(&bench.outcome(intent).await), failed(1, FailureClass::Permanent));
    bench.outbox_is_empty().await;
    running.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_no_longer_so_is_not_told() {
    let bench = Bench::new().await;
    let owner = bench.developer(OWNER).await;
    let account = bench.account(owner, CONTACT).await;
    let replaced = bench.challenge(account.0).await;
    let outdated = bench.challenge(account.0).await;
    bench.declare(account, 2, "business@acme.example").await;
    let running = bench.start();
    assert_eq!(read(&bench.outcome(replaced).await), failed(0, FailureClass::Obsolete));
    assert_eq!(read(&bench.outcome(outdated).await), failed(0, FailureClass::Obsolete));
    assert!(bench.post.taken().is_empty());
    running.stop().await.unwrap();
}

#[tokio::test]
async fn an_erased_contact_gets_nothing() {
    let bench = Bench::new().await;
    let owner = bench.developer(OWNER).await;
    let (account, subject) = bench.account(owner, CONTACT).await;
    let intent = bench.challenge(account).await;
    bench.sealer.erase(subject).await.unwrap();
    let running = bench.start();
    assert_eq!(read(&bench.outcome(intent).await), failed(0, FailureClass::Erased));
    assert!(bench.post.taken().is_empty());
    running.stop().await.unwrap();
}

#[tokio::test]
async fn the_fourth_mail_of_a_day_to_an_unproven_contact_waits() {
    let bench = Bench::new().await;
    let owner = bench.developer(OWNER).await;
    let (account, _) = bench.account(owner, CONTACT).await;
    let running = bench.start();
    let first_at = bench.clock.now();
    for _ in 0..3 {
        let intent = bench.challenge(account).await;
        assert_eq!(read(&bench.outcome(intent).await), sent(1, account));
        bench.hand.advance(TimeDelta::minutes(1));
    }
    let fourth = bench.challenge(account).await;
    let now = bench.clock.now();
    let due = bench.next_due(|due| due > now).await;
    assert_eq!(due, first_at + TimeDelta::hours(24));
    assert_eq!(bench.post.taken().len(), 3);
    bench.hand.set(due);
    assert_eq!(read(&bench.outcome(fourth).await), sent(1, account));
    assert_eq!(bench.post.taken().len(), 4);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_sign_up_gets_its_code_and_leaves_nothing_in_the_log() {
    let bench = Bench::new().await;
    let running = bench.start();
    let new = bench.sign_up("ada@acme.example", false).await;
    patiently("the code goes out", bench.post.tried(1)).await;
    bench.sign_up("bob@acme.example", true).await;
    patiently("the notice goes out", bench.post.tried(2)).await;
    bench.outbox_is_empty().await;
    running.stop().await.unwrap();
    assert_eq!(bench.log.head().position, Position(0));
    let mails = bench.post.taken();
    assert_eq!(
        (mails[0].to.reveal().as_str(), mails[1].to.reveal().as_str()),
        ("ada@acme.example", "bob@acme.example")
    );
    let challenge = Challenge::sign_up(new, bench.fingerprint("ada@acme.example"));
    let code = challenge.code(&bench.keys);
    assert!(mails[0].text.reveal().contains(&format!("\n    {}\n", code.reveal())));
    assert!(mails[0].text.reveal().contains(&format!("{BASE_URL}/proofs/{new}#{}", code.reveal())));
    assert!(!mails[1].text.reveal().contains(BASE_URL));
    let (command, now) = (bench.command(), bench.clock.now());
    let right = challenge.matches(&bench.keys, code.reveal());
    let tried = bench.side.try_code(&challenge, right, command, now, now + TimeDelta::minutes(15)).await;
    assert_eq!(tried.unwrap(), CodeTry::Accepted);
}

#[tokio::test]
async fn nobody_can_send_an_address_more_than_three_sign_up_mails_a_day() {
    let bench = Bench::new().await;
    let running = bench.start();
    for known in [false, true, false, true, false] {
        bench.sign_up("ada@acme.example", known).await;
    }
    patiently("three go out", bench.post.tried(3)).await;
    bench.outbox_is_empty().await;
    running.stop().await.unwrap();
    assert_eq!(bench.post.taken().len(), 3);
}

#[tokio::test]
async fn a_sign_up_that_has_ended_gets_no_mail() {
    let bench = Bench::new().await;
    let proven = bench.sign_up("ada@acme.example", false).await;
    bench.side.delete_sign_up(proven).await.unwrap();
    let running = bench.start();
    bench.outbox_is_empty().await;
    running.stop().await.unwrap();
    assert!(bench.post.taken().is_empty());
}

#[tokio::test]
async fn the_owner_is_told_what_staff_decided() {
    let bench = Bench::new().await;
    let owner = bench.developer(OWNER).await;
    let (account, subject) = bench.account(owner, CONTACT).await;
    let changes = bench.group_in_review(owner, account).await;
    let approved = bench.group_in_review(owner, account).await;
    let refused = bench.group_in_review(owner, account).await;
    let running = bench.start();
    bench.request_changes(changes, subject, "Please drop the word \"best\".").await;
    patiently("the first notice", bench.post.tried(1)).await;
    let staff = vec![domain::ids::StaffId::from_uuid(bench.ids.v4())];
    let event = prodgroup::Event::ProductionApproved(prodgroup::ProductionApproved {
        submission: approved.1,
        staff: staff.clone(),
        tier: Tier::Standard,
        limits: Policy::default().standard,
        evidence_hash: String::new(),
        policy_version: 1,
        approved_at: bench.clock.now(),
    });
    bench.append::<ProdGroup>(approved.0, &[event]).await;
    patiently("the second notice", bench.post.tried(2)).await;
    let event = prodgroup::Event::ProductionRefused(prodgroup::ProductionRefused {
        submission: refused.1,
        staff: staff[0],
        reason: ReasonCode::Terms,
        note: None,
    });
    bench.append::<ProdGroup>(refused.0, &[event]).await;
    patiently("the third notice", bench.post.tried(3)).await;
    bench.outbox_is_empty().await;
    running.stop().await.unwrap();
    let mails = bench.post.taken();
    assert!(mails.iter().all(|mail| mail.to.reveal() == OWNER));
    let text = |at: usize| mails[at].text.reveal();
    assert!(text(0).contains("Note from staff: Please drop the word \"best\"."), "{}", text(0));
    assert!(text(0).contains("Reason: the name misleads or breaks the naming rules."), "{}", text(0));
    assert!(text(1).contains("API calls: 150000 in 24 h"), "{}", text(1));
    assert!(text(2).contains("Reason: it goes against the terms."), "{}", text(2));
    assert!((0..3).all(|at| text(at).contains("Production group: Acme Learning - Quiz")));
}

#[tokio::test]
async fn a_notice_from_before_a_long_standstill_is_sent_while_it_is_still_so() {
    let bench = Bench::new().await;
    let owner = bench.developer(OWNER).await;
    let (account, subject) = bench.account(owner, CONTACT).await;
    let group = bench.group_in_review(owner, account).await;
    bench.request_changes(group, subject, "Please drop the word \"best\".").await;
    let code = bench.challenge(account).await;
    bench.hand.advance(TimeDelta::days(30));
    let running = bench.start();
    assert_eq!(read(&bench.outcome(code).await), failed(0, FailureClass::Obsolete), "a code has run out");
    patiently("the notice", bench.post.tried(1)).await;
    bench.outbox_is_empty().await;
    running.stop().await.unwrap();
    assert!(bench.post.taken()[0].text.reveal().contains("Please drop the word"));
}

#[tokio::test]
async fn a_restored_log_is_followed_from_its_own_end() {
    let bench = Bench::new().await;
    let owner = bench.developer(OWNER).await;
    let (account, _) = bench.account(owner, CONTACT).await;
    // Side state is backed up after the log, so it may know more of it than a restore brings back.
    bench.side.enqueue_from_log(&[], Position(1_000)).await.unwrap();
    let running = bench.start();
    patiently("the place is corrected", async {
        while bench.side.mail_checkpoint().await.unwrap() > Position(3) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let intent = bench.challenge(account).await;
    assert_eq!(read(&bench.outcome(intent).await), sent(1, account));
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_worker_that_stops_remembers_how_far_it_read() {
    let bench = Bench::new().await;
    bench.developer(OWNER).await;
    bench.start().stop().await.unwrap();
    assert_eq!(bench.side.mail_checkpoint().await.unwrap(), bench.log.head().position);
}

#[tokio::test]
async fn a_mail_whose_outcome_is_known_is_not_sent_again_when_side_state_is_older() {
    let bench = Bench::new().await;
    let owner = bench.developer(OWNER).await;
    let (account, _) = bench.account(owner, CONTACT).await;
    let intent = bench.challenge(account).await;
    let running = bench.start();
    bench.outcome(intent).await;
    bench.outbox_is_empty().await;
    running.stop().await.unwrap();
    bench.side.enqueue_from_log(&[], Position(0)).await.unwrap();
    let running = bench.start();
    let (other, _) = bench.account(owner, "support@other.example").await;
    let later = bench.challenge(other).await;
    bench.outcome(later).await;
    bench.outbox_is_empty().await;
    running.stop().await.unwrap();
    assert_eq!(bench.post.taken().len(), 2);
}

#[tokio::test]
async fn an_account_whose_key_is_missing_stops_the_worker() {
    let bench = Bench::new().await;
    let owner = bench.developer(OWNER).await;
    let (account, _) = bench.account(owner, CONTACT).await;
    bench.challenge(account).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let lost = crate::side_state::SideState::open(
        crate::side_state::Place::File(&elsewhere.path().join("s")),
        bench.log.head().log_id,
    )
    .await
    .unwrap();
    let sealer =
        crate::sealing::Sealer::new(lost, bench.keys.clone(), bench.ids.clone(), bench.clock.clone());
    let bench = Bench { sealer, ..bench };
    let error = bench.start().ended().await.err().unwrap();
    assert!(matches!(error, WorkerError::Seal(crate::sealing::SealError::MissingKey { .. })), "{error}");
    assert!(bench.post.taken().is_empty());
}

/// Everything the program says, at every level, in all tests of this binary: whether a line is said at all
/// is remembered per program, so a subscriber of one test alone would miss some.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Said {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_address_code_or_name_is_logged_or_queued_or_recorded_in_clear() {
    let said = Said::default();
    let writer = said.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    let bench = Bench::new().await;
    let owner = bench.developer(OWNER).await;
    let (account, subject) = bench.account(owner, CONTACT).await;
    for _ in 0..3 {
        bench.post.fail_next(SendError::Transient { code: Some(451) });
    }
    let group = bench.group_in_review(owner, account).await;
    bench.request_changes(group, subject, "a private note").await;
    let intent = bench.challenge(account).await;
    let sign_up = bench.sign_up("ada@acme.example", false).await;
    let running = bench.start();
    patiently("three failures", bench.post.tried(3)).await;
    let queued = bench.side.due_mails(bench.clock.now() + TimeDelta::days(30), 100).await.unwrap();
    bench.hand.advance(TimeDelta::seconds(10));
    bench.outbox_is_empty().await;
    running.stop().await.unwrap();

    let mut seen = vec![String::from_utf8(said.0.lock().unwrap().clone()).unwrap()];
    for line in ["mail not sent", "mail sent"] {
        assert!(seen[0].contains(&format!("{line} intent={intent}")), "{line}");
    }
    seen.extend(queued.iter().map(|mail| String::from_utf8_lossy(&mail.payload).into_owned()));
    let records = bench.log.read_all(Position(0), 100).await.unwrap();
    seen.extend(
        records.iter().map(|record| format!("{record:?} {}", String::from_utf8_lossy(&record.payload))),
    );
    let codes = [
        bench.contact_code(intent, account, CONTACT),
        Challenge::sign_up(sign_up, bench.fingerprint("ada@acme.example")).code(&bench.keys).reveal().clone(),
    ];
    let secrets = [CONTACT, OWNER, "Lovelace", "a private note", &codes[0], &codes[1]];
    for text in seen {
        for secret in secrets {
            assert!(!text.contains(secret), "{secret} stands in {text}");
        }
    }
}

/// Whether a type can be printed; the inherent function wins where its bound holds.
struct Printable<T>(PhantomData<T>);

trait Unprintable {
    const PRINTABLE: bool = false;
}

impl<T> Unprintable for Printable<T> {}

impl<T: std::fmt::Debug> Printable<T> {
    const PRINTABLE: bool = true;
}

#[test]
fn what_holds_a_secret_cannot_be_printed() {
    macro_rules! printable {
        ($($type:ty),+ $(,)?) => { [$((stringify!($type), Printable::<$type>::PRINTABLE)),+] };
    }
    const { assert!(Printable::<MailKind>::PRINTABLE, "the probe works") };
    let types = printable![
        crate::secret::Secret<String>,
        crate::keyring::Keyring,
        crate::keyring::BoundKeys,
        crate::sealing::Opened,
        crate::sealing::Sealer,
        crate::side_state::SideState,
        crate::side_state::StoredCredential,
        crate::side_state::StoredSubjectKey,
        crate::side_state::PendingSignUp,
        crate::side_state::QueuedMail,
        crate::passwords::Passwords,
        SecondFactor,
        Token,
        Mail,
        Mailer,
        MemoryMailer,
        SmtpMailer,
        SignUpRecipient<'_>,
        Outbox,
        Clock,
    ];
    for (name, printable) in types {
        assert!(!printable, "{name} has Debug");
    }
}

#[tokio::test]
async fn a_row_that_does_not_open_is_set_aside_and_others_are_sent() {
    let bench = Bench::new().await;
    let unreadable = crate::side_state::QueuedMail {
        intent: domain::ids::IntentId::from_uuid(bench.ids.v4()),
        kind: "contact_code".to_owned(),
        payload: vec![1; 64],
        cause: Some(bench.ids.v4()),
        is_sent: false,
        attempts: 0,
        due_at: bench.clock.now(),
        expires_at: bench.clock.now() + TimeDelta::hours(72),
    };
    bench.side.enqueue_from_log(&[unreadable], Position(0)).await.unwrap();
    let owner = bench.developer(OWNER).await;
    let (account, _) = bench.account(owner, CONTACT).await;
    let intent = bench.challenge(account).await;
    let running = bench.start();
    bench.outcome(intent).await;
    running.stop().await.unwrap();
    assert_eq!(bench.post.taken().len(), 1);
    assert_eq!(bench.side.due_mails(bench.clock.now(), 10).await.unwrap().len(), 0);
    assert_eq!(bench.side.mails_waiting().await.unwrap(), 1, "it stays until it expires");
    bench.side.purge(bench.clock.now() + TimeDelta::hours(72)).await.unwrap();
    assert_eq!(bench.side.mails_waiting().await.unwrap(), 0);
}

#[tokio::test]
async fn a_damaged_address_costs_its_own_mail_only() {
    let bench = Bench::new().await;
    let owner = bench.developer(OWNER).await;
    let (damaged, subject) = bench.account(owner, CONTACT).await;
    let other = bench.subject().await;
    bench.declare_damaged((damaged, subject), other).await;
    bench.challenge_epoch(damaged, 2).await;
    let (sound, _) = bench.account(owner, "help@acme.example").await;
    let intent = bench.challenge(sound).await;
    let running = bench.start();
    bench.outcome(intent).await;
    running.stop().await.unwrap();
    assert_eq!(bench.post.taken().len(), 1);
}

#[tokio::test]
async fn tags_of_one_mailbox_share_its_budget() {
    let bench = Bench::new().await;
    let owner = bench.developer(OWNER).await;
    let running = bench.start();
    for tag in 1..=3 {
        let (account, _) = bench.account(owner, &format!("support+{tag}@acme.example")).await;
        let intent = bench.challenge(account).await;
        bench.outcome(intent).await;
    }
    let (account, _) = bench.account(owner, CONTACT).await;
    bench.challenge(account).await;
    let later = bench.clock.now() + TimeDelta::hours(1);
    bench.next_due(|due| due > later).await;
    running.stop().await.unwrap();
    assert_eq!(bench.post.taken().len(), 3);
}
