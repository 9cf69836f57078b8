//! Every phase with every command and every event, in one file to read and to compare in full.

use crate::{
    allowance::Allowance,
    decider::{Context, Decision, StoredEvent},
    developer::Developer,
    devgroup::DevGroup,
    gateway::Gateway,
    integration::Integration,
    policy::Policy,
    prodaccount::ProdAccount,
    prodgroup::ProdGroup,
    roster::Roster,
    samples::Samples,
    staff::Staff,
    testing::{at, updates_expectations},
    usagewatch::UsageWatch,
};
use std::{fmt::Debug, fs, path::Path};

const TABLE: &str = "tests/table.txt";

#[test]
fn every_phase_answers_every_command_and_event_as_the_table_says() {
    let head = ["# aggregate | phase | command | outcome", "# aggregate | phase | event | phase after it"];
    let table = [
        head.map(str::to_owned).to_vec(),
        rows::<Developer>(),
        rows::<DevGroup>(),
        rows::<Integration>(),
        rows::<Staff>(),
        rows::<ProdAccount>(),
        rows::<ProdGroup>(),
        rows::<Gateway>(),
        rows::<Allowance>(),
        rows::<Roster>(),
        rows::<UsageWatch>(),
    ]
    .concat()
    .join("\n")
        + "\n";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(TABLE);
    if updates_expectations() {
        fs::write(&file, &table).expect("the table can be written");
    }
    let expected = fs::read_to_string(&file).expect("the table can be read");
    assert!(
        table == expected,
        "the rules and {TABLE} differ; look at the changes of UPDATE_EXPECT=1 cargo test\n{table}"
    );
}

fn rows<D: Samples>() -> Vec<String>
where
    D::Command: Debug,
{
    let policy = Policy::default();
    let context = Context { now: at("2026-11-05T10:00:00Z"), policy: &policy };
    let mut rows = Vec::new();
    for state in D::phases() {
        let (aggregate, phase) = (D::CATEGORY, state.label());
        for command in D::commands() {
            let name = variant(&command);
            let outcome = match state.decide(command, &context) {
                Ok(decision) => format!("accepted: {}", facts(&decision)),
                Err(rejection) => format!("rejected: {}", D::code(&rejection)),
            };
            rows.push(format!("{aggregate} | {phase} | {name} | {outcome}"));
        }
        for event in D::events() {
            let after = state.clone().evolve(&event).map_or("unexpected".to_owned(), |state| state.label());
            rows.push(format!("{aggregate} | {phase} | {} | {after}", event.stored_type()));
        }
    }
    rows
}

fn facts<E: StoredEvent>(decision: &Decision<E>) -> String {
    let types: Vec<&str> = decision.events.iter().map(StoredEvent::stored_type).collect();
    if types.is_empty() { "nothing".to_owned() } else { types.join(", ") }
}

/// The variant's name: the first word of its debug form.
fn variant(command: &impl Debug) -> String {
    format!("{command:?}").split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}
