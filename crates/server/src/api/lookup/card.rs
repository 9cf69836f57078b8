//! The card of an integration.

use crate::{
    api::{
        contact::Shown,
        integrations::facts::Lti,
        schemas,
        values::{Kind, Limits, Tier},
    },
    portal::Portal,
    reads::CardView,
};
use app::sealing::Opened;
use chrono::{DateTime, Utc};
use readmodel::card::{self, CardRest, DevelopmentCard, ReleasedCard};
use serde::Serialize;
use utoipa::ToSchema;

/// Told with every integration that is not released.
const WARNING: &str = "This integration is not released: nobody has checked who stands behind it.";

/// What a customer sees.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Card {
    /// Not released.
    Development(OfDevelopment),
    /// Released by a vendor with a production account.
    Released(Box<OfRelease>),
}

/// Card of an integration that is not released: no person and no contact.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DevelopmentCard)]
pub struct OfDevelopment {
    #[schema(value_type = schemas::IntegrationId)]
    id: String,
    #[schema(min_length = 1, max_length = 100, example = "Attendance")]
    name: String,
    #[schema(min_items = 1, max_items = 2)]
    kinds: Vec<Kind>,
    hosts: Vec<String>,
    /// Always false.
    released: bool,
    warning: &'static str,
    /// Since when every call of it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    suspended_since: Option<DateTime<Utc>>,
}

/// Card of a released integration.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReleasedCard)]
pub struct OfRelease {
    #[schema(value_type = schemas::IntegrationId)]
    id: String,
    #[schema(min_length = 1, max_length = 100, example = "Attendance")]
    name: String,
    #[schema(min_items = 1, max_items = 2)]
    kinds: Vec<Kind>,
    hosts: Vec<String>,
    /// Always true.
    released: bool,
    released_since: DateTime<Utc>,
    /// Since when every call of it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    suspended_since: Option<DateTime<Utc>>,
    /// For administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// Public name of the vendor.
    #[schema(min_length = 1, max_length = 100, example = "Acme")]
    vendor_name: String,
    /// Name of its production group.
    #[schema(min_length = 1, max_length = 100, example = "Acme - Attendance")]
    group_name: String,
    /// Where customers find help.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri")]
    support_url: Option<String>,
    /// Who answers, and whether mail reaches them.
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<Shown>,
    tier: Tier,
    limits: Limits,
    #[serde(skip_serializing_if = "Option::is_none")]
    lti: Option<Lti>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rest: Option<Permissions>,
}

/// What it will be allowed to do over REST.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Permissions {
    /// What it needs.
    entitlements: Vec<Entitlement>,
    /// Version of the table the labels come from.
    #[schema(example = "2026-11")]
    entitlement_table: &'static str,
    /// Privilege labels as the vendor words them.
    privileges: Vec<String>,
    /// Name proposed for the integration's user.
    #[serde(skip_serializing_if = "Option::is_none")]
    suggested_user: Option<String>,
    /// Name proposed for its role.
    #[serde(skip_serializing_if = "Option::is_none")]
    suggested_role: Option<String>,
    /// Acts for signed-in people.
    #[serde(skip_serializing_if = "Option::is_none")]
    three_legged_oauth: Option<bool>,
    /// Install switch: end users may reach it.
    #[serde(skip_serializing_if = "Option::is_none")]
    end_user_access: Option<bool>,
    /// Install switch: may act as a user without asking.
    #[serde(skip_serializing_if = "Option::is_none")]
    act_as_user: Option<bool>,
}

/// An entitlement with the label administrators know.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Entitlement {
    #[schema(example = "course.attendance.VIEW")]
    id: String,
    /// Absent when the table does not know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'static str>,
}

impl Card {
    /// A card with its contact opened.
    pub(super) fn of(portal: &Portal, view: CardView) -> Self {
        let CardView { card, contact } = view;
        match card {
            card::Card::Development(card) => Self::Development(card.into()),
            card::Card::Released(card) => Self::Released(Box::new(OfRelease::of(portal, *card, contact))),
        }
    }
}

impl From<DevelopmentCard> for OfDevelopment {
    fn from(card: DevelopmentCard) -> Self {
        Self {
            id: card.integration.to_string(),
            name: card.name,
            kinds: card.kinds.into_iter().map(Kind::from).collect(),
            hosts: card.hosts,
            released: false,
            warning: WARNING,
            suspended_since: card.suspended_since,
        }
    }
}

impl OfRelease {
    fn of(portal: &Portal, card: ReleasedCard, email: Option<Opened>) -> Self {
        let (now, policy) = (portal.clock.now(), portal.app.policy());
        let contact = card.contact.as_ref().zip(email.as_ref());
        Self {
            id: card.integration.to_string(),
            name: card.name,
            kinds: card.kinds.into_iter().map(Kind::from).collect(),
            hosts: card.hosts,
            released: true,
            released_since: card.released_since,
            suspended_since: card.suspended_since,
            description: card.description,
            vendor_name: card.vendor_name,
            group_name: card.group_name,
            support_url: card.support_url,
            contact: contact.map(|(contact, email)| Shown::of(contact, email, now, policy)),
            tier: card.tier.into(),
            limits: card.limits.into(),
            lti: card.lti.map(Lti::from),
            rest: card.rest.map(Permissions::from),
        }
    }
}

impl From<CardRest> for Permissions {
    fn from(rest: CardRest) -> Self {
        let entitlement = |known: card::Entitlement| Entitlement { id: known.id, label: known.label };
        Self {
            entitlements: rest.entitlements.into_iter().map(entitlement).collect(),
            entitlement_table: rest.entitlement_table,
            privileges: rest.privileges,
            suggested_user: rest.suggested_user,
            suggested_role: rest.suggested_role,
            three_legged_oauth: rest.three_legged_oauth,
            end_user_access: rest.end_user_access,
            act_as_user: rest.act_as_user,
        }
    }
}
