//! `POST /proofs/{proof}`

use super::{Subject, page};
use crate::{extract::Call, portal::Portal, problem::Problem};
use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{Bytes, Data, Path},
};
use app::{AppError, proofs::ContactAnswered, secret::Secret};
use domain::prodaccount::Rejection;
use serde::Deserialize;
use utoipa::ToSchema;

/// Longest form in bytes.
const FORM_BYTES_MAX: usize = 1_024;

/// What the page sends. It describes the form, which is read pair by pair.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only the description is used")]
pub struct ProofForm {
    /// The code from the mail.
    #[schema(example = "ABCD-EFGH", max_length = 100)]
    code: String,
    /// `no`: it was not me.
    #[schema(example = "yes")]
    answer: Option<String>,
}

/// Give a code back, or say that it was not you.
#[utoipa::path(
    post, path = "/proofs/{proof}", operation_id = "answer_proof", tag = "pages",
    request_body(content = ProofForm, content_type = "application/x-www-form-urlencoded"),
    params(("proof" = String, Path, description = "Id of a sign-up or of a contact's challenge.")),
    responses(
        (status = 200, description = "What it did.", body = String, content_type = "text/html"),
        (status = 403, description = "Sent from another site.", body = String, content_type = "text/html"),
        (status = 422, description = "The code does not work here.", body = String, content_type = "text/html"),
    )
)]
pub(crate) async fn handle(
    request: HttpRequest,
    portal: Data<Portal>,
    call: Call,
    proof: Path<String>,
    form: Bytes,
) -> Result<HttpResponse, Problem> {
    if is_from_elsewhere(&request) {
        return Ok(page::from_elsewhere());
    }
    let is_contact = Subject::is_contact(&proof);
    let (Some(subject), Some(form)) = (Subject::parse(&proof), Form::read(&form)) else {
        return Ok(page::form(is_contact, Some(page::WRONG)));
    };
    match carry_out(&portal, call, subject, form).await {
        Ok(done) => Ok(page::done(done)),
        Err(error) if is_about_the_code(&error) => Ok(page::form(is_contact, Some(page::WRONG))),
        Err(error) => Err(error.into()),
    }
}

async fn carry_out(
    portal: &Portal,
    call: Call,
    subject: Subject,
    form: Form,
) -> Result<&'static page::Words, AppError> {
    let (app, meta) = (&portal.app, call.bare_meta());
    Ok(match (subject, form.is_mine) {
        (Subject::SignUp(sign_up), true) => {
            app.prove_sign_up(meta, sign_up, form.code.reveal().clone()).await?;
            &page::SIGNED_UP
        }
        (Subject::SignUp(sign_up), false) => {
            app.disown_sign_up(meta, sign_up, form.code).await?;
            &page::SIGN_UP_ENDED
        }
        (Subject::Contact(challenge), true) => {
            match app.confirm_contact_as_reader(meta, challenge, form.code).await? {
                ContactAnswered::FirstOfTwo => &page::ONE_MORE,
                ContactAnswered::Proven => &page::CONFIRMED,
            }
        }
        (Subject::Contact(challenge), false) => {
            app.disown_contact(meta, challenge, form.code).await?;
            &page::DISOWNED
        }
    })
}

/// A code and what is said with it.
struct Form {
    code: Secret<String>,
    is_mine: bool,
}

impl Form {
    fn read(form: &[u8]) -> Option<Self> {
        if form.len() > FORM_BYTES_MAX {
            return None;
        }
        let field = |name: &str| {
            let mut pairs = url::form_urlencoded::parse(form);
            pairs.find(|(field, _)| field == name).map(|(_, value)| value.into_owned())
        };
        let is_mine = match field("answer").as_deref() {
            None | Some("yes") => true,
            Some("no") => false,
            Some(_) => return None,
        };
        Some(Self { code: Secret::new(field("code")?), is_mine })
    }
}

/// Browsers say which site a form was sent from; programs say nothing, and need the code all the same.
fn is_from_elsewhere(request: &HttpRequest) -> bool {
    let site = request.headers().get(header::HeaderName::from_static("sec-fetch-site"));
    site.is_some_and(|site| site != "same-origin" && site != "none")
}

/// One answer for all that can be wrong with a code, so that nobody learns which codes there are.
fn is_about_the_code(error: &AppError) -> bool {
    match error {
        AppError::CodeWrong { .. } | AppError::CodeExpired | AppError::CodeUsed | AppError::NotFound => true,
        AppError::ProdAccount(rejection) => matches!(
            rejection,
            Rejection::NoSuchChallenge | Rejection::ChallengeExpired | Rejection::NotYours
        ),
        _ => false,
    }
}
