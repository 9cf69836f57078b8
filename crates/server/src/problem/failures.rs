//! From failures of use cases and queries to problems. What is a fault of the server is logged here, once,
//! with its chain; the client learns no more than its kind.

use super::{Problem, kinds};
use app::{AppError, sealing::SealError, side_state::CheckBudget};
use domain::{
    address::InvalidAddress,
    fields::FieldError,
    names::{NameProblem, NameRule},
};
use readmodel::{Behind, QueryError};
use std::error::Error;

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        use AppError as E;
        match error {
            E::Developer(rejection) => rejection.into(),
            E::DevGroup(rejection) => rejection.into(),
            E::ProdAccount(rejection) => rejection.into(),
            E::ProdGroup(rejection) => rejection.into(),
            E::Integration(rejection) => rejection.into(),
            E::Roster(rejection) => rejection.into(),
            E::Gateway(rejection) => rejection.into(),
            E::Allowance(rejection) => rejection.into(),
            E::Staff(rejection) => rejection.into(),
            E::NameTaken { .. } => named_at("/name", error),
            E::Fields(errors) => Self::new(&kinds::FIELDS).fields(errors),
            E::CodeWrong { tries_left } => {
                Self::new(&kinds::CODE_WRONG).detail(format!("the code is wrong; tries left: {tries_left}"))
            }
            E::CodeExpired => Self::new(&kinds::CODE_EXPIRED),
            E::CodeUsed => Self::new(&kinds::CODE_USED),
            E::NotFound => Self::new(&kinds::NOT_FOUND),
            E::BadCredentials => Self::new(&kinds::BAD_CREDENTIALS),
            E::Throttled { retry_after_s } => {
                Self { retry_after_s: Some(retry_after_s), ..Self::new(&kinds::THROTTLED) }
            }
            E::TooManyChallenges { retry_after_s } => {
                Self { retry_after_s: Some(retry_after_s), ..Self::new(&kinds::TOO_MANY_CHALLENGES) }
            }
            E::TooManyChecks { budget, retry_after_s } => Self {
                retry_after_s: Some(retry_after_s),
                ..Self::new(&kinds::TOO_MANY_CHECKS).detail(match budget {
                    CheckBudget::Account(_) => "one account asks for at most 10 looks an hour",
                    CheckBudget::Domain(_) => "the hosts of one mail domain are asked at most 20 times a day",
                    CheckBudget::Declared(_) | CheckBudget::All(_) => {
                        "the portal looks as often as it may for now"
                    }
                })
            },
            E::NotWatched => Self::new(&kinds::CHECKS_OFF),
            E::IdempotencyReused => Self::new(&kinds::KEY_REUSED),
            E::InFlight => Self::new(&kinds::IN_FLIGHT),
            E::PreconditionFailed { actual: _ } => Self::new(&kinds::PRECONDITION_FAILED),
            E::Contended => Self::new(&kinds::CONTENDED),
            E::Behind => Self::new(&kinds::BEHIND),
            E::OtherLog => Self::new(&kinds::OTHER_LOG),
            E::TooMuchAtOnce { .. } => Self::new(&kinds::TOO_MUCH_AT_ONCE).detail(error.to_string()),
            E::Busy => Self::new(&kinds::BUSY),
            E::DiskFull => Self::new(&kinds::DISK_FULL),
            E::LogFull => Self::new(&kinds::LOG_FULL),
            E::HistoryFull => Self::new(&kinds::HISTORY_FULL),
            E::Closed => Self::new(&kinds::STOPPING),
            E::InDoubt | E::Unsettled => Self::new(&kinds::IN_DOUBT),
            // Only the operator is ever told that an address is taken.
            E::AddressTaken | E::Corrupt(_) | E::Damaged(_) => internal(&error),
            E::KeysLost(_) => Self { kind: &kinds::KEYS_LOST, ..internal(&error) },
            E::AnswerPending { command, .. } => {
                tracing::error!(error = %chain(&error), "what a command gave cannot be read");
                Self::new(&kinds::ANSWER_PENDING).header("Portal-Command", command.to_string())
            }
            E::Unavailable(_) => {
                tracing::error!(error = %chain(&error), "a part failed");
                Self::new(&kinds::UNAVAILABLE)
            }
        }
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Rebuilding => Self::new(&kinds::BEHIND).detail("the read model is being rebuilt"),
            QueryError::Store(_) | QueryError::Inconsistent { .. } => internal(&error),
        }
    }
}

impl From<SealError> for Problem {
    fn from(error: SealError) -> Self {
        AppError::from(error).into()
    }
}

impl From<Behind> for Problem {
    fn from(_: Behind) -> Self {
        Self::new(&kinds::BEHIND)
    }
}

/// The failure, with a taken name told at the member of the body that holds it.
pub(crate) fn named_at(pointer: &str, error: AppError) -> Problem {
    match error {
        AppError::NameTaken { proposal } => {
            super::rejections::name(&NameProblem { rule: NameRule::Taken, proposal }, pointer)
        }
        error => error.into(),
    }
}

/// The problem, with a mailbox that is refused as a contact told at the member of the body that holds it.
pub(crate) fn contact_at(pointer: &str, typed: &str, problem: Problem) -> Problem {
    let code = problem.kind.code;
    if ![kinds::CONTACT_DISPOSABLE.code, kinds::CONTACT_NO_ANSWERS.code].contains(&code) {
        return problem;
    }
    let mut field = FieldError::new(pointer, code, problem.detail.clone().unwrap_or_default());
    // Throw-away providers live on slips of the pen too.
    field.fix = domain::address::domain_meant(typed).map(|meant| format!("did you mean {meant}?"));
    problem.fields([field])
}

/// An address that is none, told at its member of the body, with the domain that was probably meant.
pub(crate) fn address(pointer: &str, typed: &str, error: &InvalidAddress) -> FieldError {
    let code = match error {
        InvalidAddress::Syntax => "address.syntax",
        InvalidAddress::TooLong => "address.too_long",
        InvalidAddress::ControlCharacter => "address.control_character",
        InvalidAddress::Exotic => "address.exotic",
        InvalidAddress::Domain => "address.domain",
    };
    let told = match domain::address::domain_meant(typed) {
        Some(meant) => format!("{error}; did you mean {meant}?"),
        None => error.to_string(),
    };
    FieldError::new(pointer, code, told)
}

fn internal(error: &dyn Error) -> Problem {
    tracing::error!(error = %chain(error), "the server failed");
    Problem::new(&kinds::INTERNAL)
}

/// An error with its sources, in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
