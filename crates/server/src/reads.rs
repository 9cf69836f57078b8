//! What people are shown: rows of the read model with their personal fields opened, for this one answer.
//! Nothing here decides.

use crate::{
    extract::Call,
    portal::Portal,
    problem::{Problem, kinds},
};
use app::sealing::{Field, Opened};
use domain::{
    Decider as _,
    actor::Actor,
    allowance::Allowance,
    devgroup::DevGroup,
    group::GroupRef,
    ids::{DeveloperId, IntegrationId, ProdAccountId, ProdGroupId},
    prodaccount::ProdAccount,
    prodgroup::ProdGroup,
    sealed::Sealed,
};
use eventlog::{Position, StreamName};
use readmodel::{
    Listed, Page, ReadModel,
    card::Card,
    query::{
        account::{AccountRow, ContactRow},
        allowance::GroupAllowanceRow,
        developer::DeveloperRow,
        production::{ProdGroupRow, PromotionRow},
        timeline::TimelineRow,
    },
};
use std::time::Duration;
use uuid::Uuid;

/// How long a read waits for the read model.
const READ_WAIT_MAX: Duration = Duration::from_secs(2);

/// A developer as they see themselves.
pub(crate) struct Me {
    /// What the read model holds.
    pub(crate) row: DeveloperRow,
    /// Address.
    pub(crate) email: Opened,
    /// Name.
    pub(crate) name: Opened,
}

/// The addresses of a contact.
pub(crate) struct OpenedContact {
    /// Declared last.
    pub(crate) declared: Opened,
    /// Shown to customers; the newest proven one.
    pub(crate) shown: Option<Opened>,
}

/// A production account as a member sees it.
pub(crate) struct AccountView {
    /// What the read model holds.
    pub(crate) row: AccountRow,
    /// Its contact in clear.
    pub(crate) contact: OpenedContact,
}

/// A production group as a member of its account, or staff, sees it.
pub(crate) struct ProdGroupView {
    /// What the read model holds.
    pub(crate) row: ProdGroupRow,
    /// Why its limits are asked for.
    pub(crate) justification: Option<Opened>,
    /// What staff wrote.
    pub(crate) note: Option<Opened>,
}

/// A promotion as staff see it.
pub(crate) struct PromotionView {
    /// What the read model holds.
    pub(crate) row: PromotionRow,
    /// Why its limits are asked for.
    pub(crate) justification: Option<Opened>,
    /// What staff wrote.
    pub(crate) note: Option<Opened>,
    /// The account's contact in clear.
    pub(crate) contact: OpenedContact,
}

/// What a customer sees of an integration.
pub(crate) struct CardView {
    /// The card.
    pub(crate) card: Card,
    /// The contact in clear, on the card of a released integration with a proven one.
    pub(crate) contact: Option<Opened>,
}

/// What a group may use, as staff see it.
pub(crate) struct AllowanceView {
    /// What the read model holds.
    pub(crate) row: GroupAllowanceRow,
    /// What staff wrote.
    pub(crate) notes: AllowanceNotes,
}

/// What staff wrote about what a group may use.
pub(crate) struct AllowanceNotes {
    /// With the suspension.
    pub(crate) suspension: Option<Opened>,
    /// With the limits.
    pub(crate) limits: Option<Opened>,
    /// With limits that wait.
    pub(crate) limits_proposal: Option<Opened>,
    /// With the grant.
    pub(crate) grant: Option<Opened>,
    /// With a grant that waits.
    pub(crate) grant_proposal: Option<Opened>,
}

/// One line of a timeline.
pub(crate) struct TimelineView {
    /// What the read model holds.
    pub(crate) row: TimelineRow,
    /// What staff wrote.
    pub(crate) note: Option<Opened>,
}

impl Portal {
    /// Waits, two seconds at most, until a position is visible to reads.
    pub(crate) async fn caught_up(&self, position: Position) -> Result<(), Problem> {
        self.app.read().wait_for(position, READ_WAIT_MAX).await.map_err(|_| Problem::new(&kinds::BEHIND))
    }

