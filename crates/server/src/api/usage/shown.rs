//! History as JSON.

use app::quota::usage::{By, Count, History, Outcome, Part, Range, Series, Span};
use chrono::{DateTime, SecondsFormat, Utc};
use domain::{
    group::GroupRef,
    ids::{IntegrationId, InvalidId},
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// Names of integrations, as far as they are still in the group.
pub(super) type Names = HashMap<IntegrationId, String>;

/// How far back.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
pub enum RangeName {
    /// 24 hours in steps of five minutes.
    #[default]
    #[serde(rename = "24h")]
    Day,
    /// 30 days.
    #[serde(rename = "30d")]
    Month,
    /// 12 months.
    #[serde(rename = "1y")]
    Year,
}

/// What the calls are divided by.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ByName {
    /// Integrations.
    Integration,
    /// Sites of customers.
    Site,
    /// What became of them.
    Outcome,
    /// Nothing.
    #[default]
    None,
}

/// What became of a group's calls.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    #[schema(value_type = crate::api::schemas::GroupId)]
    group: String,
    range: RangeName,
    by: ByName,
    step: StepName,
    /// When each step begins, in UTC; the last one is running.
    #[schema(min_items = 12, max_items = 288)]
    steps: Vec<DateTime<Utc>>,
    total: Total,
    /// The largest parts first, at most 20; what is beyond them is one more, called `other`.
    #[schema(max_items = 22)]
    series: Vec<SeriesItem>,
}

/// How long a step is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub enum StepName {
    /// Five minutes.
    #[serde(rename = "5m")]
    FiveMinutes,
    /// A day.
    #[serde(rename = "1d")]
    Day,
    /// A month of the calendar.
    #[serde(rename = "1mo")]
    Month,
}

/// Calls over all steps.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Total {
    /// They passed.
    #[schema(minimum = 0)]
    admitted: u64,
    /// They were refused.
    #[schema(minimum = 0)]
    refused: u64,
    /// Neither: answered by test mode.
    #[schema(minimum = 0)]
    aside: u64,
    /// Those of the admitted ones which a limit that is only observed would have refused.
    #[schema(minimum = 0)]
    shadow_refused: u64,
}

/// One part over time.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeriesItem {
    kind: PartKind,
    /// Which integration, site or outcome.
    #[schema(required, max_length = 64)]
    id: Option<String>,
    /// Name of an integration that is in the group now.
    #[schema(required, max_length = 100)]
    name: Option<String>,
    total: Total,
    /// One number for each step.
    #[schema(min_items = 12, max_items = 288)]
    admitted: Vec<u64>,
    /// One number for each step.
    #[schema(min_items = 12, max_items = 288)]
    refused: Vec<u64>,
    /// One number for each step.
    #[schema(min_items = 12, max_items = 288)]
    aside: Vec<u64>,
    /// One number for each step.
    #[schema(min_items = 12, max_items = 288)]
    shadow_refused: Vec<u64>,
}

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartKind {
    /// All calls.
    All,
    /// Those of an integration.
    Integration,
    /// Those for a site.
    Site,
    /// Those that named no site.
    NoSite,
    /// Those with one outcome.
    Outcome,
    /// Those of all smaller parts.
    Other,
}

/// What a part is called.
pub(super) struct Label {
    pub(super) kind: PartKind,
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
}

impl Usage {
    pub(super) fn of(
        group: GroupRef,
        (range, by): (RangeName, ByName),
        history: &History,
        names: &Names,
    ) -> Self {
        let mut total = Count::default();
        history.series.iter().for_each(|series| total.add(series.sum()));
        Self {
            group: group.to_string(),
            range,
            by,
            step: match history.span {
                Span::Step => StepName::FiveMinutes,
                Span::Day => StepName::Day,
                Span::Month => StepName::Month,
            },
            steps: history.steps.iter().map(|at| instant(*at)).collect(),
            total: total.into(),
            series: history.series.iter().map(|series| SeriesItem::of(series, names)).collect(),
        }
    }
}

impl SeriesItem {
    fn of(series: &Series, names: &Names) -> Self {
        let Label { kind, id, name } = Label::of(&series.part, names);
        let each = |count: fn(&Count) -> u64| series.counts.iter().map(count).collect();
        Self {
            kind,
            id,
            name,
            total: series.sum().into(),
            admitted: each(|count| count.admitted),
            refused: each(|count| count.refused),
            aside: each(|count| count.aside),
            shadow_refused: each(|count| count.shadow_refused),
        }
    }
}

impl Label {
    pub(super) fn of(part: &Part, names: &Names) -> Self {
        let (kind, id) = match part {
            Part::Whole => (PartKind::All, None),
            Part::Integration(number) => {
                let id = IntegrationId::from_uuid(Uuid::from_u128(*number));
                let name = names.get(&id).cloned();
                return Self { kind: PartKind::Integration, id: Some(id.to_string()), name };
            }
            Part::Site(site) => (PartKind::Site, Some(site.clone())),
            Part::NoSite => (PartKind::NoSite, None),
            Part::Outcome(outcome) => (PartKind::Outcome, Some(word(*outcome).to_owned())),
            Part::Other => (PartKind::Other, None),
        };
        Self { kind, id, name: None }
    }

    /// In a word or two, for people.
    pub(super) fn words(&self) -> String {
        let id = || self.id.clone().unwrap_or_default();
        match self.kind {
            PartKind::All => "all calls".to_owned(),
            PartKind::NoSite => "no site named".to_owned(),
            PartKind::Other => "other".to_owned(),
            PartKind::Outcome => id().replace('_', " "),
            PartKind::Integration | PartKind::Site => self.name.clone().unwrap_or_else(id),
        }
    }
}

impl PartKind {
    /// As it stands in a column.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Integration => "integration",
            Self::Site => "site",
            Self::NoSite => "no_site",
            Self::Outcome => "outcome",
            Self::Other => "other",
        }
    }
}

impl From<Count> for Total {
    fn from(count: Count) -> Self {
        let Count { admitted, refused, aside, shadow_refused } = count;
        Self { admitted, refused, aside, shadow_refused }
    }
}

impl From<RangeName> for Range {
    fn from(range: RangeName) -> Self {
        match range {
            RangeName::Day => Self::Day,
            RangeName::Month => Self::Month,
            RangeName::Year => Self::Year,
        }
    }
}

impl RangeName {
    /// In words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Day => "24 hours",
            Self::Month => "30 days",
            Self::Year => "12 months",
        }
    }

    /// As it stands in a query.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Day => "24h",
            Self::Month => "30d",
            Self::Year => "1y",
        }
    }
}

impl From<ByName> for By {
    fn from(by: ByName) -> Self {
        match by {
            ByName::Integration => Self::Integration,
            ByName::Site => Self::Site,
            ByName::Outcome => Self::Outcome,
            ByName::None => Self::Nothing,
        }
    }
}

/// Names of integrations by id.
pub(super) fn names(rows: Vec<(String, String)>) -> Result<Names, InvalidId> {
    rows.into_iter().map(|(id, name)| Ok((id.parse()?, name))).collect()
}

/// The instant of a step.
pub(super) fn instant(at: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// The same as text.
pub(super) fn rfc3339(at: i64) -> String {
    instant(at).to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Admitted => "admitted",
        Outcome::QuotaRefused => "quota_refused",
        Outcome::Unauthenticated => "unauthenticated",
        Outcome::SiteRefused => "site_refused",
        Outcome::Suspended => "suspended",
        Outcome::ShadowRefused => "shadow_refused",
        Outcome::Graced => "graced",
        Outcome::TestMode => "test_mode",
    }
}
