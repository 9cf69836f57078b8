//! Opportunistic TLS (RFC 7435): any certificate is taken, because the choice is between that and none at all, and a
//! probe has nothing to hide. Whether the certificate holds is noted.

use std::{io, sync::Arc};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        self, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
        client::{
            Resumption, WebPkiServerVerifier,
            danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        },
        crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
        pki_types::{CertificateDer, ServerName, UnixTime},
    },
};

/// What certificates are measured by.
#[derive(Clone)]
pub struct Roots(Arc<RootCertStore>);

impl Default for Roots {
    /// None, so that nothing is measured.
    fn default() -> Self {
        Self::of([])
    }
}

impl Roots {
    /// Those the system trusts. One that cannot be read is left out; a probe measures by what there is.
    pub fn of_the_system() -> Self {
        Self::of(rustls_native_certs::load_native_certs().certs)
    }

    /// These and no others; without any, nothing is measured.
    pub fn of(certificates: impl IntoIterator<Item = CertificateDer<'static>>) -> Self {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(certificates);
        Self(Arc::new(store))
    }
}

/// What a server's certificate is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Certificate {
    /// It holds, or there was nothing to measure it by.
    Sound,
    /// Expired, for another name, or from nobody we know.
    Unsound,
}

/// Makes TLS connections.
pub(crate) struct Client {
    connector: TlsConnector,
    measure: Option<Arc<WebPkiServerVerifier>>,
    now: UnixTime,
}

impl Client {
    /// Measures certificates by `roots`, or not at all when they are empty. None when the TLS library refuses its
    /// own defaults.
    pub(crate) fn new(roots: &Roots, now: UnixTime) -> Option<Self> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let measure =
            WebPkiServerVerifier::builder_with_provider(roots.0.clone(), provider.clone()).build().ok();
        let mut config = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .ok()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(TakesAny(provider)))
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        Some(Self { connector: Arc::new(config).into(), measure, now })
    }

    /// The handshake; `host` is the name asked for, never looked up again.
    pub(crate) async fn handshake<S>(&self, host: &str, stream: S) -> io::Result<(TlsStream<S>, Certificate)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let stream = self.connector.connect(name.clone(), stream).await?;
        let certificate = match (&self.measure, stream.get_ref().1.peer_certificates()) {
            (Some(measure), Some([first, rest @ ..])) => {
                match measure.verify_server_cert(first, rest, &name, &[], self.now) {
                    Ok(_) => Certificate::Sound,
                    Err(_) => Certificate::Unsound,
                }
            }
            (Some(_), _) => Certificate::Unsound,
            (None, _) => Certificate::Sound,
        };
        Ok((stream, certificate))
    }
}

/// Asks only that the server holds the key of the certificate it shows.
#[derive(Debug)]
struct TakesAny(Arc<CryptoProvider>);

impl ServerCertVerifier for TakesAny {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
