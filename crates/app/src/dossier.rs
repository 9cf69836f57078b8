//! Everything a promotion is judged by, folded in one unit of work, so that all of it guards the decision:
//! the group, what was set for it, its account, everybody who ever was a member, and every integration.

use crate::{
    accounts::opened,
    error::AppError,
    reviewers,
    work::{Loaded, Work},
};
use domain::{
    allowance::Allowance,
    developer::{Active, Developer, Role},
    group::GroupRef,
    ids::{IntegrationId, ProdGroupId},
    integration::Integration,
    prodaccount::{Account, ProdAccount},
    prodgroup::{
        self, Group, People, ProdGroup,
        checklist::{self, ContactView, Evidence, IntegrationView, View},
    },
};

pub(crate) struct Dossier {
    pub(crate) group: Loaded<ProdGroup>,
    pub(crate) account: Loaded<ProdAccount>,
    view: View,
    people: People,
}

/// Folds a group's dossier; a group that isn't there is nobody's.
pub(crate) async fn open(work: &mut Work<'_>, id: ProdGroupId) -> Result<Dossier, AppError> {
    let group = work.load::<ProdGroup>(id).await?;
    let allowance = work.load::<Allowance>(GroupRef::Production(id)).await?;
    let facts = group.group().ok_or(prodgroup::Rejection::NotYours)?;
    let account = work.load::<ProdAccount>(facts.account).await?;
    let vendor = opened(&account)?;
    let mut members = Vec::new();
    for member in &vendor.ever_members {
        members.push(work.load::<Developer>(*member).await?);
    }
    let mut integrations = Vec::new();
    for id in &facts.integrations {
        integrations.extend(integration_view(*id, &*work.load::<Integration>(*id).await?));
    }
    let people = reviewers::people_of_account(work, vendor).await?;
    let view = View {
        suspended_since: allowance.suspended_since(),
        ..view(facts, vendor, owner(vendor, &members), integrations)
    };
    Ok(Dossier { group, account, view, people })
}

impl Dossier {
    /// What the machine checks say at the instant of the decision.
    pub(crate) fn evidence(&self, work: &Work<'_>) -> Evidence {
        checklist::evaluate(&self.view, work.policy(), work.now)
    }

    /// Everybody a reviewer must be independent of.
    pub(crate) fn people(&self) -> People {
        self.people.clone()
    }
}

/// The owner whose terms and proof count: the first of them in order of ids.
fn owner<'a>(account: &Account, members: &'a [Loaded<Developer>]) -> Option<&'a Active> {
    let owner = account.members.iter().find(|(_, role)| **role == Role::Owner).map(|(id, _)| *id)?;
    let place = account.ever_members.iter().position(|member| *member == owner)?;
    active(&members[place])
}

fn active(developer: &Developer) -> Option<&Active> {
    match developer {
        Developer::Active(active) => Some(active),
        Developer::Absent => None,
    }
}

fn view(
    group: &Group,
    account: &Account,
    owner: Option<&Active>,
    integrations: Vec<IntegrationView>,
) -> View {
    let shown = account.contacts.shown();
    View {
        owner_proven_at: owner.map(|owner| owner.registered.proven_at),
        owner_terms_version: owner.map(|owner| owner.registered.terms_version.clone()).unwrap_or_default(),
        owners: account.members.values().filter(|role| **role == Role::Owner).count(),
        vendor_name: account.vendor_name.clone(),
        support_url: account.support_url.clone(),
        contact: shown.map(|(shown, proof)| ContactView {
            epoch: shown.contact.epoch,
            fingerprint: shown.contact.fingerprint,
            class: shown.contact.class,
            proven_at: proof.proven_at,
            open_to_strangers: proof.open_to_strangers,
        }),
        contact_proof: shown.map(|(_, proof)| proof.clone()),
        group_name: group.name.clone(),
        integrations,
        asked: group.asked.as_ref().map(|asked| (asked.asked.tier, asked.asked.limits)),
        suspended_since: None,
    }
}

fn integration_view(id: IntegrationId, integration: &Integration) -> Option<IntegrationView> {
    let Integration::Live(live) = integration else { return None };
    Some(IntegrationView {
        integration: id,
        name: live.facts.name.clone(),
        facts_version: live.facts_version,
        missing: live.facts.missing().iter().map(|missing| missing.pointer.to_owned()).collect(),
        undeclared_hosts: live.facts.undeclared_hosts(),
    })
}
