//! Registrations from files: each is sent as it stands, and is registered or refused with a problem that
//! points at the field.

use super::{Scene, must};
use crate::demo::{
    DemoError,
    client::{Answer, Call, Client},
    manifest::Record,
    transcript::told_problem,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// An integration the portal took.
#[derive(Debug, Clone)]
pub struct Registered {
    /// Its public ID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The vendor the record names.
    pub vendor: Option<String>,
    /// Nothing is missing for release.
    pub complete: bool,
    /// Public half of the REST credentials, when it has that kind.
    pub key: Option<String>,
    /// Secret half; shown this once.
    pub secret: Option<String>,
}

enum Outcome {
    Registered(Registered),
    Refused { code: String },
}

/// Registers every record. Ends with an error when one is neither registered nor refused at a field.
pub async fn register_all(
    scene: &mut Scene<'_>,
    vendor: &Client,
    records: &[Record],
) -> Result<Vec<Registered>, DemoError> {
    let mut registered = Vec::new();
    for (place, record) in records.iter().enumerate() {
        scene.transcript.progress(&format!("registering {} of {}", place + 1, records.len()))?;
        if let Outcome::Registered(one) = register(scene, vendor, record).await? {
            registered.push(one);
        }
    }
    let left_out: BTreeSet<_> =
        records.iter().flat_map(|record| &record.left_out).map(String::as_str).collect();
    if !left_out.is_empty() {
        let names = left_out.into_iter().collect::<Vec<_>>().join(", ");
        scene.transcript.remark(&format!("fields without a place in a registration, left out: {names}"))?;
    }
    tally(scene, records.len())?;
    Ok(registered)
}

fn tally(scene: &mut Scene<'_>, of: usize) -> Result<(), DemoError> {
    let totals = &scene.transcript.totals;
    let count = |outcome| totals.registrations.get(outcome).copied().unwrap_or_default();
    let why: Vec<_> = totals.refusals.iter().map(|(code, many)| format!("{code} {many}")).collect();
    let why = if why.is_empty() { String::new() } else { format!(" ({})", why.join(", ")) };
    let line = format!(
        "of {of}: {} complete, {} incomplete, {} refused{why}",
        count("complete"),
        count("incomplete"),
        count("refused")
    );
    scene.transcript.remark(&line)?;
    Ok(())
}

async fn register(scene: &mut Scene<'_>, vendor: &Client, record: &Record) -> Result<Outcome, DemoError> {
    let step = format!("registers “{}”", record.label);
    let call = Call::post(step.clone(), "/v1/integrations", record.body.clone(), 201);
    let answer = vendor.send(&call).await?;
    let outcome = judge(&answer, record);
    let (told, word) = match &outcome {
        Ok(Outcome::Registered(one)) if one.complete => (Ok(told_registered(&answer)), "complete"),
        Ok(Outcome::Registered(_)) => (Ok(told_registered(&answer)), "incomplete"),
        Ok(Outcome::Refused { .. }) => (Ok(told_problem(&answer)), "refused"),
        Err(why) => (Err(why.clone()), "failed"),
    };
    let totals = &mut scene.transcript.totals;
    *totals.registrations.entry(word).or_default() += 1;
    if let Ok(Outcome::Refused { code }) = &outcome {
        *totals.refusals.entry(code.clone()).or_default() += 1;
    }
    let mut played = vendor.step_of(&call, &answer, told, details(&answer, record, word));
    played.turned_away = word == "refused";
    scene.transcript.step(&played)?;
    outcome.map_err(|why| DemoError::Step { step, why })
}

/// What became of a record, or why the answer is not acceptable.
fn judge(answer: &Answer, record: &Record) -> Result<Outcome, String> {
    match answer.status {
        201 => Ok(Outcome::Registered(Registered {
            id: answer.text("/id")?.to_owned(),
            name: answer.text("/name")?.to_owned(),
            vendor: record.vendor.clone(),
            complete: answer.flag("/complete")?,
            key: answer.text("/credentials/key").ok().map(str::to_owned),
            secret: answer.text("/credentials/secret").ok().map(str::to_owned),
        })),
        400 | 413 | 422 => {
            must(!answer.errors().is_empty(), "refused without saying which field")?;
            for place in 0..answer.errors().len() {
                answer.text(&format!("/errors/{place}/pointer"))?;
            }
            Ok(Outcome::Refused { code: answer.text("/errors/0/code")?.to_owned() })
        }
        other => Err(format!("neither registered nor refused at a field: {other}, {}", told_problem(answer))),
    }
}

fn told_registered(answer: &Answer) -> String {
    let missing: Vec<_> =
        answer.list("/missing").iter().filter_map(|one| one.get("pointer")?.as_str()).collect();
    let rest =
        if missing.is_empty() { "complete".to_owned() } else { format!("incomplete: {}", missing.join(" ")) };
    let mut lines = vec![format!("integration ID {}, {rest}", answer.text("/id").unwrap_or_default())];
    for note in answer.list("/notes") {
        let of = |key: &str| note.get(key).and_then(Value::as_str).unwrap_or_default();
        lines.push(format!("{}  noted: {}", of("pointer"), of("detail")));
    }
    lines.join("\n")
}

fn details(answer: &Answer, record: &Record, outcome: &str) -> Map<String, Value> {
    let mut more = Map::new();
    more.insert("outcome".to_owned(), outcome.into());
    for (key, list) in [
        ("problems", answer.errors()),
        ("notes", answer.list("/notes")),
        ("missing", answer.list("/missing")),
    ] {
        if !list.is_empty() {
            more.insert(key.to_owned(), list.into());
        }
    }
    if !record.left_out.is_empty() {
        more.insert("left_out".to_owned(), json!(record.left_out));
    }
    more
}
