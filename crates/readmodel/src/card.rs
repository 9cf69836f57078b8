//! The card of an integration: what a customer sees who looks its ID up. One pure function from folded facts
//! to card, so that no other place decides what is public.

use crate::query::account::ShownContact;
use chrono::{DateTime, Utc};
use domain::{
    allowance::{Allowance, Base},
    entitlements,
    group::Limits,
    ids::IntegrationId,
    integration::facts::{Facts, Kind, Lti, Rest},
    policy::Tier,
};

/// The facts a card is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardFacts {
    /// Which integration.
    pub integration: IntegrationId,
    /// What its vendor says of it.
    pub facts: Facts,
    /// Who stands behind it, once its group is approved for production.
    pub release: Option<Release>,
    /// What was set for its group.
    pub allowance: Allowance,
}

/// What an approved production group adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Public name of the vendor.
    pub vendor_name: String,
    /// Where the vendor's customers find help.
    pub vendor_support_url: Option<String>,
    /// Name of the group.
    pub group_name: String,
    /// The newest proven contact.
    pub contact: Option<ShownContact>,
    /// Named size granted.
    pub tier: Tier,
    /// What production was granted with.
    pub base: Base,
    /// When production was granted.
    pub since: DateTime<Utc>,
}

/// What a customer sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Card {
    /// Not released: enough to recognise it, and a warning; no person and no contact.
    Development(DevelopmentCard),
    /// Released by a vendor with a production account.
    Released(Box<ReleasedCard>),
}

/// Card of an integration that is not released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DevelopmentCard {
    /// Which integration.
    pub integration: IntegrationId,
    /// Public name.
    pub name: String,
    /// What it speaks.
    pub kinds: Vec<Kind>,
    /// Declared hosts.
    pub hosts: Vec<String>,
    /// Since when every call of its group is refused.
    pub suspended_since: Option<DateTime<Utc>>,
}

/// Card of a released integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleasedCard {
    /// Which integration.
    pub integration: IntegrationId,
    /// Public name.
    pub name: String,
    /// What it speaks.
    pub kinds: Vec<Kind>,
    /// Declared hosts.
    pub hosts: Vec<String>,
    /// For administrators.
    pub description: Option<String>,
    /// Public name of the vendor.
    pub vendor_name: String,
    /// Name of its production group.
    pub group_name: String,
    /// Where customers find help: the integration's own page, or else the vendor's.
    pub support_url: Option<String>,
    /// The newest proven contact.
    pub contact: Option<ShownContact>,
    /// Named size granted, or custom where staff set other limits.
    pub tier: Tier,
    /// Limits in force.
    pub limits: Limits,
    /// When production was granted.
    pub released_since: DateTime<Utc>,
    /// Since when every call of its group is refused.
    pub suspended_since: Option<DateTime<Utc>>,
    /// LTI 1.3 part.
    pub lti: Option<Lti>,
    /// REST part.
    pub rest: Option<CardRest>,
}

/// REST part of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardRest {
    /// What it needs, with the label administrators know.
    pub entitlements: Vec<Entitlement>,
    /// Version of the table of labels.
    pub entitlement_table: &'static str,
    /// Privilege labels as the vendor words them.
    pub privileges: Vec<String>,
    /// Name proposed for the integration's user.
    pub suggested_user: Option<String>,
    /// Name proposed for its role.
    pub suggested_role: Option<String>,
    /// Acts for signed-in people.
    pub three_legged_oauth: Option<bool>,
    /// Install switch: end users may reach it.
    pub end_user_access: Option<bool>,
    /// Install switch: may act as a user without asking.
    pub act_as_user: Option<bool>,
}

/// An entitlement with its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entitlement {
    /// Id, such as `course.attendance.VIEW`.
    pub id: String,
    /// Label of the privilege, when the table knows it.
    pub label: Option<&'static str>,
}

/// Makes the card as it is at an instant.
pub fn card(facts: CardFacts, now: DateTime<Utc>) -> Card {
    let CardFacts { integration, facts, release, allowance } = facts;
    let suspended_since = allowance.suspended_since();
    let Some(release) = release else {
        let Facts { name, kinds, hosts, .. } = facts;
        return Card::Development(DevelopmentCard { integration, name, kinds, hosts, suspended_since });
    };
    let in_force = allowance.in_force(release.base, now, |_| true);
    Card::Released(Box::new(ReleasedCard {
        integration,
        name: facts.name,
        kinds: facts.kinds,
        hosts: facts.hosts,
        description: facts.description,
        vendor_name: release.vendor_name,
        group_name: release.group_name,
        support_url: facts.support_url.or(release.vendor_support_url),
        contact: release.contact,
        tier: if in_force.set_by_staff { Tier::Custom } else { release.tier },
        limits: in_force.limits,
        released_since: release.since,
        suspended_since,
        lti: facts.lti,
        rest: facts.rest.map(card_rest),
    }))
}

fn card_rest(rest: Rest) -> CardRest {
    let labelled = |id: String| Entitlement { label: entitlements::privilege_label(&id), id };
    CardRest {
        entitlements: rest.entitlements.into_iter().map(labelled).collect(),
        entitlement_table: entitlements::TABLE_VERSION,
        privileges: rest.privileges,
        suggested_user: rest.suggested_user,
        suggested_role: rest.suggested_role,
        three_legged_oauth: rest.three_legged_oauth,
        end_user_access: rest.end_user_access,
        act_as_user: rest.act_as_user,
    }
}
