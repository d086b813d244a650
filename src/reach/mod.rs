//! How servers are reached, by requests and by calls beside them alike: whom TLS trusts and who the client says it is (files come
//! in, the settings of all connections of a run go out), and through which proxy.

pub mod proxy;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::error::{Error, Result};

/// Whom TLS trusts, and who the client says it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// Any certificate will do.
    pub insecure: bool,
    /// A file of certificates that are trusted beside the system's.
    pub ca: Option<PathBuf>,
    /// The files of the client's own certificate and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// Files of certificates that other clients trust; the system's own variables are heeded where its store is read.
const BUNDLES: [&str; 2] = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

/// The settings of all TLS connections of a run.
///
/// # Errors
/// If a file cannot be read, or nothing is trusted.
pub fn config(trust: &Trust) -> Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let builder = builder.expect("the provider knows the default versions");
    let verifier: Arc<dyn ServerCertVerifier> =
        if trust.insecure { Arc::new(AcceptAll(provider)) } else { Arc::new(verifier(trust, provider)?) };
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    let Some((certificate, key)) = &trust.identity else { return Ok(builder.with_no_client_auth()) };
    let chain = certificates("--tls-cert", certificate)?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|cause| match is_encrypted(key) {
        true => Error::new(format!("cannot read `--tls-key {}`: it is encrypted", key.display()))
            .hint("name a key without a password: `openssl pkey -in FILE -out PLAIN` makes one"),
        false => unreadable("--tls-key", key, &cause.to_string()),
    })?;
    builder.with_client_auth_cert(chain, private).map_err(|cause| {
        Error::new(format!("`--tls-cert` and `--tls-key` do not go together: {cause}"))
            .hint("name the certificate, with those that signed it below, and its own key")
    })
}

/// Checks certificates against the system's trust store and the files that are trusted beside it.
fn verifier(trust: &Trust, provider: Arc<CryptoProvider>) -> Result<Trusting> {
    let mut store = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    store.add_parsable_certificates(found.certs.iter().cloned());
    let mut named = found.certs;
    if let Some(path) = &trust.ca {
        named.extend(certificates("--tls-ca", path)?);
    }
    for (name, path) in
        BUNDLES.iter().filter_map(|name| Some((name, std::env::var_os(name).filter(|path| !path.is_empty())?)))
    {
        // A folder of links, as some of them may be, is for those who know its names.
        if !Path::new(&path).is_dir() {
            named.extend(certificates(name, Path::new(&path))?);
        }
    }
    store.add_parsable_certificates(named.iter().cloned());
    if store.is_empty() {
        let cause = found.errors.first().map_or_else(|| "it is empty".into(), ToString::to_string);
        let error = Error::new(format!("cannot read the system's trust store: {cause}"));
        return Err(
            error.hint("install ca-certificates, name a file of certificates with `--tls-ca`, or pass `--insecure`")
        );
    }
    let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider).build();
    let inner = inner.map_err(|cause| Error::new(format!("cannot check certificates: {cause}")))?;
    Ok(Trusting { inner, named })
}

/// The certificates in the file at `path`, which `what` names.
fn certificates(what: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let found = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>);
    match found {
        Ok(found) if found.is_empty() => Err(unreadable(what, path, "there is no certificate in it")),
        Ok(found) => Ok(found),
        Err(cause) => Err(unreadable(what, path, &cause.to_string())),
    }
}

/// Whether the file of a key says that it is encrypted, in either of two forms.
fn is_encrypted(key: &Path) -> bool {
    std::fs::read_to_string(key).is_ok_and(|text| text.contains("ENCRYPTED"))
}

fn unreadable(what: &str, path: &Path, cause: &str) -> Error {
    Error::new(format!("cannot read `{what} {}`: {cause}", path.display()))
        .hint("name a file in PEM form, with BEGIN and END lines")
}

/// Checks a certificate as usual. One that is trusted itself, by its very bytes, vouches for itself, though it be one that signs
/// others, as those are that `openssl req -x509` makes.
#[derive(Debug)]
struct Trusting {
    inner: Arc<WebPkiServerVerifier>,
    named: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        end: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let refused = match self.inner.verify_server_cert(end, between, name, ocsp, now) {
            Err(refused) if self.named.contains(end) => refused,
            verified => return verified,
        };
        match ParsedCertificate::try_from(end).and_then(|end| verify_server_name(&end, name)) {
            Ok(()) => Ok(ServerCertVerified::assertion()),
            Err(_) => Err(refused),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// The name that the server's certificate must carry.
///
/// # Errors
/// If it is no name.
pub fn name(host: &str) -> Result<ServerName<'static>> {
    ServerName::try_from(host.to_string())
        .map_err(|cause| Error::new(format!("cannot use `{host}` as a TLS server name: {cause}")))
}

/// `--insecure`: any certificate will do; signatures are still checked.
#[derive(Debug)]
struct AcceptAll(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAll {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
