use crate::bench::{Bench, PASSWORD};
use app::{AppError, secret::Secret};
use chrono::TimeDelta;
use domain::{actor::Actor, staff::StaffRole};

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

/// What an authenticator app shows now.
fn totp(bench: &Bench, otpauth_url: &Secret<String>) -> Secret<String> {
    let url = otpauth_url.reveal();
    let encoded = url.split("secret=").nth(1).and_then(|rest| rest.split('&').next()).unwrap();
    let bytes = data_encoding::BASE32_NOPAD.decode(encoded.as_bytes()).unwrap();
    let totp = totp_rs::Builder::new().with_secret(bytes).build_noncompliant();
    Secret::new(totp.generate(u64::try_from(bench.now().timestamp()).unwrap()).to_string())
}

#[tokio::test]
async fn a_proven_developer_signs_in_and_out() {
    let bench = Bench::new().await;
    let ada = bench.developer("ada@acme.com").await.developer;
    let signed_in = bench.app.sign_in(bench.address("Ada@ACME.com"), secret(PASSWORD)).await.unwrap();
    assert_eq!(signed_in.developer, ada);
    let principal = bench.app.authenticate(signed_in.token.reveal()).await.unwrap().unwrap();
    let Actor::Developer(who, session) = principal.actor else { panic!("{principal:?}") };
    assert_eq!((who, principal.role), (ada, None));
    bench.app.sign_out(session).await.unwrap();
    assert_eq!(bench.app.authenticate(signed_in.token.reveal()).await.unwrap(), None);
}

#[tokio::test]
async fn every_failure_of_a_sign_in_is_the_same() {
    let bench = Bench::new().await;
    bench.developer("ada@acme.com").await;
    bench.start_sign_up("bob@acme.com").await;
    for (email, password) in
        [("ada@acme.com", "not the password"), ("bob@acme.com", PASSWORD), ("eve@acme.com", PASSWORD)]
    {
        let outcome = bench.app.sign_in(bench.address(email), secret(password)).await;
        assert!(matches!(outcome.err(), Some(AppError::BadCredentials)), "{email}");
    }
}

#[tokio::test]
async fn the_eleventh_try_within_a_quarter_of_an_hour_is_not_heard_for_known_and_unknown_alike() {
    let bench = Bench::new().await;
    bench.developer("ada@acme.com").await;
    for email in ["ada@acme.com", "eve@acme.com"] {
        for _ in 0..10 {
            let outcome = bench.app.sign_in(bench.address(email), secret("not the password")).await;
            assert!(matches!(outcome.err(), Some(AppError::BadCredentials)));
        }
        let error = bench.app.sign_in(bench.address(email), secret(PASSWORD)).await.err().unwrap();
        assert!(matches!(error, AppError::Throttled { retry_after_s: 1..=901 }), "{error:?}");
    }
    bench.pass(TimeDelta::minutes(16));
    bench.app.sign_in(bench.address("ada@acme.com"), secret(PASSWORD)).await.unwrap();
}

#[tokio::test]
async fn a_session_ends_an_hour_after_its_last_use() {
    let bench = Bench::new().await;
    bench.developer("ada@acme.com").await;
    let token = bench.app.sign_in(bench.address("ada@acme.com"), secret(PASSWORD)).await.unwrap().token;
    bench.pass(TimeDelta::minutes(59));
    assert!(bench.app.authenticate(token.reveal()).await.unwrap().is_some());
    bench.pass(TimeDelta::minutes(59));
    assert!(bench.app.authenticate(token.reveal()).await.unwrap().is_some());
    bench.pass(TimeDelta::minutes(61));
    assert_eq!(bench.app.authenticate(token.reveal()).await.unwrap(), None);
}

#[tokio::test]
async fn staff_need_the_second_factor_and_each_of_its_codes_is_good_once() {
    let bench = Bench::new().await;
    let (grace, access) = bench.staff("grace@portal.org", StaffRole::Approver).await;
    let email = || bench.address("grace@portal.org");
    let code = totp(&bench, &access.otpauth_url);
    let wrong = secret(if code.reveal() == "000000" { "000001" } else { "000000" });
    let refused = bench.app.sign_in_staff(email(), access.password.clone(), wrong).await;
    assert!(matches!(refused.err(), Some(AppError::BadCredentials)));
    let signed_in = bench.app.sign_in_staff(email(), access.password.clone(), code.clone()).await.unwrap();
    assert_eq!((signed_in.staff, signed_in.role), (grace, StaffRole::Approver));
    let principal = bench.app.authenticate(signed_in.token.reveal()).await.unwrap().unwrap();
    assert_eq!(principal.role, Some(StaffRole::Approver));
    let once_more = bench.app.sign_in_staff(email(), access.password.clone(), code).await;
    assert!(matches!(once_more.err(), Some(AppError::BadCredentials)));
    bench.pass(TimeDelta::seconds(60));
    let next = totp(&bench, &access.otpauth_url);
    bench.app.sign_in_staff(email(), access.password, next).await.unwrap();
}

