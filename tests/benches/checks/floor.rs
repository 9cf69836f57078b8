//! The network floor: the bytes of a check, said by a client that knows beforehand what comes and judges nothing. It has
//! no limits, no times and no filter. Each question has a port of its own, as in the product, because that is part
//! of what goes over the network (RFC 5452, 9.2).

use crate::{
    case::{Case, Contact},
    ours::{HELO, SENDER},
    remote::Places,
};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use std::{net::Ipv4Addr, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpStream, UdpSocket},
};
use tokio_rustls::TlsConnector;

/// Types of questions (RFC 1035, 3.2.2; RFC 3596, 2.1).
const A: u8 = 1;
const NS: u8 = 2;
const MX: u8 = 15;
const AAAA: u8 = 28;

#[derive(Clone)]
pub(crate) struct Floor {
    places: Places,
    tls: TlsConnector,
}

impl Floor {
    pub(crate) fn new(places: &Places) -> Self {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(TakesAny(provider)))
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        Self { places: places.clone(), tls: Arc::new(config).into() }
    }

    pub(crate) async fn check(&self, contact: &Contact, lot: u128) {
        let (domain, host) = (contact.domain(), format!("mx.{}", contact.domain()));
        for (name, kind) in [(domain, MX), (&host, A), (&host, AAAA), (domain, NS)] {
            self.ask(name, kind).await;
        }
        let mut stream = TcpStream::connect(self.places.doors[&contact.host]).await.unwrap();
        stream.set_nodelay(true).unwrap();
        hear(&mut stream).await;
        say(&mut stream, &format!("EHLO {HELO}")).await;
        if contact.case == Case::Encrypted {
            say(&mut stream, "STARTTLS").await;
            let mut stream = self.tls.connect(ServerName::try_from(host).unwrap(), stream).await.unwrap();
            say(&mut stream, &format!("EHLO {HELO}")).await;
            converse(&mut stream, contact, lot).await;
        } else {
            converse(&mut stream, contact, lot).await;
        }
    }

    async fn ask(&self, name: &str, kind: u8) {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await.unwrap();
        socket.connect(self.places.resolver).await.unwrap();
        socket.send(&question(name, kind)).await.unwrap();
        socket.recv(&mut [0; 1_232]).await.unwrap();
    }
}

async fn converse(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), contact: &Contact, lot: u128) {
    let domain = contact.domain();
    say(stream, &format!("MAIL FROM:<{SENDER}>")).await;
    say(stream, &format!("RCPT TO:<{}>", contact.to)).await;
    let control = match contact.case {
        Case::Refused => format!("RCPT TO:<postmaster@{domain}>"),
        Case::Taken | Case::Encrypted | Case::Slow => format!("RCPT TO:<{lot:032x}@{domain}>"),
    };
    for line in [control.as_str(), "RSET", "QUIT"] {
        say(stream, line).await;
    }
}

async fn say(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), line: &str) {
    stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    hear(stream).await;
}

/// Until a line that is a reply's last one ends.
async fn hear(stream: &mut (impl AsyncRead + Unpin)) {
    let mut heard = Vec::new();
    loop {
        assert!(stream.read_buf(&mut heard).await.unwrap() > 0, "gone");
        let whole = heard.strip_suffix(b"\r\n").unwrap_or_default();
        if whole.rsplit(|byte| *byte == b'\n').next().is_some_and(|line| line.get(3) == Some(&b' ')) {
            return;
        }
    }
}

/// A question with a payload size (RFC 6891).
fn question(name: &str, kind: u8) -> Vec<u8> {
    let mut bytes = vec![7, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1];
    for label in name.split('.') {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label.as_bytes());
    }
    bytes.extend([0, 0, kind, 0, 1]);
    bytes.extend([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);
    bytes
}

/// Asks only that the server holds the key of the certificate it shows, as the product does.
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
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
