//! The naming rule of production groups: `Company`, `Product` or `Company - Product`, without words for
//! what it runs on or which server it is.

use super::{NameProblem, NameRule, SEPARATOR, fold, normal_form, normalise};
use crate::policy::Policy;

const PARTS_MAX: usize = 2;

/// Words left hanging when a banned word behind them is struck: "Video Tool for Blackboard".
const CONNECTING: &[&str] = &["&", "and", "as", "by", "for", "in", "of", "on", "to", "via", "with"];

/// Checks a production group's name: `Company`, `Product` or `Company - Product`.
pub fn check_production(
    typed: &str,
    vendor: &str,
    integrations: &[String],
    policy: &Policy,
) -> Result<String, NameProblem> {
    let name = normalise(typed)?;
    match broken_rule(&name, vendor, integrations, policy) {
        None => Ok(name),
        Some(rule) => Err(NameProblem { rule, proposal: propose(&name, vendor, integrations, policy) }),
    }
}

fn broken_rule(name: &str, vendor: &str, integrations: &[String], policy: &Policy) -> Option<NameRule> {
    if name.split(SEPARATOR).count() > PARTS_MAX {
        return Some(NameRule::TooManyParts { max: PARTS_MAX });
    }
    if let Some(word) = words(name).find(|word| is_banned(word, policy)) {
        return Some(NameRule::BannedWord { word: word.to_owned() });
    }
    // The whole name counts as well: a vendor may be called "This - That".
    let said: Vec<String> = name.split(SEPARATOR).chain([name]).map(fold).collect();
    let known =
        integrations.iter().map(String::as_str).chain([vendor]).any(|known| said.contains(&fold(known)));
    if known { None } else { Some(NameRule::NoKnownPart) }
}

/// Tokens, split at everything that is neither letter nor digit; camel case stays whole.
fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// Whole tokens only, whatever their case and the digits behind them: "test1" is banned, "Testify" is not.
fn is_banned(word: &str, policy: &Policy) -> bool {
    let stem = fold(word.trim_end_matches(char::is_numeric));
    !stem.is_empty() && policy.banned_name_tokens.iter().any(|banned| fold(banned) == stem)
}

/// The first of some likely names that passes every rule on the text; whether it is taken is not known here.
fn propose(name: &str, vendor: &str, integrations: &[String], policy: &Policy) -> Option<String> {
    let cleaned: Vec<String> = name
        .split(SEPARATOR)
        .map(|part| without_banned(part, policy))
        .filter(|part| !part.is_empty())
        .collect();
    let product = cleaned.iter().rev().find(|part| fold(part) != fold(vendor)).map(|part| {
        // "Acme Quiz" and "Acme: Quiz" are the Quiz of Acme.
        let behind = part.strip_prefix(vendor).unwrap_or(part);
        behind.trim_start_matches(|c: char| !c.is_alphanumeric())
    });
    let of_vendor = |product: &str| format!("{vendor}{SEPARATOR}{product}");
    let mut candidates = vec![cleaned.iter().take(PARTS_MAX).cloned().collect::<Vec<_>>().join(SEPARATOR)];
    candidates.extend(product.map(of_vendor));
    candidates.extend(integrations.iter().map(|integration| of_vendor(integration)));
    candidates.push(vendor.to_owned());
    candidates.extend(integrations.iter().cloned());
    candidates
        .iter()
        .filter_map(|candidate| normal_form(candidate).ok())
        .find(|candidate| broken_rule(candidate, vendor, integrations, policy).is_none())
}

/// Strikes banned words with what joined them to the rest: "attendance-REST-Python3" becomes
/// "attendance-Python3", "Tool for Blackboard" becomes "Tool".
fn without_banned(part: &str, policy: &Policy) -> String {
    if !words(part).any(|word| is_banned(word, policy)) {
        return part.to_owned();
    }
    let mut kept = String::new();
    let mut joint = "";
    let mut rest = part;
    while !rest.is_empty() {
        let (between, word, behind) = next_word(rest);
        if joint.is_empty() {
            joint = between;
        }
        let leads_with_nothing = word.is_empty() && kept.is_empty();
        if !is_banned(word, policy) && !leads_with_nothing {
            kept.push_str(if kept.is_empty() { "" } else { joint });
            kept.push_str(word);
            joint = "";
        }
        rest = behind;
    }
    tidied(&kept)
}

/// What stands before the next token, the token, and what follows it.
fn next_word(text: &str) -> (&str, &str, &str) {
    let start = text.find(char::is_alphanumeric).unwrap_or(text.len());
    let (between, rest) = text.split_at(start);
    let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
    let (word, behind) = rest.split_at(end);
    (between, word, behind)
}

/// Without unpaired brackets, loose marks at the end and connecting words that connect nothing.
fn tidied(text: &str) -> String {
    let count = |bracket: char| text.matches(bracket).count();
    let unpaired = count('(') != count(')') || count('[') != count(']');
    let text: String = text.chars().filter(|c| !(unpaired && "()[]".contains(*c))).collect();
    let mut words: Vec<&str> = text.split_whitespace().collect();
    while words.last().is_some_and(|last| {
        CONNECTING.contains(&fold(last).as_str()) || !last.chars().any(char::is_alphanumeric)
    }) {
        words.pop();
    }
    words.join(" ").trim_end_matches(['-', '_', '/', ':', ',', ';', '(', '[']).to_owned()
}
