//! The machine checks before a submission, and the evidence they leave.

use crate::{
    address::MailboxClass,
    group::Limits,
    ids::IntegrationId,
    names,
    policy::{Policy, Tier},
    prodaccount::{ContactState, Proof},
    sealed::Fingerprint,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The checks, in the order they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CheckCode {
    /// The owner's sign-in address is proven.
    #[serde(rename = "owner_proven")]
    OwnerProven,
    /// The contact is proven within the policy's days.
    #[serde(rename = "contact_proven")]
    ContactProven,
    /// The contact is a role or list mailbox. Advisory.
    #[serde(rename = "contact_role")]
    ContactRole,
    /// The group's name obeys the rule.
    #[serde(rename = "name_rule")]
    NameRule,
    /// There is at least one integration.
    #[serde(rename = "has_integration")]
    HasIntegration,
    /// Every integration is complete.
    #[serde(rename = "integrations_complete")]
    IntegrationsComplete,
    /// Every URI lies on a declared host.
    #[serde(rename = "uris_on_declared_hosts")]
    UrisOnDeclaredHosts,
    /// The account has a support URL.
    #[serde(rename = "support_url")]
    SupportUrl,
    /// The owner accepted the current terms.
    #[serde(rename = "terms_accepted")]
    TermsAccepted,
    /// Limits are asked for, with a justification.
    #[serde(rename = "limits_justified")]
    LimitsJustified,
    /// The group is not suspended.
    #[serde(rename = "not_suspended")]
    NotSuspended,
    /// A second owner. Advisory.
    #[serde(rename = "second_owner")]
    SecondOwner,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Which.
    pub code: CheckCode,
    /// Whether it holds.
    pub green: bool,
    /// Advisory checks never block.
    pub advisory: bool,
    /// What to do when red; empty when green.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fix: String,
}

/// All checks at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checklist {
    /// In order.
    pub checks: Vec<Check>,
}

impl Checklist {
    /// Blocking checks that are red.
    pub fn blocking(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| !check.green && !check.advisory)
    }

    /// Whether the group can be submitted.
    pub fn is_green(&self) -> bool {
        self.blocking().next().is_none()
    }
}

/// What the checks look at: small values folded by `app` from the group's, account's, owner's and
/// integrations' streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// When the owner's sign-in address was proven; a developer without proof has no stream.
    pub owner_proven_at: Option<DateTime<Utc>>,
    /// Terms the owner accepted.
    pub owner_terms_version: String,
    /// Number of owners of the account.
    pub owners: usize,
    /// Vendor name.
    pub vendor_name: String,
    /// Whether there is a support URL.
    pub support_url: Option<String>,
    /// The contact customers would see.
    pub contact: Option<ContactView>,
    /// What speaks for it.
    pub contact_proof: Option<Proof>,
    /// Name of the group.
    pub group_name: String,
    /// The integrations in the group.
    pub integrations: Vec<IntegrationView>,
    /// What is asked for.
    pub asked: Option<(Tier, Limits)>,
    /// Since when every call of the group is refused; none while it is not.
    pub suspended_since: Option<DateTime<Utc>>,
}

/// The proven contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactView {
    /// Which declaration.
    pub epoch: u32,
    /// Which address.
    pub fingerprint: Fingerprint,
    /// What kind of mailbox.
    pub class: MailboxClass,
    /// When it was proven.
    pub proven_at: DateTime<Utc>,
    /// Whether it was proven by a code from a sender it could not expect, too.
    #[serde(default, skip_serializing_if = "is_no")]
    pub open_to_strangers: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_no(flag: &bool) -> bool {
    !flag
}

/// One integration in the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrationView {
    /// Which.
    pub integration: IntegrationId,
    /// Its name.
    pub name: String,
    /// Which declaration of its facts.
    pub facts_version: u32,
    /// Pointers of what is missing.
    pub missing: Vec<String>,
    /// Hosts used but not declared.
    pub undeclared_hosts: Vec<String>,
}

