//! The REST part, and the rule that no integration asks for the whole system.

use super::findings::{Findings, Lines};
use crate::{entitlements, fields::FieldError, integration::facts::Rest};
use unicode_security::confusable_detection::skeleton;

const LABEL_CHARS_MAX: usize = 450;
const SUGGESTION_CHARS_MAX: usize = 100;

/// Reads the part; pointers begin with `/rest`.
pub(super) fn part(findings: &mut Findings, draft: Rest) -> Rest {
    Rest {
        entitlements: findings.list("/rest/entitlements", draft.entitlements, |findings, pointer, typed| {
            entitlement(findings, pointer, &typed)
        }),
        privileges: findings.list("/rest/privileges", draft.privileges, |findings, pointer, typed| {
            let label = findings.text(pointer, Some(typed), LABEL_CHARS_MAX, Lines::One)?;
            not_everything(findings, pointer, label, is_everything)
        }),
        suggested_user: suggestion(findings, "/rest/suggested_user", draft.suggested_user),
        suggested_role: suggestion(findings, "/rest/suggested_role", draft.suggested_role),
        three_legged_oauth: draft.three_legged_oauth,
        end_user_access: draft.end_user_access,
        act_as_user: draft.act_as_user,
    }
}

fn entitlement(findings: &mut Findings, pointer: &str, typed: &str) -> Option<String> {
    let id = findings.trimmed(pointer, typed);
    if !entitlements::is_well_formed(id) {
        let detail = "an entitlement is written in dotted words and a final verb in capitals";
        findings.refuse(FieldError::new(pointer, "rest.entitlement", detail).fix("course.attendance.VIEW"));
        return None;
    }
    if entitlements::privilege_label(id).is_none() {
        let version = entitlements::TABLE_VERSION;
        findings.note(
            pointer,
            format!("table {version} has no privilege label for it; administrators see the id"),
        );
    }
    Some(id.to_owned())
}

fn suggestion(findings: &mut Findings, pointer: &str, typed: Option<String>) -> Option<String> {
    let name = findings.text(pointer, typed, SUGGESTION_CHARS_MAX, Lines::One)?;
    not_everything(findings, pointer, name, |words| is_everything(words) || is_system_admin(words))
}

fn not_everything(
    findings: &mut Findings,
    pointer: &str,
    text: String,
    is_refused: impl Fn(&str) -> bool,
) -> Option<String> {
    if !is_refused(&words(&text)) {
        return Some(text);
    }
    let detail = "no integration runs as a system administrator or asks for everything";
    findings.refuse(
        FieldError::new(pointer, "rest.system_administrator", detail)
            .fix("a role of its own, with the entitlements it needs and no others"),
    );
    None
}

/// Lower-case words with single blanks between and around, look-alike letters made one.
fn words(text: &str) -> String {
    let folded: String = skeleton(&text.to_lowercase()).collect::<String>().to_lowercase();
    let words: Vec<&str> =
        folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    format!(" {} ", words.join(" "))
}

/// In privilege labels `System Admin >` is a menu, so only the administrator's full title counts there.
fn is_everything(words: &str) -> bool {
    [
        "system administrator",
        "systemadministrator",
        "full administrator",
        "all privileges",
        "all entitlements",
    ]
    .iter()
    .any(|title| words.contains(&words_of(title)))
}

fn is_system_admin(words: &str) -> bool {
    ["system admin", "systemadmin", "sys admin", "sysadmin", "super user", "superuser"]
        .iter()
        .any(|title| words.contains(&words_of(title)))
}

/// A title folded like the text it is looked for in.
fn words_of(title: &str) -> String {
    words(title)
}
