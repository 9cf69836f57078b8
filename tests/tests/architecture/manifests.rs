//! Which crate may depend on which.

use super::sources::{assert_none, root};
use serde_json::Value;
use std::{process::Command, sync::LazyLock};

/// Crates of the workspace and those of the workspace they may use, besides tests.
const DIRECTION: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("eventlog", &[]),
    ("quota", &[]),
    ("mail-farm", &[]),
    ("test-database", &[]),
    ("reachability", &["domain"]),
    ("readmodel", &["domain", "eventlog"]),
    ("app", &["domain", "eventlog", "quota", "reachability", "readmodel"]),
    ("server", &["app", "domain", "eventlog", "quota", "reachability", "readmodel"]),
    (
        "portal-tests",
        &[
            "app",
            "domain",
            "eventlog",
            "mail-farm",
            "quota",
            "reachability",
            "readmodel",
            "server",
            "test-database",
        ],
    ),
];

/// Dependencies that have one home.
const HOMES: &[(&str, &[&str])] = &[
    ("sled", &["eventlog"]),
    ("sqlx", &["eventlog", "readmodel", "app", "quota"]),
    ("actix-web", &["server"]),
    ("lettre", &["app"]),
    ("rand", &["app"]),
    ("argon2", &["app"]),
    ("chacha20poly1305", &["app"]),
    ("anyhow", &["server"]),
    ("hickory-resolver", &["reachability", "mail-farm"]),
    ("tokio-rustls", &["reachability", "mail-farm"]),
];

/// What a pure crate has no use for.
const IMPURE: [&str; 8] = ["tokio", "futures-util", "sqlx", "sled", "actix-web", "rand", "lettre", "reqwest"];

static PACKAGES: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--no-deps"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
});

fn name(package: &Value) -> &str {
    package["name"].as_str().unwrap()
}

/// What a package uses outside its tests.
fn dependencies(package: &Value) -> impl Iterator<Item = &str> {
    let all = package["dependencies"].as_array().unwrap().iter();
    all.filter(|dependency| dependency["kind"] != "dev")
        .map(|dependency| dependency["name"].as_str().unwrap())
}

#[test]
fn crates_depend_in_one_direction() {
    let known: Vec<_> = DIRECTION.iter().map(|(name, _)| *name).collect();
    let mut findings = Vec::new();
    for package in PACKAGES.iter() {
        let Some((_, allowed)) = DIRECTION.iter().find(|(known, _)| *known == name(package)) else {
            findings.push(format!("{}: say in this test what it may depend on", name(package)));
            continue;
        };
        for dependency in dependencies(package) {
            if known.contains(&dependency) && !allowed.contains(&dependency) {
                findings.push(format!("{} must not depend on {dependency}", name(package)));
            }
        }
    }
    assert_eq!(PACKAGES.len(), DIRECTION.len());
    assert_none(findings);
}

#[test]
fn a_dependency_with_a_home_is_used_only_there() {
    let mut findings = Vec::new();
    for package in PACKAGES.iter() {
        for dependency in dependencies(package) {
            let home = HOMES.iter().find(|(name, _)| *name == dependency);
            if home.is_some_and(|(_, crates)| !crates.contains(&name(package))) {
                findings.push(format!("{} must not depend on {dependency}", name(package)));
            }
        }
    }
    assert_none(findings);
}

#[test]
fn the_domain_depends_on_nothing_that_waits_or_touches_the_world() {
    let domain = PACKAGES.iter().find(|package| name(package) == "domain").unwrap();
    assert_none(
        dependencies(domain)
            .filter(|dependency| IMPURE.contains(dependency))
            .map(|dependency| format!("domain must not depend on {dependency}"))
            .collect(),
    );
}

#[test]
fn there_are_no_feature_flags() {
    let flags = PACKAGES.iter().filter(|package| !package["features"].as_object().unwrap().is_empty());
    assert_none(flags.map(|package| format!("{} has features", name(package))).collect());
}
