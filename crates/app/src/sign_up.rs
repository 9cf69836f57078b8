//! Signing up: a row in side state until the address is proven, alike for known and unknown addresses; then
//! an account, its personal group and the claim of the address in one append.

use crate::{
    App,
    aggregate::Aggregate as _,
    claims,
    codes::{Challenge, SIGN_UP_LIFE},
    error::AppError,
    execute::UseCase,
    keyring::TransientError,
    mail::SignUpRecipient,
    meta::{Done, Meta},
    passwords::check_password,
    proofs::spend_code,
    sealing::Field,
    secret::Secret,
    side_state::{CodeTry, PendingSignUp, StoredCredential},
    work::Work,
};
use chrono::{DateTime, Utc};
use domain::{
    address::Address,
    claim::{Claim, ClaimKey},
    developer::{self, Developer, Role},
    devgroup::{self, DevGroup},
    fields::FieldError,
    group::GroupRef,
    ids::{CommandId, CredentialId, DevGroupId, DeveloperId, SignUpId, SubjectId},
    policy::Policy,
    sealed::Fingerprint,
};
use eventlog::StreamName;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Longest name of a person, in characters.
pub const PERSON_NAME_CHARS_MAX: usize = 100;
/// Longest language tag (RFC 5646, section 4.4.1).
pub const LOCALE_CHARS_MAX: usize = 35;

/// Binds the sealed row of a sign-up.
/// Labels the id of the account that a proof gives.
const DEVELOPER: &str = "developer";
const ROW: &str = "sign-up";

/// What a person says to sign up.
pub struct SignUp {
    /// Address to be proven.
    pub email: Address,
    /// Password.
    pub password: Secret<String>,
    /// Name, as the person types it.
    pub name: String,
    /// BCP 47 tag.
    pub locale: String,
    /// Terms accepted; must be those in force.
    pub terms_version: String,
}

/// A mail is on its way to the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignUpStarted {
    /// Names the sign-up.
    pub id: SignUpId,
    /// From then on the code is dead.
    pub expires_at: DateTime<Utc>,
}

/// An account that begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proven {
    /// Whose.
    pub developer: DeveloperId,
    /// Its personal group.
    pub default_group: DevGroupId,
}

/// What waits, sealed, in side state.
#[derive(Serialize, Deserialize)]
struct Pending {
    email: String,
    name: String,
    locale: String,
    terms_version: String,
    password_phc: String,
    domain_fingerprint: Option<Fingerprint>,
}

impl App {
    /// Lets a sign-up wait for its code. Whoever owns the address gets a mail: with a code, or, when it has an
    /// account already, with that news. The answer and the work are the same.
    pub async fn start_sign_up(&self, meta: Meta, sign_up: SignUp) -> Result<SignUpStarted, AppError> {
        let SignUp { email: _, password, name, locale, terms_version } = &sign_up;
        let errors = check(password, name, locale, terms_version, &self.inner.policy);
        if !errors.is_empty() {
            return Err(AppError::Fields(errors));
        }
        let address = self.address_fingerprint(&sign_up.email);
        let ticket = self.ticket(meta.narrowed_to(&[&address.0]));
        let id = SignUpId::from_uuid(self.derived_id(&ticket, "sign-up"));
        let app = self.clone();
        self.detached(async move { app.let_wait(id, address, sign_up).await }).await
    }

    /// The code of a sign-up came back: the account begins. There are no earlier sessions to end: the developer
    /// is made by this very command, and an address that has an account proves nothing.
    pub async fn prove_sign_up(
        &self,
        meta: Meta,
        sign_up: SignUpId,
        code: String,
    ) -> Result<Done<Proven>, AppError> {
        let ticket = self.ticket(meta.narrowed_to(&[sign_up.uuid().as_bytes(), code.as_bytes()]));
        let developer = DeveloperId::from_uuid(self.derived_id(&ticket, DEVELOPER));
        let default_group = DevGroupId::from_uuid(self.derived_id(&ticket, "personal group"));
        let prove = Prove {
            sign_up,
            code: Secret::new(code),
            developer,
            group: default_group,
            subject: SubjectId::from_uuid(self.derived_id(&ticket, "developer subject")),
            credential: CredentialId::from_uuid(self.derived_id(&ticket, "credential")),
        };
        let app = self.clone();
        let done = self.detached(async move { app.prove(&ticket, &prove).await }).await?;
        Ok(done.with(Proven { developer, default_group }))
    }

