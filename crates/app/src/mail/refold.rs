//! Right before a mail is sent its streams are folded again: what it would tell must still be so.

use super::{
    ContactNews, MailIntent, Wish,
    content::{Content, Locale, Proof},
    intents::{Everybody, threshold_life},
    outbox::{counted, unwanted},
};
use crate::{
    claims,
    codes::Challenge,
    folds::{FoldError, Folds},
    keyring::BoundKeys,
    sealing::{Field, Opened, SealError, Sealer},
    secret::Secret,
    side_state::Budget,
    sites::roster_of,
};
use chrono::{DateTime, Utc};
use domain::{
    claim::Claim,
    developer::{Developer, Role},
    devgroup::DevGroup,
    group::GroupRef,
    ids::{DeveloperId, IntegrationId, IntentId, ProdAccountId, ProdGroupId, SubmissionId},
    integration::Integration,
    policy::Policy,
    prodaccount::{Account, ProdAccount, Sender},
    prodgroup::{Group, ProdGroup},
    roster::{Book, NearlyFull, Refused, Roster, Scope},
    sealed::{Fingerprint, Sealed},
    usagewatch::{LimitOf, Meter, UsageWatch, WatchOf},
};

/// What a wish is worth now.
pub(super) enum StillWanted {
    /// Send this.
    Yes(Addressed),
    /// What it would tell is no longer so.
    Obsolete,
    /// There is nobody left to tell.
    Erased,
}

/// A mail with everything but its words.
pub(super) struct Addressed {
    pub(super) to: Secret<String>,
    /// What the budget is counted under.
    pub(super) address: Fingerprint,
    pub(super) budget: Budget,
    pub(super) sender: Sender,
    pub(super) locale: Locale,
    pub(super) content: Content,
}

