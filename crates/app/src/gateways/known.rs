//! The live credentials of all gateways, in memory: asked at every call, changed a few times a year.

use crate::{Inner, error::AppError};
use domain::{
    gateway::{Gateway, Settings},
    ids::{GatewayCredentialId, GatewayId},
};
use papaya::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Mutex;

/// A gateway whose credential was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownGateway {
    /// Which.
    pub gateway: GatewayId,
    /// By which of its credentials.
    pub credential: GatewayCredentialId,
    /// How it is treated.
    pub settings: Settings,
}

/// Live credentials by keyed hash. Loaded whole, so that a credential nobody knows costs no look at a disk;
/// loaded again by every change, before the change is answered. All changes go through this process: who
/// lets several write one log must follow the log here.
#[derive(Default)]
pub(crate) struct Known {
    live: HashMap<[u8; 32], KnownGateway, foldhash::fast::RandomState>,
    /// The same by the id of the credential, for gateways that sign.
    by_id: HashMap<GatewayCredentialId, KnownGateway, foldhash::fast::RandomState>,
    /// Whether `live` holds all there are.
    is_whole: AtomicBool,
    /// One load at a time: the last one to begin has seen every change before it.
    loading: Mutex<()>,
}

impl Known {
    /// Whose credential has this hash. Loads first when nothing, or not everything, was loaded yet.
    pub(crate) async fn find(
        &self,
        inner: &Inner,
        hash: &[u8; 32],
    ) -> Result<Option<KnownGateway>, AppError> {
        if let Some(known) = self.live.pin().get(hash) {
            return Ok(Some(*known));
        }
        self.make_whole(inner).await?;
        Ok(self.live.pin().get(hash).copied())
    }

    /// The gateway of the live credential with this id.
    pub(crate) async fn find_by_id(
        &self,
        inner: &Inner,
        id: GatewayCredentialId,
    ) -> Result<Option<KnownGateway>, AppError> {
        self.make_whole(inner).await?;
        Ok(self.by_id.pin().get(&id).copied())
    }

    async fn make_whole(&self, inner: &Inner) -> Result<(), AppError> {
        if self.is_whole.load(Ordering::Acquire) {
            return Ok(());
        }
        let _turn = self.loading.lock().await;
        if self.is_whole.load(Ordering::Acquire) {
            return Ok(());
        }
        self.load(inner).await
    }

    /// Takes in what has changed. When that fails nothing is known until a load succeeds: a credential that
    /// was revoked must not go on.
    pub(crate) async fn refresh(&self, inner: &Inner) {
        let _turn = self.loading.lock().await;
        if let Err(error) = self.load(inner).await {
            tracing::warn!(%error, "credentials of gateways are loaded again at the next call");
            self.is_whole.store(false, Ordering::Release);
            self.live.pin().clear();
            self.by_id.pin().clear();
        }
    }

    /// What side state holds and the log calls live.
    async fn load(&self, inner: &Inner) -> Result<(), AppError> {
        let mut found = std::collections::HashMap::new();
        for stored in inner.side.gateway_credentials().await? {
            let gateway = inner.folds.aggregate::<Gateway>(stored.gateway).await?.state;
            if let Gateway::Active(active) = &*gateway
                && active.has(stored.credential)
            {
                let (gateway, credential, settings) = (stored.gateway, stored.credential, active.settings);
                found.insert(stored.hash, KnownGateway { gateway, credential, settings });
            }
        }
        let live = self.live.pin();
        live.retain(|hash, _| found.contains_key(hash));
        let by_id = self.by_id.pin();
        by_id.retain(|id, _| found.values().any(|known| known.credential == *id));
        for (hash, known) in found {
            live.insert(hash, known);
            by_id.insert(known.credential, known);
        }
        self.is_whole.store(true, Ordering::Release);
        Ok(())
    }
}
