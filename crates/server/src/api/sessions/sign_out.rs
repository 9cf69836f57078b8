//! `DELETE /v1/sessions/current`

use crate::{extract::Session, portal::Portal, problem::Problem};
use actix_web::{HttpResponse, web::Data};

/// End the session whose token is sent.
#[utoipa::path(
    delete, path = "/v1/sessions/current", operation_id = "sign_out", tag = "sessions",
    responses((status = 204, description = "The session has ended."))
)]
pub(crate) async fn handle(portal: Data<Portal>, session: Session) -> Result<HttpResponse, Problem> {
    portal.app.sign_out(session.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
