//! Certificates: read, made for trials, and read again when their content changes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use sha2::{Digest as _, Sha256};

/// Bytes of a certificate's or key's file: more is none.
const MAX_FILE: u64 = 1 << 20;

/// Where the certificate comes from.
#[derive(Clone)]
pub enum Tls {
    /// Files, PEM: the certificate with its chain, and its key.
    Files {
        /// The certificate first, then those that it is signed by.
        cert: PathBuf,
        /// Its private key.
        key: PathBuf,
        /// Certificates of which one must have signed the client's.
        client_ca: Option<PathBuf>,
    },
    /// One made for trials.
    Dev(Arc<DevCertificate>),
    /// None: plain HTTP, behind something that ends TLS.
    Plain,
}

/// What connections are made with.
pub struct Identity {
    /// For the handshake.
    pub config: Arc<ServerConfig>,
    /// When the certificate ends, in seconds since 1970.
    pub ends: i64,
    /// Tells one content of the files from another.
    pub digest: [u8; 32],
}

/// A certificate made for trials.
pub struct DevCertificate {
    /// What connections are made with.
    pub(crate) identity: Identity,
    pem: String,
}

impl DevCertificate {
    /// What a webhook's registration says as `caBundle`: the certificate's PEM in base64.
    #[must_use]
    pub fn ca_bundle(&self) -> String {
        base64::engine::general_purpose::STANDARD.encode(&self.pem)
    }
}

/// Reads certificate, key and the clients' authority.
///
/// # Errors
/// When a file cannot be read or used, or key and certificate do not belong together.
pub fn read(cert: &Path, key: &Path, client_ca: Option<&Path>) -> anyhow::Result<Identity> {
    let (cert_pem, key_pem) = (file(cert)?, file(key)?);
    let ca_pem = client_ca.map(file).transpose()?;
    let mut digest = Sha256::new();
    for text in [Some(&cert_pem), Some(&key_pem), ca_pem.as_ref()].into_iter().flatten() {
        digest.update(text.len().to_le_bytes());
        digest.update(text);
    }
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&cert_pem)
        .collect::<Result<_, _>>()
        .with_context(|| format!("{} is not PEM", cert.display()))?;
    // The error would say where in the key.
    let Ok(key_der) = PrivateKeyDer::from_pem_slice(&key_pem) else {
        bail!("{} holds no private key in PEM", key.display());
    };
    identity(chain, key_der, ca_pem.as_deref(), digest.finalize().into())
        .with_context(|| format!("{} and {} cannot be used", cert.display(), key.display()))
}

/// Makes a certificate that signs itself, for `localhost` and 127.0.0.1.
///
/// # Errors
/// When no key can be made.
pub fn dev_certificate() -> anyhow::Result<DevCertificate> {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).context("a certificate cannot be made")?;
    let pem = made.cert.pem();
    let key = PrivateKeyDer::from_pem_slice(made.signing_key.serialize_pem().as_bytes())
        .map_err(|_| anyhow::anyhow!("the key that was made cannot be used"))?;
    let identity = identity(vec![made.cert.der().clone()], key, None, [0; 32])?;
    Ok(DevCertificate { identity, pem })
}

fn file(path: &Path) -> anyhow::Result<Vec<u8>> {
    let shown = path.display();
    let size = std::fs::metadata(path)
        .with_context(|| format!("{shown} cannot be read"))?
        .len();
    if size > MAX_FILE {
        bail!("{shown} has {size} bytes, more than a certificate may have");
    }
    std::fs::read(path).with_context(|| format!("{shown} cannot be read"))
}

fn identity(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    client_ca: Option<&[u8]>,
    digest: [u8; 32],
) -> anyhow::Result<Identity> {
    let leaf = chain.first().context("there is no certificate")?;
    let (_, parsed) =
        x509_parser::parse_x509_certificate(leaf).map_err(|_| anyhow::anyhow!("the certificate is none"))?;
    let ends = parsed.validity().not_after.timestamp();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .context("TLS 1.2 and 1.3 are not there")?;
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        Some(pem) => {
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(pem) {
                roots.add(certificate.context("the clients' authority is not PEM")?)?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.context("the clients' authority cannot be used")?)
        }
    };
    let mut config = builder.with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Identity {
        config: Arc::new(config),
        ends,
        digest,
    })
}
