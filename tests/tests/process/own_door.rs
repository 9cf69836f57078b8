//! A listener for gateways only, with TLS and certificates.

use crate::install;
use portal_tests::process::{Installation, Server};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};
use server::demo::smtp_sink::SmtpSink;
use std::{io, sync::Arc};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// An authority, and one more certificate of it as PEM texts.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self { issuer: CertifiedIssuer::self_signed(params, key).expect("a certificate") }
    }

    fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }
}

/// A client that trusts an authority, and perhaps shows a certificate.
fn client(trusted: &Authority, shown: Option<&(String, String)>) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.issuer.der().clone()).expect("an authority");
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().expect("versions");
    let builder = builder.with_root_certificates(roots);
    let config = match shown {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).expect("PEM");
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("PEM");
            builder.with_client_auth_cert(vec![certificate], key).expect("a pair")
        }
    };
    TlsConnector::from(Arc::new(config))
}

/// The head and body of the answer to a GET; an error when TLS does not come to be.
async fn get(client: TlsConnector, port: u16, path: &str) -> io::Result<String> {
    let name = ServerName::try_from("localhost").expect("a name");
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let mut stream = client.connect(name, stream).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    // A server that refuses a certificate says so only after the client has sent its request.
    match stream.read_to_end(&mut answer).await {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && !answer.is_empty() => {}
        Err(error) => return Err(error),
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// A server whose door has a listener of its own, and where that is.
async fn serve(installation: &Installation, settings: &[(&str, &str)]) -> (Server, u16) {
    let server = installation.serve_with(settings).await;
    let port = server.log().lines().find_map(door_port).expect("it tells where gateways ask");
    (server, port)
}

fn door_port(line: &str) -> Option<u16> {
    let address = line.contains("listening for gateways").then(|| line.split("127.0.0.1:").nth(1))??;
    address.split('"').next()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_of_its_own_wants_the_certificate_of_a_known_authority_and_is_the_only_one() {
    let sink = SmtpSink::start().await.expect("a sink");
    let installation = install(&sink);
    let (ours, theirs, strangers) = (Authority::new(), Authority::new(), Authority::new());
    let (certificate, key) = ours.issue("localhost");
    let file = |name: &str, text: &str| {
        let path = installation.data_dir().join(name);
        std::fs::write(&path, text).expect("written");
        path.to_str().expect("UTF-8").to_owned()
    };
    let [cert, key, ca] = [("door.crt", certificate), ("door.key", key), ("ca.crt", theirs.issuer.pem())]
        .map(|(name, text)| file(name, &text));
    let settings = [
        ("gateway.listen", "127.0.0.1:0"),
        ("gateway.tls_cert", &cert),
        ("gateway.tls_key", &key),
        ("gateway.client_ca", &ca),
    ];
    let (server, port) = serve(&installation, &settings).await;
    let ask = async |client: TlsConnector, path: &str| get(client, port, path).await;

    let gateway = theirs.issue("gateway");
    let answer = ask(client(&ours, Some(&gateway)), "/gateway/authorize").await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("gateway-unknown"), "{answer}");
    let elsewhere = ask(client(&ours, Some(&gateway)), "/v1/policy").await.expect("an answer");
    assert!(elsewhere.starts_with("HTTP/1.1 404 "), "only the door is there: {elsewhere}");

    assert!(ask(client(&ours, None), "/gateway/authorize").await.is_err(), "no certificate");
    let stranger = strangers.issue("gateway");
    assert!(ask(client(&ours, Some(&stranger)), "/gateway/authorize").await.is_err(), "a stranger's");

    server.api().get("/gateway/authorize").refused(404, "route.not_found").await;
    let (status, log) = tokio::task::spawn_blocking(|| server.terminate()).await.expect("it stops");
    assert!(status.success(), "{log}");
}
