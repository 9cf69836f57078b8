//! A listener for gateways only, with TLS and certificates of theirs where the operator wants it.

use crate::{
    api,
    config::{Gateway, Tls},
    exit::Failure,
    portal::Portal,
    startup::serve,
};
use actix_web::{
    dev::{Server, ServerHandle},
    web::{Data, ServiceConfig},
};
use anyhow::Context as _;
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};
use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::Arc,
};

/// Marks an application whose listener is for gateways.
pub(super) struct Here;

/// A bound listener for gateways.
pub(crate) struct OwnDoor {
    address: SocketAddr,
    server: Server,
}

impl OwnDoor {
    /// Binds the listener, if there is to be one.
    pub(crate) fn open(
        config: &Gateway,
        workers: usize,
        portal: &Data<Portal>,
    ) -> Result<Option<Self>, Failure> {
        let Some(listen) = config.listen else { return Ok(None) };
        let listener = TcpListener::bind(listen)
            .map_err(|error| Failure::Unavailable(format!("cannot listen on {listen}: {error}")))?;
        let address = listener.local_addr().context("the port has no address")?;
        let portal = portal.clone();
        let configure = move |config: &mut ServiceConfig| {
            config.app_data(portal.clone()).app_data(Here);
            api::register_below("/gateway/", config);
        };
        let tls = config.tls.as_ref().map(tls_config).transpose()?;
        let server = serve(listener, tls, workers, configure)?;
        Ok(Some(Self { address, server }))
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers from now on, until the handle stops it.
    pub(crate) fn start(self) -> ServerHandle {
        let (address, handle) = (self.address, self.server.handle());
        tracing::info!(%address, "listening for gateways");
        tokio::spawn(async move {
            if let Err(error) = self.server.await {
                tracing::error!(%error, "gateways are not answered any more");
            }
        });
        handle
    }
}

fn tls_config(tls: &Tls) -> Result<ServerConfig, Failure> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("there is no version of TLS")?;
    let builder = match &tls.client_ca {
        Some(file) => builder.with_client_cert_verifier(verifier(file)?),
        None => builder.with_no_client_auth(),
    };
    let key = PrivateKeyDer::from_pem_file(&tls.key)
        .with_context(|| format!("gateway.tls_key: {} holds no private key", tls.key.display()))?;
    let config = builder.with_single_cert(certificates(&tls.cert, "gateway.tls_cert")?, key);
    Ok(config.context("gateway.tls_cert and gateway.tls_key do not belong together")?)
}

/// Lets in whoever shows a certificate of one of the authorities.
fn verifier(file: &Path) -> Result<Arc<dyn ClientCertVerifier>, Failure> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file, "gateway.client_ca")? {
        roots.add(certificate).context("gateway.client_ca holds what is no certificate authority")?;
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
    Ok(verifier.context("gateway.client_ca cannot be used")?)
}

fn certificates(file: &Path, key: &str) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = read.with_context(|| format!("{key}: {} cannot be read", file.display()))?;
    if found.is_empty() {
        return Err(anyhow::anyhow!("{key}: {} holds no certificate", file.display()).into());
    }
    Ok(found)
}
