//! The LTI 1.3 part.

use super::{
    findings::{Findings, Lines, below},
    nearest::nearest,
    urls::{self, ICON_CHARS_MAX, URL_CHARS_MAX},
};
use crate::{
    fields::FieldError,
    integration::{
        facts::{Lti, LtiDraft, Placement, SigningAlg},
        placements::{self, squash},
    },
};
use std::collections::BTreeMap;

const PLACEMENT_NAME_CHARS_MAX: usize = 50;
const PLACEMENT_DESCRIPTION_CHARS_MAX: usize = 1_000;
const HANDLE_CHARS_MAX: usize = 32;
const PARAMETER_NAME_CHARS_MAX: usize = 255;
const PARAMETER_VALUE_CHARS_MAX: usize = 1_024;
const CLAIM_CHARS_MAX: usize = 255;

/// Message types of LTI 1.3 and its services (Core, Deep Linking, Submission Review, Proctoring, Data
/// Privacy, Asset Processor, EULA), and Learn's own context launch.
const MESSAGES: [&str; 13] = [
    "LtiResourceLinkRequest",
    "LtiDeepLinkingRequest",
    "LtiSubmissionReviewRequest",
    "LtiDataPrivacyLaunchRequest",
    "LtiStartProctoring",
    "LtiStartAssessment",
    "LtiEndAssessment",
    "LtiContextLaunchRequest",
    "LtiAssetProcessorSettingsRequest",
    "LtiReportReviewRequest",
    "LtiEulaRequest",
    "LtiDeepLinkingUpdateRequest",
    "ContextLaunchRequest",
];

/// Scopes of the 1EdTech services: grades, names and roles, groups, notices, assets, proctoring, events.
pub(super) const SCOPES: [&str; 13] = [
    "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem",
    "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly",
    "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly",
    "https://purl.imsglobal.org/spec/lti-ags/scope/score",
    "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly",
    "https://purl.imsglobal.org/spec/lti-gs/scope/contextgroup.readonly",
    "https://purl.imsglobal.org/spec/lti/scope/noticehandlers",
    "https://purl.imsglobal.org/spec/lti/scope/asset.readonly",
    "https://purl.imsglobal.org/spec/lti/scope/report",
    "https://purl.imsglobal.org/spec/lti/scope/eula/user",
    "https://purl.imsglobal.org/spec/lti/scope/eula/deployment",
    "https://purl.imsglobal.org/spec/lti-ap/scope/control.all",
    "https://purl.imsglobal.org/spec/lti-ces/v1p0/scope/send",
];

/// User fields and their names in installation guides.
const USER_FIELDS: [(&str, &str); 8] = [
    ("role", "role"),
    ("name", "name"),
    ("email", "email"),
    ("role in course", "role"),
    ("roles in course", "role"),
    ("role in courses", "role"),
    ("email address", "email"),
    ("e-mail address", "email"),
];

/// Reads the part; pointers begin with `/lti`.
pub(super) fn part(findings: &mut Findings, draft: LtiDraft) -> Lti {
    Lti {
        login_initiation_url: urls::endpoints(
            findings,
            "/lti/login_initiation_url",
            draft.login_initiation_url,
        ),
        redirect_uris: findings.list(
            "/lti/redirect_uris",
            draft.redirect_uris,
            |findings, pointer, typed| urls::https(findings, pointer, &typed, URL_CHARS_MAX),
        ),
        jwks_uri: urls::endpoints(findings, "/lti/jwks_uri", draft.jwks_uri),
        target_link_uri: urls::endpoints(findings, "/lti/target_link_uri", draft.target_link_uri),
        signing_alg: signing_alg(findings, draft.signing_alg),
        custom_parameters: custom_parameters(findings, "/lti/custom_parameters", draft.custom_parameters),
        placements: placements(findings, draft.placements),
        messages: findings.list("/lti/messages", draft.messages, |findings, pointer, typed| {
            message(findings, pointer, &typed)
        }),
        scopes: findings
            .list("/lti/scopes", draft.scopes, |findings, pointer, typed| scope(findings, pointer, &typed)),
        claims: findings
            .list("/lti/claims", draft.claims, |findings, pointer, typed| claim(findings, pointer, &typed)),
        icon_url: urls::https_if_any(findings, "/lti/icon_url", draft.icon_url, ICON_CHARS_MAX),
        user_fields: findings.list("/lti/user_fields", draft.user_fields, |findings, pointer, typed| {
            user_field(findings, pointer, &typed)
        }),
        grade_service: draft.grade_service,
        membership_service: draft.membership_service,
    }
}

