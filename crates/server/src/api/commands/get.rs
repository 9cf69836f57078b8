//! `GET /v1/commands/{command}`

use crate::{
    api::{answer, schemas},
    extract::{Call, query::NoQuery},
    portal::Portal,
    problem::Problem,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use app::outcome;
use domain::ids::CommandId;
use serde::Serialize;
use utoipa::ToSchema;

/// What became of a command.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandOutcome {
    #[schema(value_type = schemas::CommandId)]
    id: String,
    outcome: Outcome,
    /// Position token of an applied command.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[0-9a-f]{8}\\.[0-9]+$", example = "0a1b2c3d.17")]
    position: Option<String>,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is durable.
    Applied,
    /// It was refused; nothing was done.
    Rejected,
    /// It never arrived, was another's, or was refused too long ago.
    Unknown,
}

/// What became of one's own command whose answer was lost.
#[utoipa::path(
    get, path = "/v1/commands/{command}", operation_id = "get_command", tag = "commands",
    params(("command" = schemas::CommandId, Path, description = "Which command, as in `Portal-Command`.")),
    responses((status = 200, description = "Its outcome.", body = CommandOutcome))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    call: Call,
    command: Path<CommandId>,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    let (outcome, position) = match portal.app.command_outcome(*command, call.actor).await? {
        outcome::Outcome::Applied(position) => (Outcome::Applied, Some(portal.position_token(position))),
        outcome::Outcome::Rejected => (Outcome::Rejected, None),
        outcome::Outcome::Unknown => (Outcome::Unknown, None),
    };
    Ok(answer::plain(&CommandOutcome { id: command.to_string(), outcome, position }))
}