#[tokio::test]
async fn staff_and_developers_do_not_sign_in_at_each_others_door() {
    let bench = Bench::new().await;
    let (_, access) = bench.staff("grace@portal.org", StaffRole::Reader).await;
    bench.developer("ada@acme.com").await;
    let at_developers = bench.app.sign_in(bench.address("grace@portal.org"), access.password).await;
    assert!(matches!(at_developers.err(), Some(AppError::BadCredentials)));
    let at_staff =
        bench.app.sign_in_staff(bench.address("ada@acme.com"), secret(PASSWORD), secret("000000")).await;
    assert!(matches!(at_staff.err(), Some(AppError::BadCredentials)));
}

#[tokio::test]
async fn failures_at_the_developers_door_do_not_close_the_door_of_staff() {
    let bench = Bench::new().await;
    let (_, access) = bench.staff("grace@portal.org", StaffRole::Reader).await;
    let email = || bench.address("grace@portal.org");
    for _ in 0..11 {
        bench.app.sign_in(email(), secret("not the password")).await.err().unwrap();
    }
    let throttled = bench.app.sign_in(email(), secret(PASSWORD)).await.err();
    assert!(matches!(throttled, Some(AppError::Throttled { .. })));
    let code = totp(&bench, &access.otpauth_url);
    bench.app.sign_in_staff(email(), access.password, code).await.unwrap();
}

#[tokio::test]
async fn a_sign_in_that_finds_no_place_in_the_queue_does_not_count_as_failed() {
    let bench = Bench::new().await;
    bench.developer("ada@acme.com").await;
    let all: Vec<_> = std::iter::from_fn(|| bench.passwords.place().ok()).collect();
    for _ in 0..20 {
        let busy = bench.app.sign_in(bench.address("ada@acme.com"), secret(PASSWORD)).await.err();
        assert!(matches!(busy, Some(AppError::Busy)), "{busy:?}");
    }
    drop(all);
    bench.app.sign_in(bench.address("ada@acme.com"), secret(PASSWORD)).await.unwrap();
}

#[tokio::test]
async fn whoever_is_dismissed_is_out_at_once() {
    let bench = Bench::new().await;
    let (grace, access) = bench.staff("grace@portal.org", StaffRole::Approver).await;
    let code = totp(&bench, &access.otpauth_url);
    let token = bench
        .app
        .sign_in_staff(bench.address("grace@portal.org"), access.password.clone(), code)
        .await
        .unwrap()
        .token;
    bench.app.assign_staff_role(bench.meta(Actor::Operator), grace, StaffRole::Reader).await.unwrap();
    let principal = bench.app.authenticate(token.reveal()).await.unwrap().unwrap();
    assert_eq!(principal.role, Some(StaffRole::Reader));
    bench.app.dismiss_staff(bench.meta(Actor::Operator), grace).await.unwrap();
    assert_eq!(bench.app.authenticate(token.reveal()).await.unwrap(), None);
    bench.pass(TimeDelta::seconds(60));
    let code = totp(&bench, &access.otpauth_url);
    let again = bench.app.sign_in_staff(bench.address("grace@portal.org"), access.password, code).await;
    assert!(matches!(again.err(), Some(AppError::BadCredentials)));
}

#[tokio::test]
async fn an_address_enrols_once() {
    let bench = Bench::new().await;
    bench.staff("grace@portal.org", StaffRole::Reader).await;
    let enrolment = app::staff::Enrolment {
        email: bench.address("GRACE@portal.org"),
        name: "Grace".to_owned(),
        role: StaffRole::Reader,
        own_developers: Vec::new(),
    };
    let outcome = bench.app.enrol(bench.meta(Actor::Operator), enrolment).await;
    assert!(matches!(outcome.err(), Some(AppError::AddressTaken)));
}