    /// Whoever reads the mailbox says that it was not them: the sign-up ends.
    pub async fn disown_sign_up(
        &self,
        meta: Meta,
        sign_up: SignUpId,
        code: Secret<String>,
    ) -> Result<(), AppError> {
        let (inner, ticket) = (&self.inner, self.ticket(meta));
        let now = inner.clock.now();
        let pending = inner.side.sign_up(sign_up, now).await?.ok_or(AppError::CodeExpired)?;
        let challenge = Challenge::sign_up(sign_up, pending.address);
        let right = !pending.known && challenge.matches(&inner.keys, code.reveal());
        match inner.side.try_code(&challenge, right, ticket.command, now, pending.expires_at).await? {
            CodeTry::Accepted => Ok(inner.side.delete_sign_up(sign_up).await?),
            CodeTry::Wrong { tries_left } => Err(AppError::CodeWrong { tries_left }),
            CodeTry::Used => Err(AppError::CodeUsed),
            CodeTry::Exhausted => Err(AppError::CodeExpired),
        }
    }

    async fn let_wait(
        &self,
        id: SignUpId,
        address: Fingerprint,
        sign_up: SignUp,
    ) -> Result<SignUpStarted, AppError> {
        let inner = &self.inner;
        let password_phc = inner.passwords.hash(sign_up.password).await?;
        let known = matches!(*self.address_claim(address).await?, Claim::Held(_));
        let now = inner.clock.now();
        let expires_at = now + SIGN_UP_LIFE;
        let pending = Pending {
            email: sign_up.email.reveal(),
            name: sign_up.name.trim().to_owned(),
            locale: sign_up.locale.clone(),
            terms_version: sign_up.terms_version,
            password_phc: password_phc.reveal().clone(),
            domain_fingerprint: self.domain_fingerprint(&sign_up.email),
        };
        let clear = Zeroizing::new(serde_json::to_vec(&pending).map_err(AppError::unavailable)?);
        let payload = inner.keys.seal_transient(&inner.ids, ROW, id.uuid().as_bytes(), &clear);
        let row = PendingSignUp { address, payload, known, expires_at };
        // Asked for again, a sign-up ends when it did.
        let expires_at = inner.side.insert_sign_up(id, &row, now).await?;
        let (to, locale) = (&sign_up.email, sign_up.locale.as_str());
        let recipient = SignUpRecipient { sign_up: id, to, address, locale, expires_at };
        if known {
            inner.outbox.enqueue_already_known(&recipient).await?;
        } else {
            inner.outbox.enqueue_sign_up_code(&recipient).await?;
        }
        Ok(SignUpStarted { id, expires_at })
    }

    /// Carries the proof out; if another proof of the same address was faster, answers as for a code that can
    /// prove nothing.
    async fn prove(&self, ticket: &crate::meta::Ticket, prove: &Prove) -> Result<Done<()>, AppError> {
        let done = match self.carry_out(ticket, prove).await {
            Err(AppError::AddressTaken) => self.carry_out(ticket, prove).await,
            outcome => outcome,
        }?;
        if let Err(error) = self.inner.side.delete_sign_up(prove.sign_up).await {
            tracing::warn!(%error, "a proven sign-up stays in side state until it expires");
        }
        Ok(done)
    }

    async fn address_claim(&self, address: Fingerprint) -> Result<std::sync::Arc<Claim>, AppError> {
        let stream = claims::stream_of(&self.inner.keys, &ClaimKey::DeveloperEmail(address));
        Ok(self.inner.folds.claim(&stream).await?.state)
    }
}

struct Prove {
    sign_up: SignUpId,
    code: Secret<String>,
    developer: DeveloperId,
    group: DevGroupId,
    subject: SubjectId,
    credential: CredentialId,
}

impl Prove {
    /// The sign-up, while it waits; what has been proven and what has run out are told apart.
    async fn pending(&self, work: &Work<'_>) -> Result<PendingSignUp, AppError> {
        match work.side().sign_up(self.sign_up, work.now).await? {
            Some(pending) => Ok(pending),
            None if work.side().is_code_used(self.sign_up.uuid()).await? => Err(AppError::CodeUsed),
            None => Err(AppError::CodeExpired),
        }
    }

