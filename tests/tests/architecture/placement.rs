//! What may stand where.

use super::{
    lexer::words,
    sources::{SOURCES, Source, assert_none, under},
};

/// Categories of the aggregates, as words in any spelling.
const AGGREGATES: [&str; 6] = ["developer", "devgroup", "prodaccount", "prodgroup", "integration", "staff"];

/// Texts that only SQL has.
const SQL: [&str; 6] = ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "CREATE TABLE", "PRAGMA "];

/// Places at which one of `texts` stands in what `part` gives of a source.
fn places<'a>(
    sources: impl Iterator<Item = &'a Source>,
    part: fn(&Source) -> &str,
    texts: &[&str],
) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        for (number, line) in part(source).lines().enumerate() {
            for text in texts.iter().filter(|text| line.contains(**text)) {
                found.push(format!("{}:{}: {}", source.path, number + 1, text.trim()));
            }
        }
    }
    found
}

fn identifiers(source: &Source) -> &str {
    &source.identifiers
}

fn production(source: &Source) -> &str {
    &source.production
}

fn tests(source: &Source) -> &str {
    &source.tests
}

fn outside(homes: &'static [&'static str]) -> impl Iterator<Item = &'static Source> {
    SOURCES.iter().filter(move |source| !homes.iter().any(|home| source.path.starts_with(home)))
}

#[test]
fn the_domain_is_pure_and_synchronous() {
    let waits = ["async ", ".await", "std::thread"];
    let touches = ["::now()", "std::env", "std::fs", "std::io", "TcpStream", "UdpSocket", "ToSocketAddrs"];
    assert_none(places(under("crates/domain/"), identifiers, &waits));
    assert_none(places(under("crates/domain/"), identifiers, &touches));
}

#[test]
fn the_log_names_no_aggregate() {
    let mut findings = Vec::new();
    for source in under("crates/eventlog/") {
        for word in words(&source.production) {
            let plain = word.to_lowercase().replace('_', "");
            if AGGREGATES.iter().any(|aggregate| plain.contains(aggregate)) {
                findings.push(format!("{}: {word}", source.path));
            }
        }
    }
    assert_none(findings);
}

#[test]
fn the_embedded_store_is_contained_in_one_file() {
    let mut findings = Vec::new();
    for source in outside(&["crates/eventlog/src/sled.rs"]) {
        let code = source.identifiers.replace("crate::sled::", "").replace("super::sled::", "");
        if code.contains("sled::") {
            findings.push(format!("{}: sled", source.path));
        }
    }
    assert_none(findings);
}

#[test]
fn the_read_model_only_reads_the_log() {
    assert_none(places(under("crates/readmodel/"), identifiers, &["AppendBatch", "log.append("]));
}

#[test]
fn the_server_holds_no_sql_and_decides_nothing() {
    assert_none(places(under("crates/server/"), production, &SQL));
    assert_none(places(
        under("crates/server/"),
        identifiers,
        &["sqlx", ".decide(", "AppendBatch", "log.append("],
    ));
}

#[test]
fn only_the_unit_of_work_and_the_mail_worker_append() {
    let homes = &["crates/app/src/work.rs", "crates/app/src/mail/", "crates/eventlog/"];
    assert_none(places(outside(homes), identifiers, &["AppendBatch", "log.append("]));
}

#[test]
fn statements_stand_in_files_named_sql() {
    let elsewhere = SOURCES.iter().filter(|source| !source.path.ends_with("/sql.rs"));
    assert_none(places(elsewhere, production, &SQL));
}

#[test]
fn only_the_mailer_and_the_dialler_reach_the_outside() {
    assert_none(places(outside(&["crates/app/src/mail/"]), identifiers, &["lettre"]));
    assert_none(places(outside(&["crates/server/src/demo/"]), identifiers, &["reqwest"]));
    // The last of them only takes connections: gRPC brings no bounds of its own.
    let homes = &[
        "crates/server/src/demo/",
        "crates/reachability/src/dial.rs",
        "crates/server/src/gateway/grpc/incoming.rs",
    ];
    assert_none(places(outside(homes), identifiers, &["TcpStream", "UdpSocket"]));
    assert_none(places(
        under("crates/server/src/gateway/"),
        identifiers,
        &["TcpStream::connect", "UdpSocket"],
    ));
}

#[test]
fn time_enters_through_one_clock() {
    let reads = ["Utc::now", "Local::now", "SystemTime::now"];
    assert_none(places(outside(&["crates/app/src/clock.rs"]), identifiers, &reads));
}

#[test]
fn ids_and_randomness_enter_through_one_generator() {
    // A log makes its own id, once, at creation.
    let homes = &["crates/app/src/ids.rs", "crates/eventlog/"];
    assert_none(places(outside(homes), identifiers, &["new_v4", "now_v7", "rand::", "SysRng", "OsRng"]));
}

#[test]
fn the_environment_is_read_by_the_configuration_only() {
    let reads = ["env::var", "env::vars"];
    assert_none(places(outside(&["crates/server/src/config/"]), identifiers, &reads));
}

#[test]
fn tests_wait_for_conditions_and_are_all_run() {
    assert_none(places(SOURCES.iter(), tests, &["sleep(", "#[ignore", "#[should_panic"]));
}

#[test]
fn lints_are_waived_with_a_reason_only() {
    assert_none(places(
        SOURCES.iter(),
        |source| &source.text,
        &[concat!("#[", "allow("), concat!("#![", "allow(")],
    ));
}
