//! TLS by the pod itself, from PEM files, with rustls and aws-lc.
//!
//! The files are read at the start and again when asked, so that a renewed certificate needs no restart; when the new files are not
//! good the old ones stay in force. It is not a client of certificate authorities.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::{Context, Result};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The certificate in force; clones share it.
#[derive(Clone)]
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    current: Arc<RwLock<Arc<ServerConfig>>>,
}

impl Tls {
    /// Reads the files.
    pub fn load(certificate: &Path, key: &Path) -> Result<Tls> {
        Ok(Tls {
            current: Arc::new(RwLock::new(Arc::new(read(certificate, key)?))),
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        })
    }

    /// Reads the files again.
    pub fn reload(&self) -> Result<()> {
        let config = Arc::new(read(&self.certificate, &self.key)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    /// Does the handshake.
    pub async fn accept(&self, socket: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let current = Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner));
        TlsAcceptor::from(current).accept(socket).await
    }
}

fn read(certificate: &Path, key: &Path) -> Result<ServerConfig> {
    let about = |what: &str, path: &Path| format!("{what} {} cannot be used", path.display());
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| about("tls.certificate", certificate))?;
    anyhow::ensure!(
        !chain.is_empty(),
        "tls.certificate {} holds no certificate",
        certificate.display()
    );
    let private = PrivateKeyDer::from_pem_file(key).with_context(|| about("tls.key", key))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .with_context(|| about("tls.key", key))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
