use portal_tests::process::command;
use serde_json::Value;
use std::process::Command;

fn portal<const N: usize>(args: [&str; N]) -> Command {
    command(env!("CARGO_BIN_EXE_portal-under-test"), args)
}

fn lines(stdout: &[u8]) -> Vec<Value> {
    let text = String::from_utf8(stdout.to_vec()).expect("UTF-8");
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
        .collect()
}

#[test]
fn the_demo_plays_every_step_and_the_log_check_holds() {
    let played = portal(["demo", "--json"]).output().expect("it runs");
    assert!(played.status.success(), "{}", String::from_utf8_lossy(&played.stderr));
    let lines = lines(&played.stdout);
    let (last, steps) = lines.split_last().expect("it says something");
    assert!(steps.len() > 25, "{} steps", steps.len());
    for step in steps {
        assert_eq!(step["ok"], true, "{step:#}");
    }
    let actors: std::collections::BTreeSet<_> =
        steps.iter().filter_map(|step| step["actor"].as_str()).collect();
    assert!(["vendor", "staff", "customer"].iter().all(|actor| actors.contains(actor)), "{actors:?}");
    let totals = &last["totals"];
    assert_eq!((&totals["ok"], &totals["failed"]), (&Value::Bool(true), &0.into()));
    assert_eq!(totals["steps"], steps.len());
    assert!(totals["events"].as_u64().is_some_and(|events| events > 15), "{totals:#}");
    assert_eq!(totals["log_digest"].as_str().map(str::len), Some(64));
}

#[test]
fn the_pretty_transcript_has_no_colour_in_a_pipe() {
    let played = portal(["demo"]).output().expect("it runs");
    assert!(played.status.success());
    let text = String::from_utf8(played.stdout).expect("UTF-8");
    assert!(!text.contains('\x1b'));
    assert!(text.contains("every step held"), "{text}");
}

#[test]
fn a_manifest_that_is_not_there_is_named() {
    let played = portal(["demo", "--manifest", "/nonexistent/registrations.json"]).output().expect("it runs");
    assert!(!played.status.success());
    assert!(String::from_utf8_lossy(&played.stderr).contains("/nonexistent/registrations.json"));
}
