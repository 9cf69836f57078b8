//! Why a use case did not do what was asked.

use crate::{
    folds::FoldError,
    passwords::PasswordError,
    sealing::SealError,
    side_state::{CheckBudget, SideStateError},
};
use domain::{
    allowance, codec::CodecError, developer, devgroup, fields::FieldError, gateway, ids::CommandId,
    integration, prodaccount, prodgroup, roster, staff,
};
use eventlog::{
    AppendError, InvalidBatch, PAYLOAD_BYTES_MAX, ReadError, STREAMS_PER_APPEND_MAX, StreamVersion,
};
use readmodel::QueryError;

/// Everything a caller of a use case can be told. Texts never hold personal data, secrets or stream names.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// A rule of developer accounts.
    #[error(transparent)]
    Developer(#[from] developer::Rejection),
    /// A rule of development groups.
    #[error(transparent)]
    DevGroup(#[from] devgroup::Rejection),
    /// A rule of production accounts.
    #[error(transparent)]
    ProdAccount(#[from] prodaccount::Rejection),
    /// A rule of production groups and promotion.
    #[error(transparent)]
    ProdGroup(#[from] prodgroup::Rejection),
    /// A rule of integrations.
    #[error(transparent)]
    Integration(#[from] integration::Rejection),
    /// A rule of gateways.
    #[error(transparent)]
    Gateway(#[from] gateway::Rejection),
    /// A rule of allowances.
    #[error(transparent)]
    Allowance(#[from] allowance::Rejection),
    /// A rule of customer sites.
    #[error(transparent)]
    Roster(#[from] roster::Rejection),
    /// A rule of staff.
    #[error(transparent)]
    Staff(#[from] staff::Rejection),
    /// Another holds the name, or one that looks like it.
    #[error("the name is taken")]
    NameTaken {
        /// A name that was free a moment ago.
        proposal: Option<String>,
    },
    /// Another account has the address. Only the operator is ever told.
    #[error("the address is taken")]
    AddressTaken,
    /// Fields that break a rule of form.
    #[error("{} fields are not acceptable", .0.len())]
    Fields(Vec<FieldError>),
    /// Not the code; or nothing that a code could prove any more.
    #[error("this is not the code")]
    CodeWrong {
        /// Tries that are left before the code is dead.
        tries_left: u32,
    },
    /// The code's life is over, by time or by wrong tries.
    #[error("the code has expired")]
    CodeExpired,
    /// A code works once.
    #[error("the code has been used")]
    CodeUsed,
    /// Nothing there, or nothing the caller may know of: alike.
    #[error("there is no such thing")]
    NotFound,
    /// Address, password or second factor: never told which.
    #[error("address, password or code do not match")]
    BadCredentials,
    /// Too many failed sign-ins with one address.
    #[error("too many failed attempts")]
    Throttled {
        /// Seconds until the next try is looked at.
        retry_after_s: u32,
    },
    /// The developer had codes sent to as many unproven mailboxes as it may in a day.
    #[error("too many codes to unproven mailboxes in a day")]
    TooManyChallenges {
        /// Seconds until the next one is possible.
        retry_after_s: u32,
    },
    /// The mail hosts of a contact were looked at as often as they may be.
    #[error("mail hosts were looked at as often as they may be")]
    TooManyChecks {
        /// Which budget is full.
        budget: CheckBudget,
        /// Seconds until there is room.
        retry_after_s: u32,
    },
    /// This portal does not look at mail hosts.
    #[error("this portal does not look at mail hosts")]
    NotWatched,
    /// The idempotency key was used for another request.
    #[error("the idempotency key was used for another request")]
    IdempotencyReused,
    /// The same command runs at this moment.
    #[error("the same request is being carried out at this moment")]
    InFlight,
    /// The version the caller saw is no longer current.
    #[error("the version given is not current")]
    PreconditionFailed {
        /// The current version.
        actual: StreamVersion,
    },
    /// Others kept changing what the decision read.
    #[error("others kept changing the same things")]
    Contended,
    /// The read model did not reach the position in time.
    #[error("the read model is behind")]
    Behind,
    /// A position or version of another log.
    #[error("the position belongs to another log")]
    OtherLog,
    /// A decision would rest on more streams than one append may guard.
    #[error("this touches more things at once than one decision may ({limit})")]
    TooMuchAtOnce {
        /// Streams per append.
        limit: usize,
    },
    /// A bounded queue is full: the writer's, the password pool's or the commands' own.
    #[error("the portal is busy")]
    Busy,
    /// No space for more events; reading goes on.
    #[error("the device is full")]
    DiskFull,
    /// The log holds as many streams as it takes: nothing new can be made.
    #[error("the portal holds as many things as it can")]
    LogFull,
    /// What the command would change has reached its last permitted event.
    #[error("this has too long a history to change any more")]
    HistoryFull,
    /// The portal is stopping.
    #[error("the portal takes no more changes")]
    Closed,
    /// Whether the change is durable is unknown; the process ends and the command's outcome can be asked for.
    #[error("whether the change is durable is unknown")]
    InDoubt,
    /// The shared log went away within the commit; the command's outcome can be asked for, and the same command
    /// sent again is carried out once.
    #[error("whether the change is durable is not known yet")]
    Unsettled,
    /// The command stands, but what it gave can't be told at this moment.
    #[error("it is done, but its result cannot be read")]
    AnswerPending {
        /// By which its outcome can be asked for.
        command: CommandId,
        /// Why.
        #[source]
        source: Box<AppError>,
    },
    /// A stream holds what can't follow from what precedes it.
    #[error("stored facts are damaged")]
    Corrupt(#[source] FoldError),
    /// One personal field is not what was sealed.
    #[error("a sealed field is damaged")]
    Damaged(#[source] SealError),
    /// Personal fields don't open with the keys there are. The process must end: what it would go on with is
    /// wrong.
    #[error("keys of personal fields are missing")]
    KeysLost(#[source] SealError),
    /// A part the use case needs failed.
    #[error("a part of the portal failed")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl AppError {
    /// Wraps the failure of a part.
    pub(crate) fn unavailable(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unavailable(Box::new(source))
    }

    /// Whether the error says that there is nothing here for the caller. It goes before a failed
    /// precondition, which would tell a stranger that something exists.
    pub(crate) fn hides_existence(&self) -> bool {
        matches!(
            self,
            Self::NotFound
                | Self::Developer(developer::Rejection::NotRegistered)
                | Self::DevGroup(devgroup::Rejection::NotYours)
                | Self::ProdAccount(prodaccount::Rejection::NotYours)
                | Self::ProdGroup(prodgroup::Rejection::NotYours)
                | Self::Integration(integration::Rejection::NotYours)
                | Self::Gateway(gateway::Rejection::NotRegistered)
                | Self::Roster(roster::Rejection::NotYours)
                | Self::Allowance(allowance::Rejection::NotYours)
                | Self::Staff(staff::Rejection::NotEnrolled)
        )
    }

    /// Whether the process must end rather than go on.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::InDoubt | Self::KeysLost(_))
    }

    /// Whether it is certain that nothing of the command was or will be done.
    pub(crate) fn is_final(&self) -> bool {
        !matches!(
            self,
            Self::InFlight
                | Self::InDoubt
                | Self::Unsettled
                | Self::AnswerPending { .. }
                | Self::Unavailable(_)
                | Self::Closed
        )
    }
}

impl From<domain::usagewatch::Rejection> for AppError {
    fn from(rejection: domain::usagewatch::Rejection) -> Self {
        match rejection {}
    }
}

impl From<FoldError> for AppError {
    fn from(error: FoldError) -> Self {
        match error {
            FoldError::Read(ReadError::Store(source)) => Self::Unavailable(source),
            FoldError::Read(ReadError::OtherHistory { .. }) => Self::Closed,
            corrupt @ (FoldError::Read(ReadError::Corrupt { .. })
            | FoldError::CorruptStream { .. }
            | FoldError::Undecodable { .. }) => Self::Corrupt(corrupt),
        }
    }
}

impl From<ReadError> for AppError {
    fn from(error: ReadError) -> Self {
        FoldError::Read(error).into()
    }
}

impl From<SideStateError> for AppError {
    fn from(error: SideStateError) -> Self {
        match error {
            SideStateError::Busy | SideStateError::Full { .. } => Self::Busy,
            SideStateError::DiskFull => Self::DiskFull,
            other => Self::unavailable(other),
        }
    }
}

impl From<PasswordError> for AppError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::Busy,
            PasswordError::Closed => Self::Closed,
            PasswordError::Malformed => Self::unavailable(error),
        }
    }
}

impl From<QueryError> for AppError {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Rebuilding => Self::Behind,
            QueryError::Store(_) | QueryError::Inconsistent { .. } => Self::unavailable(error),
        }
    }
}

impl From<SealError> for AppError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Side(side) => side.into(),
            SealError::Erased => Self::NotFound,
            damaged @ SealError::Damaged { .. } => Self::Damaged(damaged),
            fatal @ (SealError::MissingKey { .. } | SealError::MissingWrappingKey { .. }) => {
                Self::KeysLost(fatal)
            }
        }
    }
}

impl From<CodecError> for AppError {
    fn from(error: CodecError) -> Self {
        Self::unavailable(error)
    }
}

impl From<AppendError> for AppError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Conflict { .. } => Self::Contended,
            AppendError::CommandReused => Self::IdempotencyReused,
            AppendError::Invalid(InvalidBatch::TooManyStreams) => {
                Self::TooMuchAtOnce { limit: STREAMS_PER_APPEND_MAX }
            }
            AppendError::Invalid(InvalidBatch::PayloadTooLarge) => {
                let rule = format!("what is said here takes more than {PAYLOAD_BYTES_MAX} bytes");
                Self::Fields(vec![FieldError::new("", "body.too_much", rule)])
            }
            AppendError::Invalid(invalid) => Self::unavailable(invalid),
            AppendError::StreamFull { .. } => Self::HistoryFull,
            AppendError::StreamsFull => Self::LogFull,
            AppendError::QueueFull => Self::Busy,
            AppendError::DiskFull => Self::DiskFull,
            AppendError::Closed | AppendError::OtherHistory { .. } => Self::Closed,
            AppendError::Unknown => Self::InDoubt,
            AppendError::InDoubt => Self::Unsettled,
            AppendError::Unavailable => Self::unavailable(error),
        }
    }
}
