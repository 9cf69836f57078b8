//! The vendor: from nothing to an integration in production.

use super::{Scene, must, registering::Registered};
use crate::demo::{
    DemoError,
    client::{Answer, Call, Client},
};
use serde_json::{Value, json};

/// Name in the transcript.
pub const ACTOR: &str = "vendor";
/// Sign-in address.
pub const EMAIL: &str = "ada@supersoftware.example";
/// Address customers see.
pub const CONTACT: &str = "support@supersoftware.example";
/// Sign-in password.
pub const PASSWORD: &str = "nine sudokus before breakfast";
/// Vendor name of the demo's own integrations.
pub const VENDOR: &str = "SuperSoftware";

/// What of the vendor's the others need.
#[derive(Debug, Clone)]
pub struct Release {
    /// The production group.
    pub group: String,
    /// The integration in it.
    pub integration: Registered,
    /// Vendor name on the production account.
    pub vendor_name: String,
}

/// Signs up, proves the address with the mailed code, signs in.
pub async fn sign_up(scene: &mut Scene<'_>, vendor: &mut Client, terms: &str) -> Result<(), DemoError> {
    let body = json!({ "email": EMAIL, "password": PASSWORD, "name": "Ada Byron", "terms_version": terms });
    let call = Call::post(format!("signs up as {EMAIL}"), "/v1/sign-ups", body, 202);
    let begun = vendor
        .play(scene.transcript, call, |answer| {
            answer.text("/expires_at")?;
            Ok("the answer is the same for known and unknown addresses".to_owned())
        })
        .await?;
    let proof = format!("/v1/sign-ups/{}/proof", begun.text("/id").unwrap_or_default());
    let code = scene.code(ACTOR, "reads the code in the mail that arrived", EMAIL, 1).await?;
    let wrong = if code == "AAAA-AAAA" { "BBBB-BBBB" } else { "AAAA-AAAA" };
    let call = Call::post("types a wrong code: refused", proof.clone(), json!({ "code": wrong }), 422);
    vendor.play(scene.transcript, call, |answer| refused(answer, "code.wrong")).await?;
    let call = Call::post("types the right code", proof, json!({ "code": code }), 201);
    let proven = vendor
        .play(scene.transcript, call, |answer| {
            Ok(format!(
                "developer {}, default group {}",
                answer.text("/developer")?,
                answer.text("/default_group")?
            ))
        })
        .await?;
    sign_in(scene, vendor).await?;
    let call = Call::get("finds a development group there already", "/v1/groups");
    vendor
        .play(scene.transcript, call, |answer| {
            must(answer.list("/items").len() == 1, "exactly one group was expected")?;
            must(answer.text("/items/0/id") == proven.text("/default_group"), "another group was expected")?;
            Ok(format!("“{}”: {}", answer.text("/items/0/name")?, told_limits(answer, "/items/0/limits")))
        })
        .await?;
    Ok(())
}

async fn sign_in(scene: &mut Scene<'_>, vendor: &mut Client) -> Result<(), DemoError> {
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    let call = Call::post("signs in", "/v1/sessions", body, 201);
    let signed_in = vendor
        .play(scene.transcript, call, |answer| Ok(format!("until {}", answer.text("/expires_at")?)))
        .await?;
    vendor.sign_in(signed_in.text("/token").unwrap_or_default());
    Ok(())
}

/// Shows that key and secret are shown once only.
pub async fn keep_credentials(
    scene: &mut Scene<'_>,
    vendor: &Client,
    integration: &Registered,
) -> Result<(), DemoError> {
    let (Some(key), Some(secret)) = (&integration.key, &integration.secret) else { return Ok(()) };
    let shown =
        format!("key {key}, secret {}… ({} characters, shown this once)", start(secret), secret.len());
    scene.transcript.remark(&format!("“{}”: {shown}", integration.name))?;
    let path = format!("/v1/integrations/{}", integration.id);
    let call = Call::get("looks again: the secret is not shown a second time", path);
    vendor
        .play(scene.transcript, call, |answer| {
            must(!answer.body.to_string().contains(secret.as_str()), "the secret is shown again")?;
            must(answer.text("/secrets/0/key") == Ok(key), "the key should be there")?;
            Ok(format!("key {key}, secret ends in {}", answer.text("/secrets/0/last_four")?))
        })
        .await?;
    Ok(())
}

