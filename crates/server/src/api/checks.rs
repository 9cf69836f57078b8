//! The machine checks before a submission.

use domain::prodgroup::checklist::{self, CheckCode};
use serde::Serialize;
use utoipa::ToSchema;

/// All checks at an instant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Checklist {
    /// Whether the group can be submitted.
    green: bool,
    checks: Vec<Check>,
}

/// One check.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Which; stable.
    #[schema(example = "contact_proven")]
    code: &'static str,
    /// Whether it holds.
    green: bool,
    /// Advisory checks never block.
    advisory: bool,
    /// What to do when red; empty when green.
    fix: String,
}

impl From<checklist::Checklist> for Checklist {
    fn from(list: checklist::Checklist) -> Self {
        let green = list.is_green();
        let check = |check: checklist::Check| Check {
            code: code(check.code),
            green: check.green,
            advisory: check.advisory,
            fix: check.fix,
        };
        Self { green, checks: list.checks.into_iter().map(check).collect() }
    }
}

/// The code of a check.
pub(crate) fn code(code: CheckCode) -> &'static str {
    match code {
        CheckCode::OwnerProven => "owner_proven",
        CheckCode::ContactProven => "contact_proven",
        CheckCode::ContactRole => "contact_role",
        CheckCode::NameRule => "name_rule",
        CheckCode::HasIntegration => "has_integration",
        CheckCode::IntegrationsComplete => "integrations_complete",
        CheckCode::UrisOnDeclaredHosts => "uris_on_declared_hosts",
        CheckCode::SupportUrl => "support_url",
        CheckCode::TermsAccepted => "terms_accepted",
        CheckCode::LimitsJustified => "limits_justified",
        CheckCode::NotSuspended => "not_suspended",
        CheckCode::SecondOwner => "second_owner",
    }
}
