//! The customer: an administrator who was handed an integration ID and wants to know who is behind it.

use super::{
    Scene, must,
    registering::Registered,
    vendor::{CONTACT, Release, told_limits},
};
use crate::demo::{
    DemoError,
    client::{Call, Client},
};
use serde_json::Value;

/// Name in the transcript.
pub const ACTOR: &str = "customer";
/// An ID nobody has.
const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";

/// Looks the ID up while it is in development: warned, and told nothing of people.
pub async fn look_up_before(
    scene: &mut Scene<'_>,
    customer: &Client,
    integration: &Registered,
) -> Result<(), DemoError> {
    let call = Call::get("looks the ID up before its release: warned", path(&integration.id));
    customer
        .play(scene.transcript, call, |answer| {
            must(!answer.flag("/released")?, "it should not be released")?;
            must(!answer.body.to_string().contains(CONTACT), "no contact before the release")?;
            Ok(format!("“{}”: {}", answer.text("/name")?, answer.text("/warning")?))
        })
        .await?;
    Ok(())
}

/// Looks the ID up after the release.
pub async fn look_up_after(
    scene: &mut Scene<'_>,
    customer: &Client,
    release: &Release,
) -> Result<(), DemoError> {
    let call = Call::get("looks the ID up after its release", path(&release.integration.id));
    customer
        .play(scene.transcript, call, |answer| {
            must(answer.flag("/released")?, "it should be released")?;
            must(answer.text("/vendor_name")? == release.vendor_name, "another vendor was expected")?;
            must(answer.text("/contact/email")? == CONTACT, "the proven contact was expected")?;
            let mut lines = vec![
                format!("{} of {}", answer.text("/name")?, answer.text("/vendor_name")?),
                format!("contact {CONTACT}, proven {}", answer.text("/contact/proven_at")?),
                format!("{} tier: {}", answer.text("/tier")?, told_limits(answer, "/limits")),
            ];
            for fact in ["rest", "lti"] {
                let said = answer.body.get(fact).filter(|said| !said.is_null());
                lines.extend(said.into_iter().flat_map(|said| told_facts(fact, said)));
            }
            Ok(lines.join("\n"))
        })
        .await?;
    Ok(())
}

/// Looks up an ID nobody has.
pub async fn look_up_unknown(scene: &mut Scene<'_>, customer: &Client) -> Result<(), DemoError> {
    let call = Call::get("looks up an ID nobody has", path(UNKNOWN)).answered(404);
    customer.play(scene.transcript, call, |answer| Ok(answer.text("/detail")?.to_owned())).await?;
    Ok(())
}

/// The facts of one part, a line each; what is empty is not said.
fn told_facts(part: &str, facts: &Value) -> Vec<String> {
    let facts = facts.as_object().into_iter().flatten();
    let lines = facts.filter_map(|(name, value)| Some(format!("{part} {name}: {}", told_value(value)?)));
    lines.collect()
}

fn told_value(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(if *flag { "yes" } else { "no" }.to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(items) => joined("; ", items.iter().filter_map(told_value)),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| Some(format!("{name}={}", told_value(value)?));
            joined(", ", fields.iter().filter_map(field))
        }
    }
}

fn joined(separator: &str, parts: impl Iterator<Item = String>) -> Option<String> {
    let parts: Vec<_> = parts.collect();
    (!parts.is_empty()).then(|| parts.join(separator))
}

fn path(integration: &str) -> String {
    format!("/v1/lookup/{integration}")
}
