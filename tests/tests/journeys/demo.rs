use portal_tests::process::command;
use serde_json::Value;
use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

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
    assert!(
        ["vendor", "staff", "customer", "gateway"].iter().all(|actor| actors.contains(actor)),
        "{actors:?}"
    );
    let asked = steps.iter().filter(|step| step["actor"] == "gateway");
    let statuses: Vec<_> = asked.filter_map(|step| step["status"].as_u64()).collect();
    assert_eq!(statuses, [200, 200, 200, 429]);
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

#[test]
fn registrations_of_ones_own_are_played_record_by_record() {
    let folder = tempfile::tempdir().expect("a folder");
    let records = serde_json::json!([
        portal_tests::complete_registration("Own Tool"),
        { "product": "Guide", "vendor": "V", "kind": ["lti13"], "domains": ["https://lms.vendor.example/"], "source": "s" },
        { "product": "Template", "kind": ["lti13"], "login_initiation_url": "{base}/login" },
        { "product": "Old", "kind": ["rest", "lti11"] },
        { "name": "Own Tool", "kinds": ["rest"] },
        7
    ]);
    let path = folder.path().join("records.json");
    std::fs::write(&path, records.to_string()).expect("written");
    let played =
        portal(["demo", "--json", "--manifest", path.to_str().expect("text")]).output().expect("it runs");
    assert!(played.status.success(), "{}", String::from_utf8_lossy(&played.stderr));
    let lines = lines(&played.stdout);
    let outcomes: Vec<_> = lines
        .iter()
        .filter_map(|line| Some((line["outcome"].as_str()?, line["problems"][0]["pointer"].as_str())))
        .collect();
    let expected = [
        ("complete", None),
        ("incomplete", None),
        ("refused", Some("/lti/login_initiation_url/default")),
        ("refused", Some("/kinds/1")),
        ("refused", Some("/name")),
        ("refused", Some("")),
    ];
    assert_eq!(outcomes, expected);
    let guide = lines.iter().find(|line| line["outcome"] == "incomplete").expect("it is told");
    assert_eq!(guide["left_out"], serde_json::json!(["source"]));
    assert_eq!(guide["notes"][0]["pointer"], "/hosts/0");
    let looked_up =
        lines.iter().filter_map(|line| line["said"].as_str()).any(|said| said.starts_with("Own Tool of"));
    assert!(looked_up, "the first complete record is the one that is released");
}

#[test]
fn left_running_it_tells_how_to_sign_in_and_ends_well_when_asked_to() {
    let mut command = portal(["demo", "--json", "--serve"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it runs");
    let mut told = BufReader::new(child.stdout.take().expect("it has output")).lines();
    let serving = loop {
        let line: Value =
            serde_json::from_str(&told.next().expect("it goes on").expect("text")).expect("JSON");
        if !line["serving"].is_null() {
            break line["serving"].clone();
        }
    };
    for told in ["/base_url", "/smtp", "/vendor/password", "/staff/password", "/staff/otpauth"] {
        assert!(serving.pointer(told).is_some_and(Value::is_string), "{told}: {serving:#}");
    }
    let folder = serving["data_dir"].as_str().expect("a folder").to_owned();
    let asked = Command::new("kill").arg(child.id().to_string()).status().expect("kill runs");
    assert!(asked.success());
    let last = told.map(|line| line.expect("text")).last().expect("totals");
    let last: Value = serde_json::from_str(&last).expect("JSON");
    assert_eq!(last["totals"]["ok"], true);
    assert!(child.wait().expect("it ends").success());
    assert!(!std::path::Path::new(&folder).exists(), "it leaves nothing behind");
}
