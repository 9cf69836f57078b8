//! Certificates, good and bad, from an authority of the farm's own.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use std::sync::Arc;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer},
    },
};

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Good,
    /// It ran out.
    Expired,
    /// It is for another name.
    Other,
    /// It vouches for itself.
    Own,
}

impl Kind {
    pub(crate) fn read(word: &str) -> Option<Self> {
        Some(match word {
            "good" => Self::Good,
            "expired" => Self::Expired,
            "other" => Self::Other,
            "own" => Self::Own,
            _ => return None,
        })
    }
}

/// Signs for the hosts of a farm.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    /// A new one.
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self { issuer: CertifiedIssuer::self_signed(params, key).expect("a certificate") }
    }

    /// What the good certificates are measured by.
    pub fn root(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// The same as text, as programs read it.
    pub fn root_pem(&self) -> String {
        self.issuer.pem()
    }

    /// The TLS of a host of this name.
    pub(crate) fn acceptor(&self, kind: Kind, host: &str) -> TlsAcceptor {
        let name = if kind == Kind::Other { "elsewhere.org" } else { host };
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        if kind == Kind::Expired {
            params.not_before = date_time_ymd(2015, 1, 1);
            params.not_after = date_time_ymd(2016, 1, 1);
        }
        let key = KeyPair::generate().expect("a key");
        let certificate = match kind {
            Kind::Own => params.self_signed(&key),
            Kind::Good | Kind::Expired | Kind::Other => params.signed_by(&key, &self.issuer),
        };
        let chain = vec![certificate.expect("a certificate").der().clone()];
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a certificate and its key");
        TlsAcceptor::from(Arc::new(config))
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}
