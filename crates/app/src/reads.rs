//! What people are shown: rows of the read model with their personal fields opened, for this one answer.
//! Nothing here decides.

use crate::{
    App,
    aggregate::Aggregate as _,
    error::AppError,
    sealing::{Field, Opened},
};
use domain::{
    ids::{DeveloperId, IntegrationId, ProdAccountId, ProdGroupId},
    integration::Integration,
    prodaccount::ProdAccount,
    prodgroup::ProdGroup,
    sealed::Sealed,
};
use eventlog::{Position, StreamName};
use readmodel::{
    Listed, Page, PromotionState, ReadModel,
    card::Card,
    query::{
        account::{AccountRow, ContactRow},
        developer::DeveloperRow,
        production::{ProdGroupRow, PromotionRow},
        timeline::TimelineRow,
    },
};
use std::time::Duration;

/// How long a read waits for the read model.
pub const READ_WAIT_MAX: Duration = Duration::from_secs(2);

/// A developer as they see themselves.
pub struct Me {
    /// What the read model holds.
    pub row: DeveloperRow,
    /// Address.
    pub email: Opened,
    /// Name.
    pub name: Opened,
}

/// The addresses of a contact.
pub struct OpenedContact {
    /// Declared last.
    pub declared: Opened,
    /// Shown to customers; the newest proven one.
    pub shown: Option<Opened>,
}

/// A production account as a member sees it.
pub struct AccountView {
    /// What the read model holds.
    pub row: AccountRow,
    /// Its contact in clear.
    pub contact: OpenedContact,
}

/// A production group as a member of its account, or staff, sees it.
pub struct ProdGroupView {
    /// What the read model holds.
    pub row: ProdGroupRow,
    /// Why its limits are asked for.
    pub justification: Option<Opened>,
    /// What staff wrote.
    pub note: Option<Opened>,
}

/// A promotion as staff see it.
pub struct PromotionView {
    /// What the read model holds.
    pub row: PromotionRow,
    /// Why its limits are asked for.
    pub justification: Option<Opened>,
    /// What staff wrote.
    pub note: Option<Opened>,
    /// The account's contact in clear.
    pub contact: OpenedContact,
}

/// What a customer sees of an integration.
pub struct CardView {
    /// The card.
    pub card: Card,
    /// The contact in clear, on the card of a released integration with a proven one.
    pub contact: Option<Opened>,
}

/// One line of a timeline.
pub struct TimelineView {
    /// What the read model holds.
    pub row: TimelineRow,
    /// What staff wrote.
    pub note: Option<Opened>,
}

impl App {
    /// Queries whose rows hold nothing personal.
    pub fn read(&self) -> &ReadModel {
        &self.inner.read
    }

    /// Waits, two seconds at most, until a position is visible to reads.
    pub async fn caught_up(&self, position: Position) -> Result<(), AppError> {
        self.inner.read.wait_for(position, READ_WAIT_MAX).await.map_err(|_| AppError::Behind)
    }

    /// The developer's own account.
    pub async fn me(&self, developer: DeveloperId) -> Result<Option<Me>, AppError> {
        let Some(row) = self.inner.read.developer(developer).await? else { return Ok(None) };
        let email = self.open(&row.email, Field::Email).await?;
        let name = self.open(&row.name, Field::Name).await?;
        Ok(Some(Me { row, email, name }))
    }

    /// One of the developer's production accounts.
    pub async fn account(
        &self,
        developer: DeveloperId,
        account: ProdAccountId,
    ) -> Result<Option<AccountView>, AppError> {
        match self.inner.read.account(account, developer).await? {
            Some(row) => Ok(Some(self.account_view(row).await?)),
            None => Ok(None),
        }
    }

