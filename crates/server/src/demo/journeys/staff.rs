//! Staff: read the queue with its evidence, send one request back, approve it when it comes again; let a gateway in.

use super::{
    Scene, must,
    vendor::{Release, told_limits},
};
use crate::demo::{
    DemoError,
    client::{Answer, Call, Client},
};
use app::clock::Clock;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use totp_rs::Totp;

/// Name in the transcript.
pub const ACTOR: &str = "staff";
/// Sign-in address.
pub const EMAIL: &str = "grace@portal.example";
/// Name.
pub const NAME: &str = "Grace Hopper";

/// How a member of staff signs in.
#[derive(Clone)]
pub struct Access {
    /// Password from the enrolment.
    pub password: String,
    /// `otpauth` URL from the enrolment.
    pub otpauth: String,
}

impl Access {
    /// The code an authenticator app shows (RFC 6238).
    pub fn code(&self, now: DateTime<Utc>) -> Result<String, DemoError> {
        let no_url = |error| DemoError::Server(anyhow::Error::new(error).context("no otpauth URL"));
        let totp = Totp::from_url(&self.otpauth).map_err(no_url)?;
        Ok(totp.generate(u64::try_from(now.timestamp()).unwrap_or_default()).to_string())
    }
}

/// Signs in with password and second factor.
pub async fn sign_in(scene: &mut Scene<'_>, staff: &mut Client, access: &Access) -> Result<(), DemoError> {
    let totp = access.code(Clock::System.now())?;
    let body = json!({ "email": EMAIL, "password": access.password, "totp": totp });
    let call = Call::post("signs in with password and a TOTP code", "/v1/staff/sessions", body, 201);
    let signed_in = staff
        .play(scene.transcript, call, |answer| {
            must(answer.text("/role") == Ok("approver"), "an approver was expected")?;
            Ok(format!("{}, {}", answer.text("/staff")?, answer.text("/role")?))
        })
        .await?;
    staff.sign_in(signed_in.text("/token").unwrap_or_default());
    Ok(())
}

/// Reads the queue and one request with its evidence.
pub async fn read_queue(scene: &mut Scene<'_>, staff: &Client, release: &Release) -> Result<(), DemoError> {
    let call = Call::get("reads the queue", "/v1/staff/promotions?state=submitted");
    staff
        .play(scene.transcript, call, |answer| {
            let listed =
                answer.list("/items").iter().any(|item| item.get("id") == Some(&json!(release.group)));
            must(listed, "the submission should be in the queue")?;
            Ok(answer.list("/items").iter().map(told_promotion).collect::<Vec<_>>().join("\n"))
        })
        .await?;
    let call = Call::get("reads the request with its evidence", promotion(release));
    staff.play(scene.transcript, call, told_evidence).await?;
    Ok(())
}

/// Begins a review and sends the request back with a reason.
pub async fn send_back(scene: &mut Scene<'_>, staff: &Client, release: &Release) -> Result<(), DemoError> {
    let review = start_review(scene, staff, release).await?;
    let note = "How many customers, and how many calls does each make a day?";
    let body = json!({ "reason": "limits", "note": note });
    let call = Call::post(
        format!("sends it back: “{note}”"),
        format!("{}/changes-request", promotion(release)),
        body,
        200,
    );
    staff
        .play(scene.transcript, call.if_unchanged(&review), |answer| state(answer, "changes_requested"))
        .await?;
    Ok(())
}

/// Reviews the new submission and approves it.
pub async fn approve(scene: &mut Scene<'_>, staff: &Client, release: &Release) -> Result<(), DemoError> {
    let review = start_review(scene, staff, release).await?;
    let call = Call::post("approves it", format!("{}/approval", promotion(release)), json!({}), 200);
    staff
        .play(scene.transcript, call.if_unchanged(&review), |answer| {
            state(answer, "approved")?;
            Ok(format!("granted: {}", told_limits(answer, "/group/limits")))
        })
        .await?;
    Ok(())
}

/// Lets a gateway in. Returns its credential.
pub async fn register_gateway(scene: &mut Scene<'_>, staff: &Client) -> Result<String, DemoError> {
    let body = json!({ "name": "Frankfurt" });
    let call = Call::post("lets a gateway in", "/v1/staff/gateways", body, 201);
    let registered = staff
        .play(scene.transcript, call, |answer| {
            answer.text("/issued/credential")?;
            Ok(format!("{}, its credential is shown this once", answer.text("/id")?))
        })
        .await?;
    Ok(registered.text("/issued/credential").unwrap_or_default().to_owned())
}

/// Sets a limit that is soon reached.
pub async fn set_limit(
    scene: &mut Scene<'_>,
    staff: &Client,
    group: &str,
    calls: u64,
) -> Result<(), DemoError> {
    let path = format!("/v1/staff/groups/{group}");
    let seen = staff.send(&Call::get("", path.clone())).await?;
    let body = json!({ "calls": calls, "reason": "other", "note": "For this demo." });
    let call = Call::put(format!("sets a limit of {calls} calls"), path + "/limits", body);
    staff
        .play(scene.transcript, call.if_unchanged(&seen), |answer| Ok(told_limits(answer, "/limits")))
        .await?;
    Ok(())
}

async fn start_review(scene: &mut Scene<'_>, staff: &Client, release: &Release) -> Result<Answer, DemoError> {
    let seen = staff.send(&Call::get("", promotion(release))).await?;
    let call = Call::post("begins the review", format!("{}/review", promotion(release)), json!({}), 200);
    staff.play(scene.transcript, call.if_unchanged(&seen), |answer| state(answer, "in_review")).await
}

fn promotion(release: &Release) -> String {
    format!("/v1/staff/promotions/{}", release.group)
}

fn state(answer: &Answer, expected: &str) -> Result<String, String> {
    let state = answer.text("/group/state")?;
    must(state == expected, &format!("{expected} was expected, not {state}"))?;
    Ok(state.to_owned())
}

fn told_promotion(item: &Value) -> String {
    let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
    format!("“{}” of {}, {} at {}", text("name"), text("vendor_name"), text("state"), text("submitted_at"))
}

fn told_evidence(answer: &Answer) -> Result<String, String> {
    let checks = answer.list("/evidence/checklist/checks");
    must(!checks.is_empty(), "evidence was expected")?;
    let green = checks.iter().filter(|check| check.get("green") == Some(&json!(true))).count();
    Ok(format!(
        "{green} of {} checks green, contact {}, asked: “{}”",
        checks.len(),
        answer.text("/contact/state")?,
        answer.text("/group/justification")?
    ))
}