    /// Lets members of a group and staff through; nobody else learns whether it exists.
    pub(crate) async fn must_see(&self, call: &Call, group: GroupRef) -> Result<(), Problem> {
        let sees = match call.actor {
            Actor::Developer(me, _) => self.app.read().role_in(group, me).await?.is_some(),
            Actor::Staff(..) => self.app.is_group(group),
            Actor::Anonymous | Actor::Gateway(_) | Actor::Operator | Actor::System => false,
        };
        if sees { Ok(()) } else { Err(Problem::new(&kinds::NOT_FOUND)) }
    }

    /// The developer's own account.
    pub(crate) async fn me(&self, developer: DeveloperId) -> Result<Option<Me>, Problem> {
        let Some(row) = self.app.read().developer(developer).await? else { return Ok(None) };
        let email = self.open(&row.email, Field::Email).await?;
        let name = self.open(&row.name, Field::Name).await?;
        Ok(Some(Me { row, email, name }))
    }

    /// One of the developer's production accounts.
    pub(crate) async fn account(
        &self,
        read: &ReadModel,
        developer: DeveloperId,
        account: ProdAccountId,
    ) -> Result<Option<AccountView>, Problem> {
        match read.account(account, developer).await? {
            Some(row) => Ok(Some(self.account_view(row).await?)),
            None => Ok(None),
        }
    }

