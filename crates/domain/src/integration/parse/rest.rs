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
    not_everything(findings, pointer, name, |text| is_everything(text) || is_system_admin(text))
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

/// Lower-case words, a blank before each, look-alike letters made one.
fn words(text: &str) -> String {
    let folded: String = skeleton(&text.to_lowercase()).collect::<String>().to_lowercase();
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.flat_map(|word| [" ", word]).collect()
}

/// In privilege labels `System Admin >` is a menu, so only the administrator's full title counts there.
fn is_everything(text: &str) -> bool {
    begins_a_word(
        text,
        &[
            "system administrator",
            "systemadministrator",
            "full administrator",
            "all privileges",
            "all entitlements",
        ],
    )
}

fn is_system_admin(text: &str) -> bool {
    begins_a_word(text, &["system admin", "systemadmin", "sys admin", "sysadmin", "super user", "superuser"])
}

fn begins_a_word(text: &str, titles: &[&str]) -> bool {
    titles.iter().any(|title| text.contains(&words(title)))
}
