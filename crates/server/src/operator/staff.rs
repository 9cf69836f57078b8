//! `devportal staff add`

use crate::{config::Config, exit::Failure, parts};
use anyhow::Context as _;
use app::{
    AppError, Meta,
    clock::Clock,
    ids::Ids,
    staff::{Enrolled, Enrolment},
};
use domain::{actor::Actor, address::Address, ids::DeveloperId, staff::StaffRole};

/// Who is added.
#[derive(clap::Args)]
pub(crate) struct Newcomer {
    /// Sign-in address.
    #[arg(long)]
    email: String,
    /// Name.
    #[arg(long)]
    name: String,
    /// What they may do.
    #[arg(long, value_enum)]
    role: Role,
    /// A developer account of their own (dev_…), which they never decide about; may be repeated.
    #[arg(long = "own-developer", value_name = "ID")]
    own_developers: Vec<DeveloperId>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Role {
    /// Reads queue and evidence.
    Reader,
    /// Reads and decides.
    Approver,
    /// Reads everything, decides nothing.
    Auditor,
}

impl From<Role> for StaffRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Reader => Self::Reader,
            Role::Approver => Self::Approver,
            Role::Auditor => Self::Auditor,
        }
    }
}

/// Adds a member of staff. Tells password and second factor, this once.
pub(crate) async fn add(config: Config, newcomer: Newcomer) -> Result<String, Failure> {
    let email = Address::parse(&newcomer.email, &config.policy)
        .map_err(|error| Failure::Usage(format!("--email: {error}")))?;
    let opened = parts::open(&config, Clock::System, Ids::Os, None).await?;
    let meta = Meta {
        actor: Actor::Operator,
        request_id: Ids::Os.v4(),
        idempotency_key: None,
        route: "staff add",
        request_digest: [0; 32],
        if_match: None,
    };
    let Newcomer { name, role, own_developers, .. } = newcomer;
    let enrolment = Enrolment { email, name, role: role.into(), own_developers };
    let done = opened.app.enrol(meta, enrolment).await;
    opened.counting.ledger.close().await;
    opened.log.close().await;
    let Enrolled { staff, access } = done.map_err(refused)?.value;
    let access = access.context("a new member of staff has a way to sign in")?;
    Ok(format!(
        "staff {staff}\npassword {}\nauthenticator {}\nBoth are shown this once; hand them over on different ways.\n",
        access.password.reveal(),
        access.otpauth_url.reveal()
    ))
}

fn refused(error: AppError) -> Failure {
    match error {
        AppError::Staff(_) | AppError::AddressTaken | AppError::Fields(_) => {
            Failure::Refused(error.to_string())
        }
        AppError::InDoubt => Failure::NotDurable(error.to_string()),
        AppError::Busy | AppError::DiskFull | AppError::Closed => Failure::Unavailable(error.to_string()),
        error => Failure::Failed(anyhow::Error::new(error)),
    }
}
