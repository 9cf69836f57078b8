use crate::bench::{Bench, Keyed};
use app::{
    AppError, Done,
    gateways::IssuedCredential,
    tokens::{Token, TokenKind},
};
use domain::{
    gateway::{Rejection, Settings},
    ids::{GatewayId, StaffId},
    staff::StaffRole,
};
use eventlog::StreamVersion;
use std::num::NonZeroU32;

const SETTINGS: Settings = Settings { signed: false, calls_per_second_max: NonZeroU32::new(500) };

async fn approver(bench: &Bench) -> StaffId {
    bench.staff("grace@portal.com", StaffRole::Approver).await.0
}

async fn gateway(bench: &Bench, staff: StaffId) -> Done<IssuedCredential> {
    let meta = bench.by_staff(staff);
    bench.app.register_gateway(meta, staff, "Frankfurt".to_owned(), SETTINGS).await.unwrap()
}

fn text(issued: &IssuedCredential) -> String {
    issued.credential.as_ref().unwrap().reveal().clone()
}

async fn speaks_for(bench: &Bench, credential: &str) -> Option<GatewayId> {
    bench.app.authenticate_gateway(credential).await.unwrap().map(|known| known.gateway)
}

#[tokio::test]
async fn a_credential_speaks_for_its_gateway_and_tells_its_settings() {
    let bench = Bench::new().await;
    let staff = approver(&bench).await;
    let made = gateway(&bench, staff).await.value;
    let known = bench.app.authenticate_gateway(&text(&made)).await.unwrap().unwrap();
    assert_eq!((known.gateway, known.credential, known.settings), (made.gateway, made.id, SETTINGS));
    for record in bench.records().await {
        assert!(!String::from_utf8_lossy(&record.payload).contains(&text(&made)));
    }
}

#[tokio::test]
async fn what_is_no_credential_of_ours_speaks_for_nobody() {
    let bench = Bench::new().await;
    let staff = approver(&bench).await;
    let made = gateway(&bench, staff).await.value;
    let foreign = Token::mint(TokenKind::GatewayCredential, &bench.ids).text().reveal().clone();
    let session = Token::mint(TokenKind::Session, &bench.ids).text().reveal().clone();
    for credential in ["", "dpg_", &foreign, &session, &text(&made).to_uppercase()] {
        assert_eq!(speaks_for(&bench, credential).await, None);
    }
}

#[tokio::test]
async fn a_revoked_credential_is_refused_in_the_very_next_call_and_its_successor_is_not() {
    let bench = Bench::new().await;
    let staff = approver(&bench).await;
    let first = gateway(&bench, staff).await.value;
    let app = &bench.app;
    let second =
        app.issue_gateway_credential(bench.by_staff(staff), staff, first.gateway).await.unwrap().value;
    for credential in [&first, &second] {
        assert_eq!(speaks_for(&bench, &text(credential)).await, Some(first.gateway), "both overlap");
    }
    let meta = bench.by_staff(staff).seen(StreamVersion(3));
    app.revoke_gateway_credential(meta, staff, first.gateway, first.id).await.unwrap();
    assert_eq!(speaks_for(&bench, &text(&first)).await, None);
    assert_eq!(speaks_for(&bench, &text(&second)).await, Some(first.gateway));
    assert_eq!(bench.side.gateway_credentials().await.unwrap().len(), 1, "only the live one is kept");
    let meta = bench.by_staff(staff).seen(StreamVersion(4));
    app.retire_gateway(meta, staff, first.gateway).await.unwrap();
    assert_eq!(speaks_for(&bench, &text(&second)).await, None);
    assert!(bench.side.gateway_credentials().await.unwrap().is_empty());
}

#[tokio::test]
async fn credentials_outlive_a_restart_and_ended_ones_do_not_come_back() {
    let mut bench = Bench::new().await;
    let staff = approver(&bench).await;
    let (lives, ends) = (gateway(&bench, staff).await.value, gateway(&bench, staff).await.value);
    let kept = bench.side.gateway_credentials().await.unwrap();
    let meta = bench.by_staff(staff).seen(StreamVersion(2));
    bench.app.retire_gateway(meta, staff, ends.gateway).await.unwrap();
    // As if the process had ended before it could forget the hash.
    for stored in kept {
        bench.side.insert_gateway_credential(&stored).await.unwrap();
    }
    bench.restart().await;
    assert_eq!(speaks_for(&bench, &text(&lives)).await, Some(lives.gateway));
    assert_eq!(speaks_for(&bench, &text(&ends)).await, None);
}

#[tokio::test]
async fn a_replay_makes_no_second_gateway_and_shows_no_credential() {
    let bench = Bench::new().await;
    let staff = approver(&bench).await;
    let register = || {
        let meta = bench.by_staff(staff).key("once");
        bench.app.register_gateway(meta, staff, "Frankfurt".to_owned(), SETTINGS)
    };
    let (first, again) = (register().await.unwrap(), register().await.unwrap());
    assert!(again.replayed && again.value.credential.is_none());
    assert_eq!((first.value.gateway, first.value.id), (again.value.gateway, again.value.id));
    let issue = || {
        let meta = bench.by_staff(staff).key("another");
        bench.app.issue_gateway_credential(meta, staff, first.value.gateway)
    };
    let (issued, again) = (issue().await.unwrap(), issue().await.unwrap());
    assert!(again.replayed && again.value.credential.is_none());
    assert_eq!(issued.value.id, again.value.id);
    assert_eq!(bench.side.gateway_credentials().await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_refused_leaves_no_hash_behind() {
    let bench = Bench::new().await;
    let staff = approver(&bench).await;
    let made = gateway(&bench, staff).await.value;
    let issue = || bench.app.issue_gateway_credential(bench.by_staff(staff), staff, made.gateway);
    issue().await.unwrap();
    let refused = issue().await.err().unwrap();
    assert!(matches!(refused, AppError::Gateway(Rejection::TooManyCredentials)), "{refused}");
    let reader = bench.staff("reader@portal.com", StaffRole::Reader).await.0;
    let meta = bench.by_staff(reader);
    let refused = bench.app.register_gateway(meta, reader, "Dublin".to_owned(), SETTINGS).await.err();
    assert!(matches!(refused, Some(AppError::Gateway(Rejection::NotAnApprover))));
    assert_eq!(bench.side.gateway_credentials().await.unwrap().len(), 2);
}