    async fn register(
        &self,
        work: &Work<'_>,
        pending: &PendingSignUp,
    ) -> Result<developer::Register, AppError> {
        let row = self.sign_up.uuid();
        let clear = work.keys().open_transient(ROW, row.as_bytes(), &pending.payload);
        let clear = clear.map_err(AppError::unavailable)?;
        // JSON errors quote values, and these are personal.
        let person: Pending =
            serde_json::from_slice(&clear).map_err(|_| AppError::unavailable(TransientError))?;
        let password_phc = Secret::new(person.password_phc);
        let credential = StoredCredential { password_phc, totp_sealed: None };
        work.side().insert_credential(self.credential, &credential).await?;
        work.sealer().new_subject(self.subject).await?;
        Ok(developer::Register {
            developer: self.developer,
            subject: self.subject,
            email: work.sealer().seal(self.subject, Field::Email, &person.email).await?,
            email_fingerprint: pending.address,
            domain_fingerprint: person.domain_fingerprint,
            name: work.sealer().seal(self.subject, Field::Name, &person.name).await?,
            credential: self.credential,
            terms_version: person.terms_version,
            locale: person.locale,
        })
    }
}

impl UseCase for Prove {
    fn main(&self) -> StreamName {
        Developer::stream_of(self.developer)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let pending = self.pending(work).await?;
        let claim = work.peek_claim(&ClaimKey::DeveloperEmail(pending.address)).await?;
        let challenge = Challenge::sign_up(self.sign_up, pending.address);
        // No code proves an address that has an account; it counts down as any wrong code does.
        let provable = !pending.known && !matches!(*claim, Claim::Held(_));
        let right = provable && challenge.matches(work.keys(), self.code.reveal());
        let keys = work.keys().clone();
        let main_of =
            |command| Developer::stream_of(DeveloperId::from_uuid(keys.derived_id(command, DEVELOPER)));
        spend_code(work, &challenge, right, pending.expires_at, main_of).await?;
        let register = self.register(work, &pending).await?;
        let mut developer = work.load::<Developer>(self.developer).await?;
        let mut group = work.load::<DevGroup>(self.group).await?;
        work.acts_as(Some(Role::Owner));
        work.decide(&mut developer, developer::Command::Register(register))?;
        let (id, owner, role) = (self.group, self.developer, Role::Owner);
        work.decide(
            &mut developer,
            developer::Command::JoinGroup { group: GroupRef::Development(id), role },
        )?;
        work.decide(&mut group, devgroup::Command::Create { group: id, owner, name: None })
    }

    async fn abandon(&self, app: &App, command: CommandId) -> Result<(), AppError> {
        app.inner.side.delete_credential(self.credential).await?;
        let challenge = Challenge::sign_up(self.sign_up, Fingerprint([0; 32]));
        Ok(app.inner.side.release_code(&challenge, command).await?)
    }
}

/// Rules on what a person types, all of them at once.
pub fn check(
    password: &Secret<String>,
    name: &str,
    locale: &str,
    terms_version: &str,
    policy: &Policy,
) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Err(rule) = check_password(password) {
        errors.push(FieldError::new("/password", "password.rule", rule.to_string()));
    }
    errors.extend(broken_name(name));
    if !is_language_tag(locale) {
        let rule = "a locale is a BCP 47 language tag";
        errors.push(FieldError::new("/locale", "locale.form", rule).fix("en"));
    }
    if terms_version != policy.terms_version {
        let rule = "the terms in force must be accepted";
        errors.push(
            FieldError::new("/terms_version", "terms.not_current", rule).fix(policy.terms_version.clone()),
        );
    }
    errors
}

/// What is wrong with a person's name, if anything is.
pub(crate) fn broken_name(typed: &str) -> Option<FieldError> {
    let name = typed.trim();
    let fits = !name.is_empty() && name.chars().count() <= PERSON_NAME_CHARS_MAX;
    if fits && !name.chars().any(char::is_control) {
        return None;
    }
    let rule = format!("a name has 1 to {PERSON_NAME_CHARS_MAX} characters and no control characters");
    Some(FieldError::new("/name", "name.form", rule))
}

/// Well-formed as far as parts go (RFC 5646, section 2.1): letters and digits, one to eight a part, the first
/// two to eight letters.
fn is_language_tag(text: &str) -> bool {
    let mut parts = text.split('-');
    let is_language =
        |part: &str| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphabetic());
    let is_subtag =
        |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    text.len() <= LOCALE_CHARS_MAX && parts.next().is_some_and(is_language) && parts.all(is_subtag)
}