/// Opens the production account and proves its contact.
pub async fn open_account(
    scene: &mut Scene<'_>,
    vendor: &Client,
    vendor_name: &str,
) -> Result<String, DemoError> {
    let body = json!({
        "vendor_name": vendor_name, "contact_email": CONTACT, "support_url": "https://supersoftware.example/support"
    });
    let step = format!("opens a production account with the contact {CONTACT}");
    let call = Call::post(step, "/v1/production-accounts", body, 201);
    let account = vendor
        .play(scene.transcript, call, |answer| {
            must(answer.text("/contact/state") == Ok("pending"), "the contact should be pending")?;
            Ok(format!("contact is pending, {}", answer.text("/contact/class")?))
        })
        .await?;
    let id = account.text("/id").unwrap_or_default().to_owned();
    let challenges = format!("/v1/production-accounts/{id}/contact/challenges");
    let call = Call::post("asks for a code to the contact", challenges.clone(), json!({}), 202);
    let challenge = vendor
        .play(scene.transcript, call, |answer| Ok(format!("valid until {}", answer.text("/expires_at")?)))
        .await?;
    let code = scene.code(ACTOR, "reads the code that reached the contact", CONTACT, 1).await?;
    let path = format!("{challenges}/{}/proof", challenge.text("/id").unwrap_or_default());
    let call = Call::post("gives it back", path, json!({ "code": code }), 200);
    let half = vendor
        .play(scene.transcript, call, |answer| {
            must(answer.text("/contact/state") == Ok("proven"), "the contact should be proven")?;
            must(
                answer.text("/contact/challenge/sender") == Ok("rotated"),
                "a second code should be asked for",
            )?;
            Ok("a second code is on its way, from a sender the mailbox could not expect".to_owned())
        })
        .await?;
    let code = scene.code(ACTOR, "reads the second code", CONTACT, 2).await?;
    let path = format!("{challenges}/{}/proof", half.text("/contact/challenge/id").unwrap_or_default());
    let call =
        Call::post("proves with it that strangers reach the contact", path, json!({ "code": code }), 200);
    vendor
        .play(scene.transcript, call, |answer| {
            must(answer.flag("/contact/open_to_strangers")?, "the contact should be open to strangers")?;
            Ok(format!("contact proven at {}", answer.text("/contact/proven_at")?))
        })
        .await?;
    Ok(id)
}

/// Makes the production group (a bad name first), moves the integration in and asks for limits.
pub async fn prepare_release(
    scene: &mut Scene<'_>,
    vendor: &Client,
    account: &str,
    vendor_name: &str,
    integration: &Registered,
) -> Result<Release, DemoError> {
    let bad = format!("{vendor_name} - {} REST Test", integration.name);
    let body = json!({ "account": account, "name": bad });
    let call = Call::post(
        format!("names the production group “{bad}”: refused"),
        "/v1/production-groups",
        body,
        422,
    );
    let refusal = vendor.play(scene.transcript, call, |answer| refused(answer, "name.banned_word")).await?;
    let proposed = refusal.text("/errors/0/fix").unwrap_or(vendor_name).to_owned();
    let body = json!({ "account": account, "name": proposed });
    let call = Call::post(format!("takes the proposal “{proposed}”"), "/v1/production-groups", body, 201);
    let group = vendor
        .play(scene.transcript, call, |answer| {
            Ok(format!(
                "{}, {}: {}",
                answer.text("/id")?,
                answer.text("/state")?,
                told_limits(answer, "/limits")
            ))
        })
        .await?;
    let group = group.text("/id").unwrap_or_default().to_owned();
    let path = format!("/v1/integrations/{}/move", integration.id);
    let call = Call::post("moves the integration into it", path, json!({ "group": group }), 200);
    vendor
        .play(scene.transcript, call, |answer| {
            must(answer.text("/id") == Ok(&integration.id), "the ID must not change")?;
            must(answer.text("/group") == Ok(&group), "it should be in the production group")?;
            Ok(format!("still {}", integration.id))
        })
        .await?;
    checklist(scene, vendor, &group, "reads the checklist: red", false).await?;
    ask_limits(scene, vendor, &group, "More customers.").await?;
    checklist(scene, vendor, &group, "reads the checklist again: green", true).await?;
    Ok(Release { group, integration: integration.clone(), vendor_name: vendor_name.to_owned() })
}

async fn checklist(
    scene: &mut Scene<'_>,
    vendor: &Client,
    group: &str,
    step: &str,
    green: bool,
) -> Result<(), DemoError> {
    let call = Call::get(step, format!("/v1/production-groups/{group}/checklist"));
    vendor
        .play(scene.transcript, call, |answer| {
            must(answer.flag("/green")? == green, "the other colour was expected")?;
            Ok(told_checks(answer.list("/checks")))
        })
        .await?;
    Ok(())
}

/// The green checks on one line, every other with its fix.
fn told_checks(checks: &[Value]) -> String {
    let flag = |check: &Value, key: &str| check.get(key).and_then(Value::as_bool).unwrap_or_default();
    let text =
        |check: &Value, key: &str| check.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (green, other): (Vec<_>, Vec<_>) = checks.iter().partition(|check| flag(check, "green"));
    let green: Vec<_> = green.into_iter().map(|check| text(check, "code")).collect();
    let mut lines = vec![format!("green: {}", green.join(", "))];
    lines.extend(other.into_iter().map(|check| {
        let colour = if flag(check, "advisory") { "advice" } else { "red" };
        format!("{colour}: {}. {}", text(check, "code"), text(check, "fix"))
    }));
    lines.join("\n")
}

