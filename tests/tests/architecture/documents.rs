//! What the documents say of the tree is so.

use super::sources::{SOURCES, assert_none, root};
use std::{collections::BTreeSet, fs, path::Path};

const DOCUMENTS: [&str; 2] = ["ARCHITECTURE.md", "CONTRIBUTING.md"];
/// Only ever added to, so of any length.
const DECISIONS: &str = "DECISIONS.md";
const LINES_MAX: usize = 300;

fn read(document: &str) -> String {
    fs::read_to_string(root().join(document)).unwrap()
}

/// What stands in backticks, outside fenced blocks.
fn quoted(document: &str) -> Vec<String> {
    let prose = document.split("```").step_by(2);
    prose.flat_map(|part| part.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// A file, or a path with `<…>` for any one name.
fn is_path(text: &str) -> bool {
    let is_file = Path::new(text).extension().is_some_and(|extension| extension == "rs" || extension == "md");
    (is_file || text.contains('/'))
        && !text.starts_with('/')
        && !text.contains(' ')
        && !text.contains("://")
        && !text.contains("::")
}

fn exists(folder: &Path, path: &str) -> bool {
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    let step = |name: &Path| rest.is_empty() && name.exists() || !rest.is_empty() && exists(name, rest);
    if !first.contains('<') {
        return step(&folder.join(first));
    }
    let suffix = first.rsplit('>').next().unwrap_or_default();
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.map(|entry| entry.path()).any(|path| path.to_string_lossy().ends_with(suffix) && step(&path))
}

/// A bare file name may be that of any source.
fn is_known(path: &str) -> bool {
    let is_source = || SOURCES.iter().any(|source| source.path.rsplit('/').next() == Some(path));
    exists(root(), path.trim_end_matches('/')) || is_source()
}

#[test]
fn every_path_the_documents_name_exists() {
    let mut findings = Vec::new();
    for document in DOCUMENTS.into_iter().chain([DECISIONS]) {
        let paths: Vec<_> = quoted(&read(document)).into_iter().filter(|text| is_path(text)).collect();
        assert!(document == DECISIONS || paths.len() > 10, "{document} names files");
        for path in paths.iter().filter(|path| !is_known(path)) {
            findings.push(format!("{document}: {path}"));
        }
    }
    assert_none(findings);
}

#[test]
fn every_name_of_code_the_architecture_mentions_exists() {
    let is_name = |text: &String| {
        text.contains("::") && text.chars().all(|c| c.is_alphanumeric() || c == ':' || c == '_')
    };
    let words: BTreeSet<&str> =
        SOURCES.iter().flat_map(|source| super::lexer::words(&source.identifiers)).collect();
    let mut findings = Vec::new();
    for document in DOCUMENTS {
        for name in quoted(&read(document)).into_iter().filter(is_name) {
            let crate_or_word =
                |part: &str| words.contains(part) || root().join("crates").join(part).exists();
            if !name.split("::").all(crate_or_word) {
                findings.push(format!("{document}: {name}"));
            }
        }
    }
    assert_none(findings);
}

/// The chapter on invariants names the test of each, and every test of this folder but those of its own tools
/// is named there.
#[test]
fn every_invariant_has_its_test_and_every_test_its_invariant() {
    let architecture = read("ARCHITECTURE.md");
    let chapter = architecture.split("\n## ").find(|chapter| chapter.starts_with("Invariants")).unwrap();
    let mut named = BTreeSet::new();
    let mut number = 0;
    for line in chapter.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())) {
        number += 1;
        assert!(line.starts_with(&format!("{number}. ")), "invariants are counted without gaps: {line}");
        let test = line.rsplit('`').nth(1).unwrap_or_default();
        assert!(named.insert(test.to_owned()), "{line}: a test of its own, named last");
    }
    let mut tests = BTreeSet::new();
    for source in SOURCES.iter().filter(|source| source.path.starts_with("tests/tests/architecture/")) {
        if source.path.ends_with("/lexer.rs") {
            continue;
        }
        let after = source.tests.split("#[test]").skip(1);
        tests.extend(after.filter_map(|item| {
            item.trim().strip_prefix("fn ").and_then(|rest| rest.split('(').next()).map(str::to_owned)
        }));
    }
    assert_eq!(named, tests);
}

#[test]
fn the_architecture_is_read_in_one_sitting() {
    for document in DOCUMENTS {
        assert!(read(document).lines().count() <= LINES_MAX, "{document} has at most {LINES_MAX} lines");
    }
}