/// What was checked and what it looked like: recorded with a submission, compared at each approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Name of the group.
    pub group_name: String,
    /// The contact.
    pub contact: Option<ContactView>,
    /// Integrations and the declaration of facts that was checked.
    pub integrations: Vec<(IntegrationId, u32)>,
    /// What is asked for.
    pub asked: Option<(Tier, Limits)>,
    /// The checks.
    pub checklist: Checklist,
}

impl Evidence {
    /// As it is recorded: without the words of the fixes, which may change while what was seen does not.
    #[must_use]
    pub fn recorded(&self) -> Self {
        let mut recorded = self.clone();
        for check in &mut recorded.checklist.checks {
            check.fix.clear();
        }
        recorded
    }

    /// SHA-256 over the JSON form of what is recorded, hex. A group that is not suspended looks as it did before
    /// there was that check, so that what was submitted then can still be approved.
    #[expect(clippy::expect_used, reason = "derived JSON of structs without maps and floats does not fail")]
    pub fn hash(&self) -> String {
        let mut hashed = self.recorded();
        hashed.checklist.checks.retain(|check| !(check.code == CheckCode::NotSuspended && check.green));
        let json = serde_json::to_vec(&hashed).expect("evidence is plain JSON");
        data_encoding::HEXLOWER.encode(&Sha256::digest(&json))
    }
}

/// Evaluates all checks.
pub fn evaluate(view: &View, policy: &Policy, now: DateTime<Utc>) -> Evidence {
    let checks = vec![
        blocking(CheckCode::OwnerProven, owner_proven(view)),
        blocking(CheckCode::ContactProven, contact_proven(view, policy, now)),
        advisory(CheckCode::ContactRole, contact_role(view)),
        blocking(CheckCode::NameRule, name_rule(view, policy)),
        blocking(CheckCode::HasIntegration, has_integration(view)),
        blocking(CheckCode::IntegrationsComplete, integrations_complete(view)),
        blocking(CheckCode::UrisOnDeclaredHosts, uris_on_declared_hosts(view)),
        blocking(CheckCode::SupportUrl, support_url(view)),
        blocking(CheckCode::TermsAccepted, terms_accepted(view, policy)),
        blocking(CheckCode::LimitsJustified, limits_justified(view, policy)),
        blocking(CheckCode::NotSuspended, not_suspended(view)),
        advisory(CheckCode::SecondOwner, second_owner(view)),
    ];
    let mut integrations: Vec<_> =
        view.integrations.iter().map(|seen| (seen.integration, seen.facts_version)).collect();
    integrations.sort_unstable();
    Evidence {
        group_name: view.group_name.clone(),
        contact: view.contact.clone(),
        integrations,
        asked: view.asked,
        checklist: Checklist { checks },
    }
}

/// What to do about a red check; none when it is green.
type Fix = Option<String>;

fn blocking(code: CheckCode, fix: Fix) -> Check {
    Check { code, green: fix.is_none(), advisory: false, fix: fix.unwrap_or_default() }
}

fn advisory(code: CheckCode, fix: Fix) -> Check {
    Check { advisory: true, ..blocking(code, fix) }
}

fn owner_proven(view: &View) -> Fix {
    view.owner_proven_at
        .is_none()
        .then(|| "Prove the owner's sign-in address with the code mailed to it.".to_owned())
}