async fn ask_limits(
    scene: &mut Scene<'_>,
    vendor: &Client,
    group: &str,
    justification: &str,
) -> Result<(), DemoError> {
    let path = format!("/v1/production-groups/{group}");
    let seen = vendor.send(&Call::get("", path.clone())).await?;
    let body = json!({ "tier": "standard", "justification": justification });
    let call =
        Call::put(format!("asks for the standard tier: “{justification}”"), path + "/limits-request", body);
    vendor
        .play(scene.transcript, call.if_unchanged(&seen), |answer| Ok(told_limits(answer, "/asked/limits")))
        .await?;
    Ok(())
}

/// Hands the group in for review.
pub async fn submit(
    scene: &mut Scene<'_>,
    vendor: &Client,
    release: &Release,
    step: &str,
) -> Result<(), DemoError> {
    let path = format!("/v1/production-groups/{}", release.group);
    let seen = vendor.send(&Call::get("", path.clone())).await?;
    let call = Call::post(step, path + "/submission", json!({}), 200).if_unchanged(&seen);
    vendor
        .play(scene.transcript, call, |answer| {
            must(answer.text("/state") == Ok("submitted"), "it should be submitted")?;
            Ok("submitted".to_owned())
        })
        .await?;
    Ok(())
}

/// Reads what staff want changed, changes it and hands the group in again.
pub async fn answer_changes(
    scene: &mut Scene<'_>,
    vendor: &Client,
    release: &Release,
) -> Result<(), DemoError> {
    scene.mail(ACTOR, "is told by mail that changes are wanted", EMAIL, 2).await?;
    let path = format!("/v1/production-groups/{}", release.group);
    let call = Call::get("reads the reason", path);
    vendor
        .play(scene.transcript, call, |answer| {
            must(answer.text("/state") == Ok("changes_requested"), "changes should be wanted")?;
            let (reason, note) =
                (answer.text("/changes_requested/reason")?, answer.text("/changes_requested/note")?);
            Ok(format!("{reason}: “{note}”"))
        })
        .await?;
    let why =
        "12 universities, about 9,000 learners, one result for each finished puzzle: 110,000 calls a day.";
    ask_limits(scene, vendor, &release.group, why).await?;
    submit(scene, vendor, release, "hands it in again").await
}

/// Sees the grant.
pub async fn see_grant(scene: &mut Scene<'_>, vendor: &Client, release: &Release) -> Result<(), DemoError> {
    scene.mail(ACTOR, "is told by mail that it is in production", EMAIL, 3).await?;
    let path = format!("/v1/production-groups/{}", release.group);
    vendor
        .play(scene.transcript, Call::get("sees the grant", path.clone()), |answer| {
            must(answer.text("/state") == Ok("approved"), "it should be approved")?;
            must(answer.text("/tier") == Ok("standard"), "the standard tier was asked for")?;
            Ok(format!("{} tier: {}", answer.text("/tier")?, told_limits(answer, "/limits")))
        })
        .await?;
    let call = Call::get("reads the history of the group", path + "/timeline?limit=100");
    vendor
        .play(scene.transcript, call, |answer| {
            let line = |item: &Value| {
                let text = |pointer: &str| item.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
                // The day is today; the time of day is what parts these lines.
                let time = text("/at").split_once('T').map_or("", |(_, time)| time);
                format!("{time}  {} by {}", text("/type"), text("/actor/kind"))
            };
            must(!answer.list("/items").is_empty(), "history was expected")?;
            Ok(answer.list("/items").iter().map(line).collect::<Vec<_>>().join("\n"))
        })
        .await?;
    Ok(())
}

/// Looks at the quota, all of which is used.
pub async fn see_quota(
    scene: &mut Scene<'_>,
    vendor: &Client,
    group: &str,
    used: u64,
) -> Result<(), DemoError> {
    let call = Call::get("looks at the quota", format!("/v1/groups/{group}/quota"));
    vendor
        .play(scene.transcript, call, |answer| {
            let number = |name: &str| answer.body.get(name).and_then(Value::as_u64).unwrap_or(u64::MAX);
            must((number("used"), number("remaining")) == (used, 0), "all calls should be used")?;
            let (at, why) = (answer.text("/next_free/at")?, answer.text("/next_free/why")?);
            Ok(format!("{used} of {} used; the next are free at {at}: {why}", number("limit")))
        })
        .await?;
    Ok(())
}

fn refused(answer: &Answer, code: &str) -> Result<String, String> {
    must(answer.text("/code")? == code, &format!("{code} was expected, not {}", answer.text("/code")?))?;
    Ok(crate::demo::transcript::told_problem(answer))
}

pub(super) fn told_limits(answer: &Answer, pointer: &str) -> String {
    let number = |name: &str| {
        answer.body.pointer(&format!("{pointer}/{name}")).and_then(Value::as_u64).unwrap_or_default()
    };
    format!("{} calls in {} h, {} sites", number("calls"), number("window_s") / 3600, number("sites"))
}

fn start(secret: &str) -> &str {
    secret.split_at_checked(8).map_or(secret, |(start, _)| start)
}