    /// The developer's production accounts.
    pub async fn accounts(
        &self,
        developer: DeveloperId,
        page: Page,
    ) -> Result<Listed<AccountView>, AppError> {
        let Listed { items: rows, next } = self.inner.read.accounts_of(developer, page).await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            items.push(self.account_view(row).await?);
        }
        Ok(Listed { items, next })
    }

    /// One of the production groups of the developer's accounts.
    pub async fn prod_group(
        &self,
        developer: DeveloperId,
        group: ProdGroupId,
    ) -> Result<Option<ProdGroupView>, AppError> {
        match self.inner.read.prod_group(group, developer).await? {
            Some(row) => Ok(Some(self.prod_group_view(row).await?)),
            None => Ok(None),
        }
    }

    /// The production groups of the developer's accounts.
    pub async fn prod_groups(
        &self,
        developer: DeveloperId,
        page: Page,
    ) -> Result<Listed<ProdGroupView>, AppError> {
        let listed = self.inner.read.prod_groups_of(developer, page).await?;
        self.prod_group_views(listed).await
    }

    /// For staff: every group that was ever submitted.
    pub async fn promotions(
        &self,
        state: Option<PromotionState>,
        page: Page,
    ) -> Result<Listed<ProdGroupView>, AppError> {
        let listed = self.inner.read.promotions(state, self.inner.clock.now(), page).await?;
        self.prod_group_views(listed).await
    }

    /// For staff: one group that was ever submitted, with all a decision needs.
    pub async fn promotion(&self, group: ProdGroupId) -> Result<Option<PromotionView>, AppError> {
        let Some(row) = self.inner.read.promotion(group).await? else { return Ok(None) };
        let (justification, note) = self.open_texts(&row.group).await?;
        let contact = self.open_contact(&row.contact).await?;
        Ok(Some(PromotionView { row, justification, note, contact }))
    }

    /// What a customer sees; none when the integration is unknown or hidden.
    pub async fn card(&self, integration: IntegrationId) -> Result<Option<CardView>, AppError> {
        let Some(card) = self.inner.read.card(integration).await? else { return Ok(None) };
        let shown = match &card {
            Card::Released(released) => released.contact.as_ref(),
            Card::Development(_) => None,
        };
        let contact = self.open_some(shown.map(|shown| &shown.address), Field::Contact).await?;
        Ok(Some(CardView { card, contact }))
    }

    /// What happened to a production group and its account. The caller has made sure that the group may be
    /// seen.
    pub async fn prod_group_timeline(
        &self,
        group: &ProdGroupRow,
        page: Page,
    ) -> Result<Listed<TimelineView>, AppError> {
        let streams = [ProdAccount::stream_of(group.account), ProdGroup::stream_of(group.id)];
        self.timeline(&streams, page).await
    }

    /// What happened to an integration. The caller has made sure that it may be seen.
    pub async fn integration_timeline(
        &self,
        integration: IntegrationId,
        page: Page,
    ) -> Result<Listed<TimelineView>, AppError> {
        self.timeline(&[Integration::stream_of(integration)], page).await
    }

    async fn timeline(&self, streams: &[StreamName], page: Page) -> Result<Listed<TimelineView>, AppError> {
        let Listed { items: rows, next } = self.inner.read.timeline(streams, page).await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            let note = self.open_some(row.note.as_ref(), Field::Note).await?;
            items.push(TimelineView { row, note });
        }
        Ok(Listed { items, next })
    }

    async fn account_view(&self, row: AccountRow) -> Result<AccountView, AppError> {
        let contact = self.open_contact(&row.contact).await?;
        Ok(AccountView { row, contact })
    }

    async fn prod_group_view(&self, row: ProdGroupRow) -> Result<ProdGroupView, AppError> {
        let (justification, note) = self.open_texts(&row).await?;
        Ok(ProdGroupView { row, justification, note })
    }

    async fn prod_group_views(
        &self,
        listed: Listed<ProdGroupRow>,
    ) -> Result<Listed<ProdGroupView>, AppError> {
        let mut items = Vec::with_capacity(listed.items.len());
        for row in listed.items {
            items.push(self.prod_group_view(row).await?);
        }
        Ok(Listed { items, next: listed.next })
    }

    async fn open_texts(&self, row: &ProdGroupRow) -> Result<(Option<Opened>, Option<Opened>), AppError> {
        let justification = self.open_some(row.justification.as_ref(), Field::Justification).await?;
        let note = row.answer.as_ref().and_then(|answer| answer.note.as_ref());
        Ok((justification, self.open_some(note, Field::Note).await?))
    }

    async fn open_contact(&self, contact: &ContactRow) -> Result<OpenedContact, AppError> {
        let shown = contact.shown.as_ref().map(|shown| &shown.address);
        Ok(OpenedContact {
            declared: self.open(&contact.declared.address, Field::Contact).await?,
            shown: self.open_some(shown, Field::Contact).await?,
        })
    }

    async fn open_some(&self, sealed: Option<&Sealed>, field: Field) -> Result<Option<Opened>, AppError> {
        match sealed {
            Some(sealed) => Ok(Some(self.open(sealed, field).await?)),
            None => Ok(None),
        }
    }

    async fn open(&self, sealed: &Sealed, field: Field) -> Result<Opened, AppError> {
        Ok(self.inner.sealer.open(sealed, field).await?)
    }
}
