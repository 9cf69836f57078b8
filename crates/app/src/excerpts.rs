//! What a command has just left in the log, for an answer that does not wait for the read model.

use crate::{App, Inner, aggregate::Aggregate, error::AppError, mail};
use domain::{
    allowance::Allowance,
    devgroup::DevGroup,
    gateway::Gateway,
    group::GroupRef,
    ids::{DevGroupId, GatewayId, IntegrationId, ProdAccountId, ProdGroupId},
    integration::Integration,
    prodaccount::ProdAccount,
    prodgroup::ProdGroup,
};
use eventlog::{StreamName, StreamVersion};
use readmodel::ReadModel;
use std::collections::BTreeSet;

/// Excerpts made at once; each holds a small database in memory.
pub(crate) const EXCERPTS_MAX: usize = 4;

/// What an answer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// An integration, as the members of its group see it.
    Integration(IntegrationId),
    /// A development group with its integrations and what it may use.
    DevGroup(DevGroupId),
    /// A production account with its contact.
    Account(ProdAccountId),
    /// A production group with its account, its integrations and what it may use.
    ProdGroup(ProdGroupId),
    /// A gateway with its live credentials.
    Gateway(GatewayId),
}

impl From<GroupRef> for About {
    fn from(group: GroupRef) -> Self {
        match group {
            GroupRef::Development(id) => Self::DevGroup(id),
            GroupRef::Production(id) => Self::ProdGroup(id),
        }
    }
}

impl App {
    /// A read model of the streams behind one answer, as they are now. Costs a read of each of their events.
    pub async fn excerpt(&self, about: About) -> Result<ReadModel, AppError> {
        let _turn = self.inner.excerpts.acquire().await.map_err(AppError::unavailable)?;
        let mut streams = Streams { inner: &self.inner, names: BTreeSet::new() };
        match about {
            About::Integration(id) => streams.integration(id).await?,
            About::DevGroup(id) => streams.dev_group(id).await?,
            About::Account(id) => streams.account(id).await?,
            About::ProdGroup(id) => streams.prod_group(id).await?,
            About::Gateway(id) => streams.add::<Gateway>(id),
        }
        let mut records = Vec::new();
        for name in &streams.names {
            records.extend(self.inner.log.read_stream(name, StreamVersion(0), u32::MAX).await?);
        }
        readmodel::excerpt(records).await.map_err(AppError::unavailable)
    }
}

/// The streams a query joins.
struct Streams<'a> {
    inner: &'a Inner,
    names: BTreeSet<StreamName>,
}

impl Streams<'_> {
    fn add<A: Aggregate>(&mut self, id: A::Id) {
        self.names.insert(A::stream_of(id));
    }

    async fn integration(&mut self, id: IntegrationId) -> Result<(), AppError> {
        self.add::<Integration>(id);
        let folded = self.inner.folds.aggregate::<Integration>(id).await?;
        match &*folded.state {
            Integration::Absent => Ok(()),
            Integration::Live(live) => match live.group {
                GroupRef::Development(group) => {
                    self.add::<DevGroup>(group);
                    Ok(())
                }
                GroupRef::Production(group) => {
                    self.add::<ProdGroup>(group);
                    let folded = self.inner.folds.aggregate::<ProdGroup>(group).await?;
                    folded.state.group().into_iter().for_each(|group| self.add::<ProdAccount>(group.account));
                    Ok(())
                }
            },
        }
    }

    async fn dev_group(&mut self, id: DevGroupId) -> Result<(), AppError> {
        self.add::<DevGroup>(id);
        self.add::<Allowance>(GroupRef::Development(id));
        if let DevGroup::Active(group) = &*self.inner.folds.aggregate::<DevGroup>(id).await?.state {
            group.integrations.iter().for_each(|integration| self.add::<Integration>(*integration));
        }
        Ok(())
    }

    async fn account(&mut self, id: ProdAccountId) -> Result<(), AppError> {
        self.add::<ProdAccount>(id);
        if let ProdAccount::Open(account) = &*self.inner.folds.aggregate::<ProdAccount>(id).await?.state
            && let Some(challenge) = &account.contacts.challenge
        {
            self.names.insert(mail::outcome_stream(challenge.intent));
        }
        Ok(())
    }

    async fn prod_group(&mut self, id: ProdGroupId) -> Result<(), AppError> {
        self.add::<ProdGroup>(id);
        self.add::<Allowance>(GroupRef::Production(id));
        let folded = self.inner.folds.aggregate::<ProdGroup>(id).await?;
        let Some(group) = folded.state.group() else { return Ok(()) };
        group.integrations.iter().for_each(|integration| self.add::<Integration>(*integration));
        self.account(group.account).await
    }
}
