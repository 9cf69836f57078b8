//! The Rust files of the workspace, with production code told from tests.

use super::lexer::{blanked, item_end};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

/// One Rust file.
pub(crate) struct Source {
    /// Relative to the repository, with slashes.
    pub(crate) path: String,
    /// As it stands.
    pub(crate) text: String,
    /// Production code without comments, literals kept; blank in a file of tests or measurements.
    pub(crate) production: String,
    /// Production code without comments and literals.
    pub(crate) identifiers: String,
    /// Test code without comments and literals.
    pub(crate) tests: String,
}

/// All of them, read once.
pub(crate) static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| {
    let mut files = Vec::new();
    for folder in ["crates", "tests"] {
        rust_files(&root().join(folder), &mut files);
    }
    files.sort();
    let texts: Vec<(String, String)> =
        files.iter().map(|file| (relative(file), fs::read_to_string(file).unwrap())).collect();
    let test_modules: BTreeSet<String> =
        texts.iter().flat_map(|(path, text)| declared_test_modules(path, text)).collect();
    texts.into_iter().map(|(path, text)| source(path, text, &test_modules)).collect()
});

/// The folder of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Production sources under a folder.
pub(crate) fn under(folder: &str) -> impl Iterator<Item = &'static Source> {
    SOURCES.iter().filter(move |source| source.path.starts_with(folder))
}

/// Fails with all findings at once.
pub(crate) fn assert_none(findings: Vec<String>) {
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn relative(file: &Path) -> String {
    file.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/")
}

fn source(path: String, text: String, test_modules: &BTreeSet<String>) -> Source {
    let whole = blanked(&text, false);
    let folder = path.split('/').nth(2);
    let in_tests_folder = path.starts_with("tests/") || folder == Some("tests");
    let of_test_module = test_modules
        .iter()
        .any(|module| path == format!("{module}.rs") || path.starts_with(&format!("{module}/")));
    let (mut production, mut identifiers) = (blanked(&text, true), whole.clone());
    let mut tests = erased(&text);
    if matches!(folder, Some("examples" | "benches")) {
        // What measures the product is no part of it.
        (production, identifiers) = (erased(&text), erased(&text));
    } else if in_tests_folder || of_test_module {
        (production, identifiers, tests) = (erased(&text), erased(&text), whole);
    } else {
        for (from, to) in test_items(&whole) {
            tests.replace_range(from..to, &whole[from..to]);
            for kept in [&mut production, &mut identifiers] {
                let blank = erased(&kept[from..to]);
                kept.replace_range(from..to, &blank);
            }
        }
    }
    Source { path, text, production, identifiers, tests }
}

/// As long as a text, with its lines, and nothing in them.
fn erased(text: &str) -> String {
    text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect()
}

const MARKERS: [&str; 4] = ["#[cfg(test)]", "#[test]", "#[tokio::test", "#[actix_web::test]"];

/// Spans of items that exist only in tests.
fn test_items(code: &str) -> Vec<(usize, usize)> {
    let mut spans = Vec::new();
    let mut at = 0;
    while let Some(found) = MARKERS.iter().filter_map(|marker| code[at..].find(marker)).min() {
        let from = at + found;
        let behind = from + code[from..].find(']').map_or(0, |bracket| bracket + 1);
        at = item_end(code, behind);
        spans.push((from, at));
    }
    spans
}

/// `#[cfg(test)] mod name;` makes the file of that module a file of tests.
fn declared_test_modules(path: &str, text: &str) -> Vec<String> {
    let code = blanked(text, false);
    let folder = match path.rsplit_once('/') {
        Some((folder, "mod.rs" | "lib.rs" | "main.rs")) => folder.to_owned(),
        _ => path.trim_end_matches(".rs").to_owned(),
    };
    let declared = test_items(&code).into_iter().filter_map(|(from, to)| {
        let item = code[from..to].strip_prefix("#[cfg(test)]")?;
        let name = item.trim().trim_start_matches("pub(crate) ").strip_prefix("mod ")?.strip_suffix(';')?;
        Some(format!("{folder}/{}", name.trim()))
    });
    declared.collect()
}
