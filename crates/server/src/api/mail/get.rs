//! `GET /v1/staff/mail`

use crate::{api::answer, extract::query::NoQuery, portal::Portal, problem::Problem};
use actix_web::{HttpResponse, web::Data};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// How mail goes on this node.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailRoom {
    /// Mails that wait to be sent.
    #[schema(minimum = 0)]
    waiting: u32,
    /// When the first of them is due; long ago when the relay takes none.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_due: Option<DateTime<Utc>>,
    /// What came back since this node started.
    #[schema(max_items = 100)]
    returned: Vec<Returned>,
}

/// Mail that came back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReturnedMail)]
pub struct Returned {
    /// What became of it: `recorded` of a contact, or why it changed nothing.
    #[schema(max_length = 40, example = "forged_token")]
    outcome: &'static str,
    #[schema(minimum = 1)]
    count: u64,
}

/// How mail goes: what waits, and what came back.
#[utoipa::path(
    get, path = "/v1/staff/mail", operation_id = "get_mail_room", tag = "contacts",
    responses((status = 200, description = "How it goes on the node that answers.", body = MailRoom))
)]
pub(crate) async fn handle(portal: Data<Portal>, _: NoQuery) -> Result<HttpResponse, Problem> {
    let room = portal.app.mail_room().await?;
    let returned = room.returned.into_iter().map(|(outcome, count)| Returned { outcome, count }).collect();
    Ok(answer::plain(&MailRoom { waiting: room.waiting, next_due: room.next_due, returned }))
}
