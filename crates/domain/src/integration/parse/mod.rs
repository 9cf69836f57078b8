//! From a draft of plain strings to facts: every broken field is told with its pointer, its rule and a fix,
//! and every harmless spelling is normalised and noted.

mod findings;
mod hosts;
mod lti;
mod nearest;
mod rest;
#[cfg(test)]
mod tests;
mod urls;

use super::{
    facts::{Draft, Facts, Kind},
    placements::squash,
};
use crate::{
    fields::{FieldError, Note},
    names::{self, NameProblem},
};
use findings::{Findings, Lines};

const DESCRIPTION_CHARS_MAX: usize = 450;

/// Largest JSON form of the facts: an event with them stays below the log's 16 KiB a payload.
pub const FACTS_BYTES_MAX: usize = 15 * 1024;

/// Checks a draft. Ok carries the notes on what was normalised; Err every field that breaks a rule.
pub fn parse(draft: Draft) -> Result<(Facts, Vec<Note>), Vec<FieldError>> {
    let mut findings = Findings::default();
    let name = name(&mut findings, &draft.name);
    let kinds = kinds(&mut findings, draft.kinds);
    let facts = Facts {
        name,
        description: findings.text("/description", draft.description, DESCRIPTION_CHARS_MAX, Lines::Many),
        hosts: findings.list("/hosts", draft.hosts, |findings, pointer, typed| {
            hosts::declared(findings, pointer, &typed)
        }),
        support_url: urls::https_if_any(
            &mut findings,
            "/support_url",
            draft.support_url,
            urls::URL_CHARS_MAX,
        ),
        lti: draft.lti.map(|part| {
            part_needs_kind(&mut findings, &kinds, Kind::Lti13, "/lti");
            lti::part(&mut findings, part)
        }),
        rest: draft.rest.map(|part| {
            part_needs_kind(&mut findings, &kinds, Kind::Rest, "/rest");
            rest::part(&mut findings, part)
        }),
        kinds,
    };
    if findings.errors.is_empty() {
        fits_the_log(&mut findings, &facts);
    }
    if findings.errors.is_empty() { Ok((facts, findings.notes)) } else { Err(findings.errors) }
}

fn name(findings: &mut Findings, typed: &str) -> String {
    match names::normalise(typed) {
        Ok(name) => {
            if name != typed {
                findings.note("/name", "blanks and composed letters were brought into normal form");
            }
            name
        }
        Err(problem) => {
            findings.refuse(name_error(&problem));
            String::new()
        }
    }
}

fn name_error(problem: &NameProblem) -> FieldError {
    let mut error = FieldError::new("/name", problem.rule.code(), problem.to_string());
    error.fix.clone_from(&problem.proposal);
    error
}

fn kinds(findings: &mut Findings, typed: Vec<String>) -> Vec<Kind> {
    if typed.is_empty() {
        let detail = "an integration speaks LTI 1.3, REST or both";
        findings.refuse(FieldError::new("/kinds", "kind.missing", detail).fix("lti13, rest"));
    }
    let mut kinds =
        findings.list("/kinds", typed, |findings, pointer, typed| kind(findings, pointer, &typed));
    kinds.sort_unstable();
    kinds
}

fn kind(findings: &mut Findings, pointer: &str, typed: &str) -> Option<Kind> {
    let (kind, canonical) = match squash(typed).as_str() {
        "lti13" | "ltiadvantage" => (Kind::Lti13, "lti13"),
        "rest" | "restapi" => (Kind::Rest, "rest"),
        "lti11" | "lti10" | "lti12" | "lti1" => {
            let detail = "LTI 1.1 is not supported: it signs with a secret shared between tool and platform";
            let fix = "give the tool a key set and register it as lti13";
            findings.refuse(FieldError::new(pointer, "kind.lti11", detail).fix(fix));
            return None;
        }
        "lti" => {
            let detail = "say which version of LTI: only 1.3 is supported";
            findings.refuse(FieldError::new(pointer, "kind.unknown", detail).fix("lti13"));
            return None;
        }
        other => {
            let known = [("lti13", "lti13"), ("rest", "rest")];
            let mut error = FieldError::new(pointer, "kind.unknown", "the kinds are lti13 and rest");
            error.fix = nearest::nearest(other, known.into_iter()).map(str::to_owned);
            findings.refuse(error);
            return None;
        }
    };
    if typed != canonical {
        findings.note(pointer, format!("read as the kind {canonical}"));
    }
    Some(kind)
}

/// Silent while a kind is unreadable: that one may be the kind the part needs.
fn part_needs_kind(findings: &mut Findings, kinds: &[Kind], kind: Kind, pointer: &str) {
    let all_read = !findings.errors.iter().any(|error| error.pointer.starts_with("/kinds"));
    if all_read && !kinds.contains(&kind) {
        let (detail, fix) = match kind {
            Kind::Lti13 => {
                ("an LTI part needs the kind lti13", "add lti13 to the kinds, or leave the part out")
            }
            Kind::Rest => ("a REST part needs the kind rest", "add rest to the kinds, or leave the part out"),
        };
        findings.refuse(FieldError::new(pointer, "kind.part_without_kind", detail).fix(fix));
    }
}

fn fits_the_log(findings: &mut Findings, facts: &Facts) {
    let bytes = serde_json::to_vec(facts).map_or(usize::MAX, |json| json.len());
    if bytes > FACTS_BYTES_MAX {
        let detail = format!("the facts take more than {FACTS_BYTES_MAX} bytes together");
        let fix = "shorten descriptions and parameters, or leave out placements";
        findings.refuse(FieldError::new("", "facts.too_large", detail).fix(fix));
    }
}