fn contact_proven(view: &View, policy: &Policy, now: DateTime<Utc>) -> Fix {
    let is_open = view.contact_proof.as_ref().is_some_and(|proof| proof.open_to_strangers);
    match ContactState::of(view.contact_proof.as_ref(), now, policy) {
        ContactState::Proven { .. } | ContactState::DueSoon { .. } if is_open => None,
        ContactState::Proven { .. } | ContactState::DueSoon { .. } => Some(
            "Enter the second code too: it was mailed to the contact from another sender, as customers are. If it \
             did not arrive, let the mailbox take mail from senders it does not know, and ask for another code."
                .to_owned(),
        ),
        ContactState::Pending => {
            Some("Ask for a code to be mailed to the contact mailbox and enter it.".to_owned())
        }
        ContactState::Degraded { since, .. } => Some(format!(
            "Mail to the contact is in doubt since {}. See the account for what was found, mend it, ask for a new \
             code and enter it.",
            since.format("%Y-%m-%d")
        )),
        ContactState::Lapsed { since } => Some(format!(
            "The proof of the contact ended on {}: it holds {} days. Ask for a new code and enter it.",
            since.format("%Y-%m-%d"),
            policy.contact_proof_days
        )),
        ContactState::Withdrawn { since } => Some(format!(
            "The proof of the contact ended on {}, because mail to it kept failing. Mend the mailbox or name \
             another, ask for a new code and enter it.",
            since.format("%Y-%m-%d")
        )),
    }
}

fn contact_role(view: &View) -> Fix {
    let seen = match view.contact.as_ref().map(|contact| contact.class) {
        Some(MailboxClass::Role) => return None,
        Some(MailboxClass::Personal) => "The contact looks like one person's mailbox.",
        Some(MailboxClass::FreeMail) => "The contact is at a free-mail provider.",
        Some(MailboxClass::Disposable) => "The contact is at a throw-away provider.",
        Some(MailboxClass::NoReply) => "The contact takes no answers.",
        None => "There is no proven contact.",
    };
    let better =
        "Best is a mailbox several people read, at the vendor's own domain, such as support@ or business@.";
    Some(format!("{seen} {better}"))
}

fn name_rule(view: &View, policy: &Policy) -> Fix {
    let integrations: Vec<String> = view.integrations.iter().map(|seen| seen.name.clone()).collect();
    let checked = names::check_production(&view.group_name, &view.vendor_name, &integrations, policy);
    checked.err().map(|problem| format!("Rename the group: {problem}."))
}

fn has_integration(view: &View) -> Fix {
    view.integrations.is_empty().then(|| "Move an integration into the group.".to_owned())
}

fn integrations_complete(view: &View) -> Fix {
    let lacks = |seen: &IntegrationView| format!("\"{}\" lacks {}", seen.name, seen.missing.join(", "));
    let gaps: Vec<String> =
        view.integrations.iter().filter(|seen| !seen.missing.is_empty()).map(lacks).collect();
    (!gaps.is_empty()).then(|| format!("Fill in what is missing: {}.", gaps.join("; ")))
}

fn uris_on_declared_hosts(view: &View) -> Fix {
    let strays =
        |seen: &IntegrationView| format!("\"{}\" uses {}", seen.name, seen.undeclared_hosts.join(", "));
    let stray: Vec<String> =
        view.integrations.iter().filter(|seen| !seen.undeclared_hosts.is_empty()).map(strays).collect();
    (!stray.is_empty())
        .then(|| format!("Declare the hosts that URLs lie on, or move the URLs: {}.", stray.join("; ")))
}

fn support_url(view: &View) -> Fix {
    view.support_url.is_none().then(|| "Give the account an https URL where customers find help.".to_owned())
}

fn terms_accepted(view: &View, policy: &Policy) -> Fix {
    (view.owner_terms_version != policy.terms_version).then(|| {
        format!(
            "Accept the terms of {}; the owner accepted those of {}.",
            policy.terms_version, view.owner_terms_version
        )
    })
}

fn limits_justified(view: &View, policy: &Policy) -> Fix {
    view.asked.is_none().then(|| {
        format!(
            "Say which limits the group needs and why, such as standard with {} calls in {} hours and {} sites.",
            policy.standard.calls,
            policy.standard.window_s / 3_600,
            policy.standard.sites
        )
    })
}

fn not_suspended(view: &View) -> Fix {
    view.suspended_since.map(|since| {
        format!(
            "The group is suspended since {}. Ask staff to resume it.",
            since.format("%Y-%m-%d %H:%M UTC")
        )
    })
}

fn second_owner(view: &View) -> Fix {
    (view.owners < 2)
        .then(|| "Add a second owner, so that the account does not hang on one person.".to_owned())
}
