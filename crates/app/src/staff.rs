//! Members of staff, added and dismissed by the operator.

use crate::{
    App,
    aggregate::Aggregate as _,
    error::AppError,
    execute::UseCase,
    meta::{Done, Meta},
    sealing::Field,
    secret::Secret,
    side_state::{SessionOwner, StoredCredential},
    sign_up::broken_name,
    totp::SecondFactor,
    work::Work,
};
use domain::{
    address::Address,
    ids::{CommandId, CredentialId, DeveloperId, StaffId, SubjectId},
    sealed::Fingerprint,
    staff::{self, Staff, StaffRole},
};
use eventlog::StreamName;

/// What authenticator apps show above the code.
const ISSUER: &str = "Developer Portal";
/// 100 bits in five groups of four base32 characters.
const PASSWORD_BYTES: usize = 13;

/// A member of staff to add.
pub struct Enrolment {
    /// Sign-in address.
    pub email: Address,
    /// Name.
    pub name: String,
    /// What they may do.
    pub role: StaffRole,
    /// Developer accounts of their own: they never decide about those.
    pub own_developers: Vec<DeveloperId>,
}

/// A member of staff as added.
pub struct Enrolled {
    /// Who.
    pub staff: StaffId,
    /// How they sign in, shown once; none in a replay.
    pub access: Option<FirstAccess>,
}

/// How a new member of staff signs in.
pub struct FirstAccess {
    /// Password.
    pub password: Secret<String>,
    /// What an authenticator app reads.
    pub otpauth_url: Secret<String>,
}

impl App {
    /// Adds a member of staff.
    pub async fn enrol(&self, meta: Meta, enrolment: Enrolment) -> Result<Done<Enrolled>, AppError> {
        if let Some(broken) = broken_name(&enrolment.name) {
            return Err(AppError::Fields(vec![broken]));
        }
        let ticket = self.ticket(meta);
        let staff = StaffId::from_uuid(self.derived_id(&ticket, "staff"));
        let factor = SecondFactor::generate(&self.inner.ids);
        let password = self.random_password();
        // A credential of its own for each try: what a failed one left can't be taken for what is shown now.
        let credential = CredentialId::from_uuid(self.inner.ids.v4());
        let stored = StoredCredential {
            password_phc: self.inner.passwords.hash(password.clone()).await?,
            totp_sealed: Some(factor.seal(&self.inner.keys, &self.inner.ids, credential)),
        };
        let otpauth_url =
            factor.otpauth_url(ISSUER, &enrolment.email.reveal()).map_err(AppError::unavailable)?;
        let use_case = Enrol {
            staff,
            subject: SubjectId::from_uuid(self.derived_id(&ticket, "staff subject")),
            email_fingerprint: self.address_fingerprint(&enrolment.email),
            domain_fingerprint: self.domain_fingerprint(&enrolment.email),
            credential,
            stored,
            enrolment,
        };
        let done = self.run(ticket, use_case).await?;
        let access = (!done.replayed).then_some(FirstAccess { password, otpauth_url });
        Ok(done.with(Enrolled { staff, access }))
    }

    /// Changes what a member of staff may do.
    pub async fn assign_staff_role(
        &self,
        meta: Meta,
        staff: StaffId,
        role: StaffRole,
    ) -> Result<Done<()>, AppError> {
        self.run(self.ticket(meta), Change { staff, command: staff::Command::AssignRole { role } }).await
    }

    /// Ends a member's access, and with it all sessions.
    pub async fn dismiss_staff(&self, meta: Meta, staff: StaffId) -> Result<Done<()>, AppError> {
        let done = self.run(self.ticket(meta), Change { staff, command: staff::Command::Leave }).await?;
        let ended = self.inner.side.end_sessions_of(SessionOwner::Staff(staff)).await;
        ended.map_err(|error| done.pending(error.into()))?;
        Ok(done)
    }

    fn random_password(&self) -> Secret<String> {
        let bytes = Secret::new(self.inner.ids.bytes::<PASSWORD_BYTES>());
        let text = Secret::new(data_encoding::BASE32_NOPAD.encode(bytes.reveal()).to_ascii_lowercase());
        let groups: Vec<&str> =
            (0..5).filter_map(|group| text.reveal().get(group * 4..group * 4 + 4)).collect();
        Secret::new(groups.join("-"))
    }
}

struct Enrol {
    staff: StaffId,
    subject: SubjectId,
    email_fingerprint: Fingerprint,
    domain_fingerprint: Option<Fingerprint>,
    credential: CredentialId,
    stored: StoredCredential,
    enrolment: Enrolment,
}

impl UseCase for Enrol {
    fn main(&self) -> StreamName {
        Staff::stream_of(self.staff)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut member = work.load::<Staff>(self.staff).await?;
        work.authority("operator".to_owned());
        work.leaves_traces();
        let (subject, who) = (self.subject, &self.enrolment);
        work.sealer().new_subject(subject).await?;
        let command = staff::Command::Enrol(staff::Enrol {
            staff: self.staff,
            subject,
            email: work.sealer().seal(subject, Field::Email, &who.email.reveal()).await?,
            email_fingerprint: self.email_fingerprint,
            domain_fingerprint: self.domain_fingerprint,
            name: work.sealer().seal(subject, Field::Name, &who.name).await?,
            credential: self.credential,
            role: who.role,
            own_developers: who.own_developers.clone(),
        });
        work.decide(&mut member, command)?;
        Ok(work.side().insert_credential(self.credential, &self.stored).await?)
    }

    async fn abandon(&self, app: &App, _command: CommandId) -> Result<(), AppError> {
        Ok(app.inner.side.delete_credential(self.credential).await?)
    }
}

struct Change {
    staff: StaffId,
    command: staff::Command,
}

impl UseCase for Change {
    fn main(&self) -> StreamName {
        Staff::stream_of(self.staff)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut member = work.load::<Staff>(self.staff).await?;
        work.authority("operator".to_owned());
        work.decide(&mut member, self.command.clone())
    }
}