fn signing_alg(findings: &mut Findings, typed: Option<String>) -> SigningAlg {
    let pointer = "/lti/signing_alg";
    let typed = typed.unwrap_or_default();
    match findings.trimmed(pointer, &typed).to_ascii_uppercase().as_str() {
        "" | "RS256" => SigningAlg::Rs256,
        "RS512" => SigningAlg::Rs512,
        _ => {
            let detail = "messages are signed with RS256 or RS512";
            findings.refuse(FieldError::new(pointer, "lti.signing_alg", detail).fix("RS256"));
            SigningAlg::default()
        }
    }
}

fn custom_parameters(
    findings: &mut Findings,
    pointer: &str,
    typed: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    if !findings.fits(pointer, typed.len()) {
        return BTreeMap::new();
    }
    let mut kept = BTreeMap::new();
    for (name, value) in typed {
        let pointer = below(pointer, &name);
        let name = findings.text_or_empty(&pointer, name, PARAMETER_NAME_CHARS_MAX, Lines::One);
        let value = findings.text_or_empty(&pointer, value, PARAMETER_VALUE_CHARS_MAX, Lines::One);
        match (name, value) {
            (Some(name), _) if name.is_empty() || name.contains('=') => {
                let detail = "a parameter is written name=value: the name is not blank and holds no =";
                findings.refuse(FieldError::new(pointer, "parameter.name", detail));
            }
            (Some(name), Some(_)) if kept.contains_key(&name) => {
                findings.refuse(FieldError::new(
                    pointer,
                    "parameter.repeated",
                    "two parameters have this name",
                ));
            }
            (Some(name), Some(value)) => {
                kept.insert(name, value);
            }
            (None, _) | (_, None) => {}
        }
    }
    kept
}

fn placements(findings: &mut Findings, typed: Vec<Placement>) -> Vec<Placement> {
    findings.list("/lti/placements", typed, |findings, pointer, typed| {
        let at = |field: &str| format!("{pointer}/{field}");
        Some(Placement {
            placement_type: placement_type(findings, &at("type"), &typed.placement_type)?,
            name: findings.text(&at("name"), typed.name, PLACEMENT_NAME_CHARS_MAX, Lines::One),
            description: findings.text(
                &at("description"),
                typed.description,
                PLACEMENT_DESCRIPTION_CHARS_MAX,
                Lines::Many,
            ),
            handle: handle(findings, &at("handle"), typed.handle),
            target_link_uri: urls::https_if_any(
                findings,
                &at("target_link_uri"),
                typed.target_link_uri,
                URL_CHARS_MAX,
            ),
            icon_url: urls::https_if_any(findings, &at("icon_url"), typed.icon_url, ICON_CHARS_MAX),
            message_type: typed.message_type.and_then(|typed| message(findings, &at("message_type"), &typed)),
            allow_students: typed.allow_students,
            custom_parameters: custom_parameters(findings, &at("custom_parameters"), typed.custom_parameters),
        })
    })
}

fn placement_type(findings: &mut Findings, pointer: &str, typed: &str) -> Option<String> {
    let known = placements::canonical(typed);
    match known {
        Some(known) if known == typed => {}
        Some(known) => findings.note(pointer, format!("read as the placement type {known}")),
        None => {
            let all: Vec<&str> = placements::all().collect();
            let detail = format!("there is no such placement type; there are {}", all.join(", "));
            let mut error = FieldError::new(pointer, "placement.type", detail);
            error.fix = nearest(typed, placements::names()).map(str::to_owned);
            findings.refuse(error);
        }
    }
    known.map(str::to_owned)
}

