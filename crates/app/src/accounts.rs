//! Production accounts: the vendor as customers see it, and the contact it names.

use crate::{
    App,
    aggregate::Aggregate as _,
    error::AppError,
    execute::UseCase,
    groups::numbered,
    keyring::Fingerprinted,
    membership,
    meta::{Done, Meta},
    proofs::refuse_unwanted,
    sealing::Field,
    work::Work,
};
use domain::{
    address::Address,
    developer::{self, Developer, Role},
    ids::{DeveloperId, ProdAccountId, SubjectId},
    integration::Integration,
    prodaccount::{self, Account, ContactInput, Open, ProdAccount},
    prodgroup::ProdGroup,
};
use eventlog::StreamName;

/// What a vendor says to open a production account.
pub struct OpenAccount {
    /// Vendor name as typed.
    pub vendor_name: String,
    /// Contact mailbox.
    pub contact: Address,
    /// Where customers find help.
    pub support_url: Option<String>,
}

impl App {
    /// Opens a production account owned by `developer`; its contact is unproven.
    pub async fn open_account(
        &self,
        meta: Meta,
        developer: DeveloperId,
        open: OpenAccount,
    ) -> Result<Done<ProdAccountId>, AppError> {
        let ticket = self.ticket(meta);
        let account = ProdAccountId::from_uuid(self.derived_id(&ticket, "production account"));
        let subject = SubjectId::from_uuid(self.derived_id(&ticket, "contact subject"));
        let done = self.run(ticket, OpenCase { account, subject, owner: developer, open }).await?;
        if !done.replayed {
            self.look_at_declared(account).await;
        }
        Ok(done.with(account))
    }

    /// Names another contact. The proven one stays shown until this one is proven.
    pub async fn declare_contact(
        &self,
        meta: Meta,
        developer: DeveloperId,
        account: ProdAccountId,
        contact: Address,
    ) -> Result<Done<()>, AppError> {
        let done = self.run(self.ticket(meta), DeclareContact { account, by: developer, contact }).await?;
        if !done.replayed {
            self.look_at_declared(account).await;
        }
        Ok(done)
    }
}

struct OpenCase {
    account: ProdAccountId,
    subject: SubjectId,
    owner: DeveloperId,
    open: OpenAccount,
}

impl UseCase for OpenCase {
    fn main(&self) -> StreamName {
        ProdAccount::stream_of(self.account)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut account = work.load::<ProdAccount>(self.account).await?;
        let mut owner = work.load::<Developer>(self.owner).await?;
        let role = Role::Owner;
        work.decide(&mut owner, developer::Command::JoinAccount { account: self.account, role })?;
        work.acts_as(Some(Role::Owner));
        work.propose(numbered(&self.open.vendor_name));
        work.sealer().new_subject(self.subject).await?;
        let contact =
            contact_input(work, self.subject, &self.open.contact, &[&self.open.vendor_name]).await?;
        let open = Open {
            account: self.account,
            owner: self.owner,
            vendor_name: self.open.vendor_name.clone(),
            subject: self.subject,
            contact,
            support_url: self.open.support_url.clone(),
        };
        work.decide(&mut account, prodaccount::Command::Open(open))
    }
}

struct DeclareContact {
    account: ProdAccountId,
    by: DeveloperId,
    contact: Address,
}

impl UseCase for DeclareContact {
    fn main(&self) -> StreamName {
        ProdAccount::stream_of(self.account)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut account = work.load::<ProdAccount>(self.account).await?;
        work.acts_as(membership::role_in(&account, self.by));
        let open = opened(&account)?;
        let names = names_of(work, open).await?;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let contact = contact_input(work, open.subject, &self.contact, &names).await?;
        work.decide(&mut account, prodaccount::Command::DeclareContact { by: self.by, contact })
    }
}

/// The account, once it is open.
pub(crate) fn opened(account: &ProdAccount) -> Result<&Account, AppError> {
    match account {
        ProdAccount::Open(account) => Ok(account),
        ProdAccount::Absent | ProdAccount::Opening(_) => Err(prodaccount::Rejection::NotYours.into()),
    }
}

/// The names by which a mailbox may be called after the vendor.
async fn names_of(work: &Work<'_>, account: &Account) -> Result<Vec<String>, AppError> {
    let mut names = vec![account.vendor_name.clone()];
    let Some(group) = account.group else { return Ok(names) };
    let group = work.peek::<ProdGroup>(group).await?;
    for id in group.group().iter().flat_map(|group| &group.integrations) {
        if let Integration::Live(live) = &*work.peek::<Integration>(*id).await? {
            names.push(live.facts.name.clone());
        }
    }
    Ok(names)
}

async fn contact_input(
    work: &Work<'_>,
    subject: SubjectId,
    address: &Address,
    names: &[&str],
) -> Result<ContactInput, AppError> {
    refuse_unwanted(work, &address.reveal()).await?;
    let fingerprint = |kind, value: &str| work.keys().fingerprint(kind, value);
    Ok(ContactInput {
        address: work.sealer().seal(subject, Field::Contact, &address.reveal()).await?,
        fingerprint: fingerprint(Fingerprinted::Address, &address.normalised()),
        domain_fingerprint: address
            .organisation_domain(work.policy())
            .map(|domain| fingerprint(Fingerprinted::MailDomain, &domain)),
        class: address.class(names, work.policy()),
    })
}
