//! Certificates, generated once per run of the tests.

use std::sync::{Arc, OnceLock};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// A server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    /// For `localhost` and `127.0.0.1`, signed by the root.
    Good,
    /// The same, but expired.
    Expired,
    /// The same, but not valid yet.
    NotYetValid,
    /// For another name.
    OtherName,
    /// Signed by an unknown root.
    OtherIssuer,
}

/// A trusted root and an unknown one.
pub struct Certificates {
    root: Root,
    other: Root,
}

struct Root {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Certificates {
    /// Generated once, because keys take time.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Certificates> = OnceLock::new();
        SHARED.get_or_init(|| Self { root: Root::new("the tests' root"), other: Root::new("another root") })
    }

    /// The trusted root, in PEM.
    pub fn root() -> String {
        Self::shared().root.pem.clone()
    }

    pub(super) fn acceptor(&self, certificate: Certificate, protocol: &[u8]) -> TlsAcceptor {
        let names = match certificate {
            Certificate::OtherName => vec!["elsewhere.test".to_owned()],
            _ => vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
        };
        let mut params = CertificateParams::new(names).expect("names that may stand in a certificate");
        match certificate {
            Certificate::Expired => {
                (params.not_before, params.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
            }
            Certificate::NotYetValid => {
                (params.not_before, params.not_after) = (date_time_ymd(2201, 1, 1), date_time_ymd(2202, 1, 1));
            }
            Certificate::Good | Certificate::OtherName | Certificate::OtherIssuer => {}
        }
        let root = if certificate == Certificate::OtherIssuer { &self.other } else { &self.root };
        let key = KeyPair::generate().expect("a key");
        let leaf = params.signed_by(&key, &root.issuer).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring knows them")
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)
            .expect("the key belongs to the certificate");
        config.alpn_protocols = vec![protocol.to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }
}

impl Root {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }
}
