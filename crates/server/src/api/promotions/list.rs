//! `GET /v1/staff/promotions`

use super::PromotionItem;
use crate::{
    api::answer::{self, PageOf},
    extract::query::Paging,
    portal::Portal,
    problem::Problem,
};
use actix_web::{
    HttpResponse,
    web::{Data, Query},
};
use readmodel::PromotionState;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// Which promotions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only those whose newest recorded phase is this.
    #[param(inline)]
    state: Option<Phase>,
    /// Items of a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    #[param(min_length = 12, max_length = 12, pattern = "^[A-Za-z0-9_-]{12}$")]
    cursor: Option<String>,
}

/// A phase to filter by.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Handed in.
    Submitted,
    /// Staff look at it.
    InReview,
    /// The vendor's turn.
    ChangesRequested,
    /// Released.
    Approved,
    /// Refused.
    Refused,
    /// Taken back.
    Withdrawn,
    /// Ran out.
    Expired,
}

impl From<Phase> for PromotionState {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Submitted => Self::Submitted,
            Phase::InReview => Self::InReview,
            Phase::ChangesRequested => Self::ChangesRequested,
            Phase::Approved => Self::Approved,
            Phase::Refused => Self::Refused,
            Phase::Withdrawn => Self::Withdrawn,
            Phase::Expired => Self::Expired,
        }
    }
}

/// The promotions there are, in the order of their newest submissions.
#[utoipa::path(
    get, path = "/v1/staff/promotions", operation_id = "list_promotions", tag = "promotions", params(Filter),
    responses((status = 200, description = "A page of promotions.", body = PageOf<PromotionItem>))
)]
pub(crate) async fn handle(portal: Data<Portal>, query: Query<Filter>) -> Result<HttpResponse, Problem> {
    let Filter { state, limit, cursor } = query.into_inner();
    let page = Paging::new(limit, cursor).page()?;
    let now = portal.clock.now();
    let listed = portal.app.read().promotions(state.map(PromotionState::from), now, page).await?;
    Ok(answer::plain(&PageOf::of(listed, |row| PromotionItem::of(row, now))))
}