/// Why it can't be told what a wish is worth.
#[derive(Debug, thiserror::Error)]
pub(super) enum RefoldError {
    #[error(transparent)]
    Fold(#[from] FoldError),
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// Folds what mails are about.
pub(super) struct Refold {
    pub(super) folds: Folds,
    pub(super) sealer: Sealer,
    pub(super) keys: BoundKeys,
    pub(super) base_url: String,
    pub(super) policy: Policy,
}

impl Refold {
    /// What a wish is worth at `now`.
    pub(super) async fn still_wanted(
        &self,
        intent: IntentId,
        wish: Wish,
        now: DateTime<Utc>,
    ) -> Result<StillWanted, RefoldError> {
        match wish {
            Wish::ContactCode { account } => self.contact_code(intent, account, now).await,
            Wish::ChangesRequested { group, submission }
            | Wish::ProductionApproved { group, submission }
            | Wish::ProductionRefused { group, submission } => self.notice(wish, group, submission).await,
            Wish::SitesNearlyFull { group, at } | Wish::SiteRefused { group, at } => {
                self.about_sites(wish, (group, at), now).await
            }
            Wish::ThresholdReached { group, limit_of, part, percent, since, to } => {
                self.threshold((group, to), (limit_of, part), percent, since, now).await
            }
            Wish::ContactNews { account, epoch, news, to } => {
                self.contact_news((account, to), epoch, news, now).await
            }
        }
    }

    /// Only the newest challenge of the newest declaration counts, and only while it is open.
    async fn contact_code(
        &self,
        intent: IntentId,
        id: ProdAccountId,
        now: DateTime<Utc>,
    ) -> Result<StillWanted, RefoldError> {
        let folded = self.folds.aggregate::<ProdAccount>(id).await?;
        let ProdAccount::Open(account) = &*folded.state else { return Ok(StillWanted::Obsolete) };
        let open =
            account.contacts.challenge.as_ref().filter(|open| open.intent == intent && now < open.expires_at);
        let Some(challenge) = open else { return Ok(StillWanted::Obsolete) };
        let declared = account.contacts.declared();
        let to = match self.sealer.open(&declared.address, Field::Contact).await? {
            Opened::Clear(to) => Secret::new(to.to_string()),
            Opened::Erased => return Ok(StillWanted::Erased),
        };
        let unwanted = claims::stream_of(&self.keys, &unwanted(&self.keys, to.reveal()));
        if let Claim::Held(_) = *self.folds.claim(&unwanted).await?.state {
            return Ok(StillWanted::Obsolete);
        }
        let code = Challenge::contact(intent, id, declared.fingerprint, declared.epoch).code(&self.keys);
        let proof = Proof::new(code, &self.base_url, &intent.to_string(), challenge.expires_at);
        let budget = contact_budget(account);
        let vendor_name = (budget == Budget::Own).then(|| account.vendor_name.clone());
        Ok(StillWanted::Yes(Addressed {
            address: counted(&self.keys, to.reveal()),
            to,
            budget,
            sender: challenge.sender,
            locale: Locale::En,
            content: Content::ContactCode { proof, vendor_name },
        }))
    }

    /// What becomes of a contact is told to each owner as long as it is so.
    async fn contact_news(
        &self,
        (account, to): (ProdAccountId, Option<DeveloperId>),
        epoch: u32,
        news: ContactNews,
        now: DateTime<Utc>,
    ) -> Result<StillWanted, RefoldError> {
        let folded = self.folds.aggregate::<ProdAccount>(account).await?;
        let ProdAccount::Open(account) = &*folded.state else { return Ok(StillWanted::Obsolete) };
        let owner = owners_of(account).into_iter().find(|owner| to.is_none_or(|to| to == *owner));
        match (owner, news.told(account, epoch, now, &self.policy)) {
            (Some(owner), Some(content)) => self.to(owner, content).await,
            _ => Ok(StillWanted::Obsolete),
        }
    }

    /// Notices go to the account's owner.
    async fn notice(
        &self,
        wish: Wish,
        id: ProdGroupId,
        submission: SubmissionId,
    ) -> Result<StillWanted, RefoldError> {
        let folded = self.folds.aggregate::<ProdGroup>(id).await?;
        let Some((group, content)) = self.told(&folded.state, wish, submission).await? else {
            return Ok(StillWanted::Obsolete);
        };
        match self.owners_of_account(group.account).await?.first() {
            Some(owner) => self.to(*owner, content).await,
            None => Ok(StillWanted::Obsolete),
        }
    }

    async fn owners_of_account(&self, account: ProdAccountId) -> Result<Vec<DeveloperId>, RefoldError> {
        let folded = self.folds.aggregate::<ProdAccount>(account).await?;
        Ok(match &*folded.state {
            ProdAccount::Open(account) => owners_of(account),
            ProdAccount::Absent | ProdAccount::Opening(_) => Vec::new(),
        })
    }

    /// All who answer for a group, and its name; nobody when there is no such group.
    async fn answerable(&self, group: GroupRef) -> Result<(Vec<DeveloperId>, String), RefoldError> {
        Ok(match group {
            GroupRef::Development(id) => match &*self.folds.aggregate::<DevGroup>(id).await?.state {
                DevGroup::Active(active) => (active.owner().into_iter().collect(), active.name.clone()),
                DevGroup::Absent => (Vec::new(), String::new()),
            },
            GroupRef::Production(id) => match self.folds.aggregate::<ProdGroup>(id).await?.state.group() {
                Some(facts) => (self.owners_of_account(facts.account).await?, facts.name.clone()),
                None => (Vec::new(), String::new()),
            },
        })
    }

    /// The mails that an intent stands for: one to each owner where all of them are told.
    pub(super) async fn addressed(&self, intent: MailIntent) -> Result<Vec<MailIntent>, RefoldError> {
        let owners = match intent.for_everybody() {
            None => return Ok(vec![intent]),
            Some(Everybody::OwnersOfGroup(group)) => self.answerable(GroupRef::Production(group)).await?.0,
            Some(Everybody::OwnersOfAccount(account)) => self.owners_of_account(account).await?,
        };
        Ok(owners.into_iter().map(|owner| intent.to(owner)).collect())
    }

    /// A threshold is told as long as its window lasts and nothing newer is known.
    async fn threshold(
        &self,
        (group, to): (GroupRef, Option<DeveloperId>),
        meter: Meter,
        percent: u8,
        since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<StillWanted, RefoldError> {
        let (limit_of, part) = meter;
        let watch = match to {
            Some(owner) if limit_of.is_ceiling() => WatchOf::Owner(owner),
            Some(_) | None => WatchOf::Group(group),
        };
        let watch = self.folds.aggregate::<UsageWatch>(watch).await?.state;
        let is_news = watch.is_news(meter, percent, since);
        let told =
            watch.told(meter, percent).filter(|told| is_news && now < since + threshold_life(told.window_s));
        let (owners, group_name) = self.answerable(group).await?;
        let owner = owners.into_iter().find(|owner| to.is_none_or(|to| to == *owner));
        let (Some(told), Some(owner)) = (told, owner) else { return Ok(StillWanted::Obsolete) };
        let (limit, window_s) = (told.limit, told.window_s);
        let integration = match (limit_of, part) {
            (LimitOf::Share, Some(part)) => self.name_of(IntegrationId::from_uuid(part)).await?,
            _ => None,
        };
        let content = Content::ThresholdReached {
            group_name,
            group,
            limit_of,
            part,
            integration,
            percent,
            limit,
            window_s,
            since,
        };
        self.to(owner, content).await
    }

    async fn name_of(&self, integration: IntegrationId) -> Result<Option<String>, RefoldError> {
        Ok(match &*self.folds.aggregate::<Integration>(integration).await?.state {
            Integration::Live(live) => Some(live.facts.name.clone()),
            Integration::Absent => None,
        })
    }

    /// What happened to the sites of a group is told to who answers for it.
    async fn about_sites(
        &self,
        wish: Wish,
        (group, at): (GroupRef, DateTime<Utc>),
        now: DateTime<Utc>,
    ) -> Result<StillWanted, RefoldError> {
        let (owners, group_name) = self.answerable(group).await?;
        let Some(owner) = owners.first().copied() else { return Ok(StillWanted::Obsolete) };
        let roster = match roster_of(&self.folds, group).await? {
            Some(of) => self.folds.aggregate::<Roster>(of).await?.state,
            None => return Ok(StillWanted::Obsolete),
        };
        let told = roster.book().and_then(|book| told_of_sites(book, wish, (group, group_name, at), now));
        match told {
            Some(content) => self.to(owner, content).await,
            None => Ok(StillWanted::Obsolete),
        }
    }

    /// A notice to a developer.
    async fn to(&self, owner: DeveloperId, content: Content) -> Result<StillWanted, RefoldError> {
        let developer = self.folds.aggregate::<Developer>(owner).await?;
        let Developer::Active(owner) = &*developer.state else { return Ok(StillWanted::Obsolete) };
        let to = match self.sealer.open(&owner.registered.email, Field::Email).await? {
            Opened::Clear(to) => Secret::new(to.to_string()),
            Opened::Erased => return Ok(StillWanted::Erased),
        };
        Ok(StillWanted::Yes(Addressed {
            to,
            address: owner.registered.email_fingerprint,
            budget: Budget::Own,
            sender: Sender::Usual,
            locale: Locale::of(&owner.registered.locale),
            content,
        }))
    }

    /// What the group's phase still says about this submission.
    async fn told<'a>(
        &self,
        state: &'a ProdGroup,
        wish: Wish,
        submission: SubmissionId,
    ) -> Result<Option<(&'a Group, Content)>, RefoldError> {
        let told = match (wish, state) {
            (Wish::ChangesRequested { .. }, ProdGroup::ChangesRequested(group, _, asked))
                if asked.submission == submission =>
            {
                let note = self.note(asked.note.as_ref()).await?;
                let (reason, expires_at) = (asked.reason, asked.expires_at);
                let group_name = group.name.clone();
                Some((group, Content::ChangesRequested { group_name, reason, note, expires_at }))
            }
            (Wish::ProductionApproved { .. }, ProdGroup::Approved(group, granted))
                if granted.submission == submission =>
            {
                let group_name = group.name.clone();
                Some((group, Content::ProductionApproved { group_name, limits: granted.limits }))
            }
            (Wish::ProductionRefused { .. }, ProdGroup::Refused(group, refused))
                if refused.submission == submission =>
            {
                let note = self.note(refused.note.as_ref()).await?;
                let group_name = group.name.clone();
                Some((group, Content::ProductionRefused { group_name, reason: refused.reason, note }))
            }
            _ => None,
        };
        Ok(told)
    }

    async fn note(&self, sealed: Option<&Sealed>) -> Result<Option<String>, RefoldError> {
        let Some(sealed) = sealed else { return Ok(None) };
        Ok(Some(self.sealer.open(sealed, Field::Note).await?.shown().to_owned()))
    }
}

/// All owners of an account.
pub(super) fn owners_of(account: &Account) -> Vec<DeveloperId> {
    account.members.iter().filter(|(_, role)| **role == Role::Owner).map(|(owner, _)| *owner).collect()
}

/// What the roster still says about a group's places; nothing when there is room again, or newer news.
fn told_of_sites(
    book: &Book,
    wish: Wish,
    (group, group_name, at): (GroupRef, String, DateTime<Utc>),
    now: DateTime<Utc>,
) -> Option<Content> {
    let sites = book.group(group)?;
    if let Wish::SiteRefused { .. } = wish {
        let Refused { site, integration, scope, limit, .. } =
            sites.refused.clone().filter(|told| told.at == at)?;
        return Some(Content::SiteRefused { group_name, site, integration, scope, limit });
    }
    let NearlyFull { scope, used, limit, .. } = *sites.nearly_full.as_ref().filter(|told| told.at == at)?;
    let taken = match scope {
        Scope::Group => sites.taken(now),
        Scope::Owner => book.taken_but(&[], now),
        // What others have taken stands in another roster.
        Scope::Organisation => used,
    };
    (taken >= used).then_some(Content::SitesNearlyFull { group_name, scope, used, limit })
}

/// A mailbox that was proven once gets its own budget when it is due again.
pub(crate) fn contact_budget(account: &Account) -> Budget {
    let declared = account.contacts.declared().fingerprint;
    match account.contacts.shown() {
        Some((shown, _)) if shown.contact.fingerprint == declared => Budget::Own,
        // Another is shown until the second code is back; this one answered all the same.
        _ if account.contacts.newest.proof.is_some() => Budget::Own,
        Some(_) | None => Budget::Stranger,
    }
}
