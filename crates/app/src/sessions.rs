//! Signing in and out. Known and unknown addresses, right and wrong passwords, used and wrong codes: every
//! failure costs the same work and gives the same answer.

use crate::{
    App, claims,
    error::AppError,
    keyring::Fingerprinted,
    passwords::Place,
    secret::Secret,
    side_state::{SessionOwner, SignInAdmission, StoredCredential, StoredSession},
    tokens::{Token, TokenKind},
    totp::SecondFactor,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    actor::Actor,
    address::Address,
    claim::{Claim, ClaimKey},
    developer::Developer,
    ids::{CredentialId, DeveloperId, SessionId, StaffId},
    sealed::Fingerprint,
    staff::{Enrolled, Staff, StaffRole},
};
use uuid::Uuid;

/// A session ends at the latest after so long, however much it is used.
pub const SESSION_LIFE: TimeDelta = TimeDelta::hours(12);

/// A developer's new session.
pub struct SignedIn {
    /// Opens the session; shown once.
    pub token: Secret<String>,
    /// Its absolute end.
    pub expires_at: DateTime<Utc>,
    /// Who signed in.
    pub developer: DeveloperId,
}

/// A new session of a member of staff.
pub struct SignedInStaff {
    /// Opens the session; shown once.
    pub token: Secret<String>,
    /// Its absolute end.
    pub expires_at: DateTime<Utc>,
    /// Who signed in.
    pub staff: StaffId,
    /// What they may do.
    pub role: StaffRole,
}

/// Who a session token speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Principal {
    /// Who.
    pub actor: Actor,
    /// What they may do; none for developers, whose roles belong to groups and accounts.
    pub role: Option<StaffRole>,
}

impl App {
    /// Signs a developer in.
    pub async fn sign_in(&self, email: Address, password: Secret<String>) -> Result<SignedIn, AppError> {
        let app = self.clone();
        self.detached(async move { app.sign_developer_in(&email, password).await }).await
    }

    /// Signs a member of staff in. A code of the second factor is good once.
    pub async fn sign_in_staff(
        &self,
        email: Address,
        password: Secret<String>,
        code: Secret<String>,
    ) -> Result<SignedInStaff, AppError> {
        let app = self.clone();
        self.detached(async move { app.sign_staff_in(&email, password, &code).await }).await
    }

    /// Whom a token speaks for; nobody when it is none of ours, or its session has ended.
    pub async fn authenticate(&self, token: &str) -> Result<Option<Principal>, AppError> {
        let Ok(token) = Token::parse(TokenKind::Session, token) else { return Ok(None) };
        let hash = token.hash(&self.inner.keys);
        let Some(stored) = self.inner.side.session(&hash, self.inner.clock.now()).await? else {
            return Ok(None);
        };
        match stored.owner {
            SessionOwner::Developer(developer) => {
                Ok(Some(Principal { actor: Actor::Developer(developer, stored.session), role: None }))
            }
            // Asked of the fold each time: whoever has left is out at once, whatever the session says.
            SessionOwner::Staff(staff) => Ok(self.enrolled(staff).await?.map(|enrolled| Principal {
                actor: Actor::Staff(staff, stored.session),
                role: Some(enrolled.role),
            })),
        }
    }

    /// Ends a session.
    pub async fn sign_out(&self, session: SessionId) -> Result<(), AppError> {
        Ok(self.inner.side.end_session(session).await?)
    }

    async fn sign_developer_in(
        &self,
        email: &Address,
        password: Secret<String>,
    ) -> Result<SignedIn, AppError> {
        let address = self.address_fingerprint(email);
        let place = self.admit(address).await?;
        let developer = self.holder(&ClaimKey::DeveloperEmail(address)).await?.map(DeveloperId::from_uuid);
        let credential = match developer {
            Some(developer) => match &*self.inner.folds.aggregate::<Developer>(developer).await?.state {
                Developer::Active(active) => Some(active.registered.credential),
                Developer::Absent => None,
            },
            None => None,
        };
        self.verify(place, credential, password).await?;
        let developer = developer.ok_or(AppError::BadCredentials)?;
        let (token, expires_at) = self.begin_session(address, SessionOwner::Developer(developer)).await?;
        Ok(SignedIn { token, expires_at, developer })
    }

    async fn sign_staff_in(
        &self,
        email: &Address,
        password: Secret<String>,
        code: &Secret<String>,
    ) -> Result<SignedInStaff, AppError> {
        let address = self.address_fingerprint(email);
        let door = self.inner.keys.fingerprint(Fingerprinted::StaffSignIn, &email.normalised());
        let place = self.admit(door).await?;
        let staff = self.holder(&ClaimKey::StaffEmail(address)).await?.map(StaffId::from_uuid);
        let enrolled = match staff {
            Some(staff) => self.enrolled(staff).await?,
            None => None,
        };
        let credential = enrolled.as_ref().map(|enrolled| enrolled.credential);
        let stored = self.verify(place, credential, password).await?;
        let (Some(staff), Some(enrolled)) = (staff, enrolled) else { return Err(AppError::BadCredentials) };
        self.check_second_factor(enrolled.credential, &stored, code).await?;
        let (token, expires_at) = self.begin_session(door, SessionOwner::Staff(staff)).await?;
        Ok(SignedInStaff { token, expires_at, staff, role: enrolled.role })
    }

