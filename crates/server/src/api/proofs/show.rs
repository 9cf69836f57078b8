//! `GET /proofs/{proof}`

use super::{Subject, page};
use actix_web::{HttpResponse, web::Path};

/// The page that a mail with a code links to. It changes nothing, whoever opens it.
#[utoipa::path(
    get, path = "/proofs/{proof}", operation_id = "show_proof", tag = "pages",
    params(("proof" = String, Path, description = "Id of a sign-up or of a contact's challenge.")),
    responses((status = 200, description = "A form for the code.", body = String, content_type = "text/html"))
)]
pub(crate) async fn handle(proof: Path<String>) -> HttpResponse {
    page::form(Subject::is_contact(&proof), None)
}
