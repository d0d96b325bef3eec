//! Trusted certificates (decision 16).

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::error::{Error, ErrorCode, Result};

pub(super) fn config(extra_roots: &[String]) -> Result<ClientConfig> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for pem in extra_roots {
        add(&mut roots, pem)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring knows TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn add(roots: &mut RootCertStore, pem: &str) -> Result<()> {
    let invalid = |reason: String| {
        let detail = format!("an extra root is not a PEM certificate: {reason} - pass the text of a .pem file");
        Error::new(ErrorCode::InvalidOptions, detail)
    };
    let mut found = 0;
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| invalid(format!("{error:?}")).with_source(error))?;
        roots.add(certificate).map_err(|error| invalid(error.to_string()).with_source(error))?;
        found += 1;
    }
    if found == 0 { Err(invalid("it contains no certificate".into())) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extra_root_must_be_a_certificate() {
        for bad in ["", "not a certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let outcome = config(&[bad.to_owned()]).map(|_| ());
            assert_eq!(outcome.map_err(|error| error.code), Err(ErrorCode::InvalidOptions), "{bad}");
        }
    }
}