    /// Counts the try before it is made, and not when it can't be made for want of a place.
    async fn admit(&self, address: Fingerprint) -> Result<Place, AppError> {
        let place = self.inner.passwords.place()?;
        let now = self.inner.clock.now();
        match self.inner.side.admit_sign_in(address, now).await? {
            SignInAdmission::Admitted => Ok(place),
            SignInAdmission::RefusedUntil(until) => {
                let seconds = (until - now).num_seconds().max(0) + 1;
                Err(AppError::Throttled { retry_after_s: u32::try_from(seconds).unwrap_or(u32::MAX) })
            }
        }
    }

    /// Compares the password, with as much work where there is none to compare with.
    async fn verify(
        &self,
        place: Place,
        credential: Option<CredentialId>,
        password: Secret<String>,
    ) -> Result<StoredCredential, AppError> {
        let sought = credential.unwrap_or_else(|| CredentialId::from_uuid(self.inner.ids.v4()));
        let Some(stored) = self.inner.side.credential(sought).await? else {
            self.inner.passwords.verify_dummy(place, password).await?;
            return Err(AppError::BadCredentials);
        };
        let verified =
            self.inner.passwords.verify(place, password.clone(), stored.password_phc.clone()).await?;
        if !verified.matches {
            return Err(AppError::BadCredentials);
        }
        if verified.needs_rehash {
            self.rehash(sought, password).await;
        }
        Ok(stored)
    }

    /// Hashes a right password with today's parameters. The sign-in stands whether or not this succeeds.
    async fn rehash(&self, credential: CredentialId, password: Secret<String>) {
        let stored = match self.inner.passwords.hash(password).await {
            Ok(anew) => self.inner.side.set_password(credential, &anew).await.map_err(AppError::from),
            Err(error) => Err(error.into()),
        };
        if let Err(error) = stored {
            tracing::warn!(%error, "a password keeps its older hash until the next sign-in");
        }
    }

    async fn check_second_factor(
        &self,
        credential: CredentialId,
        stored: &StoredCredential,
        code: &Secret<String>,
    ) -> Result<(), AppError> {
        let sealed = stored.totp_sealed.as_deref().ok_or(AppError::BadCredentials)?;
        let factor =
            SecondFactor::open(&self.inner.keys, credential, sealed).map_err(AppError::unavailable)?;
        let step = factor.matching_step(code.reveal(), self.inner.clock.now());
        let step = step.ok_or(AppError::BadCredentials)?;
        if self.inner.side.advance_totp(credential, step).await? {
            Ok(())
        } else {
            Err(AppError::BadCredentials)
        }
    }

    async fn begin_session(
        &self,
        address: Fingerprint,
        owner: SessionOwner,
    ) -> Result<(Secret<String>, DateTime<Utc>), AppError> {
        let now = self.inner.clock.now();
        let token = Token::mint(TokenKind::Session, &self.inner.ids);
        let session = SessionId::from_uuid(self.inner.ids.v4());
        let stored = StoredSession { session, owner, expires_at: now + SESSION_LIFE };
        self.inner.side.clear_sign_in_failures(address).await?;
        self.inner.side.insert_session(&token.hash(&self.inner.keys), &stored, now).await?;
        Ok((token.text(), stored.expires_at))
    }

    /// A member of staff who may sign in.
    async fn enrolled(&self, staff: StaffId) -> Result<Option<Enrolled>, AppError> {
        match &*self.inner.folds.aggregate::<Staff>(staff).await?.state {
            Staff::Active(enrolled) => Ok(Some(enrolled.clone())),
            Staff::Absent | Staff::Gone(_) => Ok(None),
        }
    }

    /// The id in the stream name of a claim's holder.
    async fn holder(&self, key: &ClaimKey) -> Result<Option<Uuid>, AppError> {
        let claim = self.inner.folds.claim(&claims::stream_of(&self.inner.keys, key)).await?;
        let Claim::Held(holder) = &*claim.state else { return Ok(None) };
        Ok(holder.split_once('-').and_then(|(_, id)| Uuid::try_parse(id).ok()))
    }

    pub(crate) fn address_fingerprint(&self, address: &Address) -> Fingerprint {
        self.inner.keys.fingerprint(Fingerprinted::Address, &address.normalised())
    }

    pub(crate) fn domain_fingerprint(&self, address: &Address) -> Option<Fingerprint> {
        let domain = address.organisation_domain(&self.inner.policy)?;
        Some(self.inner.keys.fingerprint(Fingerprinted::MailDomain, &domain))
    }
}
