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
        if !self.is_whole.load(Ordering::Acquire) {
            let _turn = self.loading.lock().await;
            if !self.is_whole.load(Ordering::Acquire) {
                self.load(inner).await?;
            }
        }
        Ok(self.live.pin().get(hash).copied())
    }

    /// Takes in what has changed. When that fails nothing is known until a load succeeds: a credential that
    /// was revoked must not go on.
    pub(crate) async fn refresh(&self, inner: &Inner) {
        let _turn = self.loading.lock().await;
        if let Err(error) = self.load(inner).await {
            tracing::warn!(%error, "credentials of gateways are loaded again at the next call");
            self.is_whole.store(false, Ordering::Release);
            self.live.pin().clear();
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
        for (hash, known) in found {
            live.insert(hash, known);
        }
        self.is_whole.store(true, Ordering::Release);
        Ok(())
    }
}