    /// The developer's production accounts.
    pub(crate) async fn accounts(
        &self,
        developer: DeveloperId,
        page: Page,
    ) -> Result<Listed<AccountView>, Problem> {
        let Listed { items: rows, next } = self.app.read().accounts_of(developer, page).await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            items.push(self.account_view(row).await?);
        }
        Ok(Listed { items, next })
    }

    /// One of the production groups of the developer's accounts.
    pub(crate) async fn prod_group(
        &self,
        read: &ReadModel,
        developer: DeveloperId,
        group: ProdGroupId,
    ) -> Result<Option<ProdGroupView>, Problem> {
        match read.prod_group(group, developer).await? {
            Some(row) => Ok(Some(self.prod_group_view(row).await?)),
            None => Ok(None),
        }
    }

    /// The production groups of the developer's accounts.
    pub(crate) async fn prod_groups(
        &self,
        developer: DeveloperId,
        page: Page,
    ) -> Result<Listed<ProdGroupView>, Problem> {
        let listed = self.app.read().prod_groups_of(developer, page).await?;
        self.prod_group_views(listed).await
    }

    /// For staff: one group that was ever submitted, with all a decision needs.
    pub(crate) async fn promotion(
        &self,
        read: &ReadModel,
        group: ProdGroupId,
    ) -> Result<Option<PromotionView>, Problem> {
        let Some(row) = read.promotion(group).await? else { return Ok(None) };
        let (justification, note) = self.open_texts(&row.group).await?;
        let contact = self.open_contact(&row.contact).await?;
        Ok(Some(PromotionView { row, justification, note, contact }))
    }

    /// What a customer sees; none when the integration is unknown or hidden.
    pub(crate) async fn card(&self, integration: IntegrationId) -> Result<Option<CardView>, Problem> {
        let Some(card) = self.app.read().card(integration, self.clock.now()).await? else { return Ok(None) };
        let shown = match &card {
            Card::Released(released) => released.contact.as_ref(),
            Card::Development(_) => None,
        };
        let contact = self.open_some(shown.map(|shown| &shown.address), Field::Contact).await?;
        Ok(Some(CardView { card, contact }))
    }

    /// What a group of either kind may use, for staff.
    pub(crate) async fn allowance(
        &self,
        read: &ReadModel,
        group: GroupRef,
    ) -> Result<Option<AllowanceView>, Problem> {
        let Some(row) = read.group_allowance(group).await? else { return Ok(None) };
        let allowance = &row.allowed.allowance;
        let suspension = allowance.suspension().and_then(|suspended| suspended.note.as_ref());
        let terms = allowance.terms().cloned().unwrap_or_default();
        let note = async |note: Option<&Option<Sealed>>| {
            self.open_some(note.and_then(Option::as_ref), Field::Note).await
        };
        let notes = AllowanceNotes {
            suspension: self.open_some(suspension, Field::Note).await?,
            limits: note(terms.limits.as_ref().map(|set| &set.note)).await?,
            limits_proposal: note(terms.limits_proposal.as_ref().map(|asked| &asked.note)).await?,
            grant: note(terms.grant.as_ref().map(|granted| &granted.note)).await?,
            grant_proposal: note(terms.grant_proposal.as_ref().map(|asked| &asked.note)).await?,
        };
        Ok(Some(AllowanceView { row, notes }))
    }

    /// What happened to a group, what was set for it, and what happened to its account. The caller has made sure
    /// that the group may be seen.
    pub(crate) async fn group_timeline(
        &self,
        group: GroupRef,
        account: Option<ProdAccountId>,
        page: Page,
    ) -> Result<Listed<TimelineView>, Problem> {
        let (category, id) = match group {
            GroupRef::Development(id) => (DevGroup::CATEGORY, id.uuid()),
            GroupRef::Production(id) => (ProdGroup::CATEGORY, id.uuid()),
        };
        let mut streams = vec![stream(category, id)?, stream(Allowance::CATEGORY, id)?];
        if let Some(account) = account {
            streams.push(stream(ProdAccount::CATEGORY, account.uuid())?);
        }
        self.timeline(&streams, page).await
    }

    async fn timeline(&self, streams: &[StreamName], page: Page) -> Result<Listed<TimelineView>, Problem> {
        let Listed { items: rows, next } = self.app.read().timeline(streams, page).await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            let note = self.open_some(row.note.as_ref(), Field::Note).await?;
            items.push(TimelineView { row, note });
        }
        Ok(Listed { items, next })
    }

    async fn account_view(&self, row: AccountRow) -> Result<AccountView, Problem> {
        let contact = self.open_contact(&row.contact).await?;
        Ok(AccountView { row, contact })
    }

    async fn prod_group_view(&self, row: ProdGroupRow) -> Result<ProdGroupView, Problem> {
        let (justification, note) = self.open_texts(&row).await?;
        Ok(ProdGroupView { row, justification, note })
    }

    async fn prod_group_views(&self, listed: Listed<ProdGroupRow>) -> Result<Listed<ProdGroupView>, Problem> {
        let mut items = Vec::with_capacity(listed.items.len());
        for row in listed.items {
            items.push(self.prod_group_view(row).await?);
        }
        Ok(Listed { items, next: listed.next })
    }

    async fn open_texts(&self, row: &ProdGroupRow) -> Result<(Option<Opened>, Option<Opened>), Problem> {
        let justification = self.open_some(row.justification.as_ref(), Field::Justification).await?;
        let note = row.answer.as_ref().and_then(|answer| answer.note.as_ref());
        Ok((justification, self.open_some(note, Field::Note).await?))
    }

    async fn open_contact(&self, contact: &ContactRow) -> Result<OpenedContact, Problem> {
        let shown = contact.contacts.shown().map(|(shown, _)| &shown.contact.address);
        Ok(OpenedContact {
            declared: self.open(&contact.contacts.declared().address, Field::Contact).await?,
            shown: self.open_some(shown, Field::Contact).await?,
        })
    }

    async fn open_some(&self, sealed: Option<&Sealed>, field: Field) -> Result<Option<Opened>, Problem> {
        match sealed {
            Some(sealed) => Ok(Some(self.open(sealed, field).await?)),
            None => Ok(None),
        }
    }

    async fn open(&self, sealed: &Sealed, field: Field) -> Result<Opened, Problem> {
        Ok(self.app.sealer().open(sealed, field).await?)
    }
}

fn stream(category: &str, id: Uuid) -> Result<StreamName, Problem> {
    let name = StreamName::parse(&format!("{category}-{}", id.hyphenated()));
    name.map_err(|_| Problem::new(&kinds::INTERNAL))
}
