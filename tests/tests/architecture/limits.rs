//! How large things may grow.

use super::{
    lexer::{blanked, item_end},
    sources::{SOURCES, assert_none},
};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

#[test]
fn files_and_functions_fit_a_screen() {
    let mut findings = Vec::new();
    for source in SOURCES.iter() {
        let lines = source.text.lines().count();
        let is_table_of_tests = source.path.ends_with("/tests.rs") || source.path.contains("/tests/");
        if lines > FILE_LINES_MAX && !is_table_of_tests {
            findings.push(format!("{}: {lines} lines", source.path));
        }
        let code = blanked(&source.text, false);
        for (from, _) in code.match_indices("fn ").filter(|(at, _)| begins_function(&code, *at)) {
            let length = body_lines(&code[from..item_end(&code, from)]);
            if length > FUNCTION_LINES_MAX {
                let line = code[..from].lines().count();
                findings.push(format!("{}:{line}: a function of {length} lines", source.path));
            }
        }
    }
    assert_none(findings);
}

/// `fn` as a word of its own, with a name behind it: not a function type.
fn begins_function(code: &str, at: usize) -> bool {
    let before = code[..at].chars().next_back();
    let behind = code[at + 3..].chars().next();
    before.is_none_or(char::is_whitespace) && behind.is_some_and(|c| c.is_alphabetic() || c == '_')
}

/// Lines between the braces that hold code.
fn body_lines(function: &str) -> usize {
    let body = function.split_once('{').map_or("", |(_, body)| body);
    body.lines().filter(|line| !line.trim().is_empty()).count().saturating_sub(1)
}