/// Blanks become hyphens, with a note: some forms accept them, links do not.
fn handle(findings: &mut Findings, pointer: &str, typed: Option<String>) -> Option<String> {
    let text = findings.text(pointer, typed, HANDLE_CHARS_MAX, Lines::One)?;
    let handle = text.split_whitespace().collect::<Vec<_>>().join("-");
    if handle != text {
        findings.note(pointer, format!("a handle holds no blanks; read as {handle}"));
    }
    Some(handle)
}

fn message(findings: &mut Findings, pointer: &str, typed: &str) -> Option<String> {
    let wanted = squash(typed);
    let short = |name: &str| squash(name).trim_start_matches("lti").trim_end_matches("request").to_owned();
    let found = MESSAGES.into_iter().find(|name| squash(name) == wanted).or_else(|| {
        MESSAGES
            .into_iter()
            .find(|name| short(name) == wanted.trim_start_matches("lti").trim_end_matches("request"))
    });
    match found {
        Some(name) if name == typed => {}
        Some(name) => findings.note(pointer, format!("read as the message type {name}")),
        None => {
            let mut error = FieldError::new(pointer, "lti.message", "there is no such LTI 1.3 message type");
            error.fix = nearest(typed, MESSAGES.into_iter().map(|name| (name, name))).map(str::to_owned);
            findings.refuse(error);
        }
    }
    found.map(str::to_owned)
}

/// A scope by its URI, or by what follows `/scope/` when only one scope ends so.
fn scope(findings: &mut Findings, pointer: &str, typed: &str) -> Option<String> {
    let bare = typed.trim().trim_end_matches('/');
    let address =
        |uri: &str| uri.split_once("://").map_or_else(String::new, |(_, address)| address.to_owned());
    let found = SCOPES.into_iter().find(|uri| {
        *uri == bare
            || address(uri) == address(bare)
            || uri.split_once("/scope/").is_some_and(|(_, name)| name == bare)
    });
    match found {
        Some(uri) if uri == typed => {}
        Some(uri) => findings.note(pointer, format!("read as the scope {uri}")),
        None => {
            let mut error =
                FieldError::new(pointer, "lti.scope", "only scopes of 1EdTech services are known here");
            let is_elsewhere = bare.contains("://") && !address(bare).starts_with("purl.imsglobal.org/");
            let fix = if is_elsewhere {
                Some("leave it out: another platform's scope opens nothing here")
            } else {
                nearest(typed, SCOPES.into_iter().map(|uri| (uri, uri)))
            };
            error.fix = fix.map(str::to_owned);
            findings.refuse(error);
        }
    }
    found.map(str::to_owned)
}

/// Claims are open-ended (OpenID Connect Core 5.1, LTI Core 5.3): only their form is checked.
fn claim(findings: &mut Findings, pointer: &str, typed: &str) -> Option<String> {
    let claim = findings.text(pointer, Some(typed.to_owned()), CLAIM_CHARS_MAX, Lines::One);
    match claim {
        Some(claim) if !claim.contains(char::is_whitespace) => Some(claim),
        Some(_) | None => {
            let detail = "a claim is a name such as given_name, or a URI, without blanks";
            findings.refuse(
                FieldError::new(pointer, "lti.claim", detail).fix("make each claim an entry of its own"),
            );
            None
        }
    }
}

fn user_field(findings: &mut Findings, pointer: &str, typed: &str) -> Option<String> {
    let found =
        USER_FIELDS.into_iter().find(|(name, _)| squash(name) == squash(typed)).map(|(_, field)| field);
    match found {
        Some(field) if field == typed => {}
        Some(field) => findings.note(pointer, format!("read as the user field {field}")),
        None => {
            let mut error =
                FieldError::new(pointer, "lti.user_field", "the user fields are role, name and email");
            error.fix = nearest(typed, USER_FIELDS.into_iter()).map(str::to_owned);
            findings.refuse(error);
        }
    }
    found.map(str::to_owned)
}
