//! Classifies reqwest errors by the causes that reqwest, hyper and rustls wrap in one another. No text contains an
//! address, because a redirect's address may be signed.

use std::error::Error as StdError;
use std::io;

use rustls::{CertificateError, Error as Tls};

use crate::store::fetch::http_client::HttpError;

/// An error before the response's headers.
pub(super) fn while_asking(error: &reqwest::Error) -> HttpError {
    if let Some(tls) = tls(error) {
        return tls_failure(tls);
    }
    if error.is_connect() && !was_connected(error) {
        return HttpError::Unreachable(reason(error));
    }
    after_connecting(error)
}

/// An error in the body.
pub(super) fn while_reading(error: &reqwest::Error) -> HttpError {
    after_connecting(error)
}

fn after_connecting(error: &reqwest::Error) -> HttpError {
    let parse = causes(error).any(|cause| cause.downcast_ref::<hyper::Error>().is_some_and(|error| error.is_parse()));
    if parse { HttpError::Invalid(reason(error)) } else { HttpError::Lost(reason(error)) }
}

/// Whether the connection failed after TCP was established: in the handshake.
fn was_connected(error: &reqwest::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    causes(error).any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| {
            matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
        })
    })
}

/// The innermost cause. The outer ones only say "error sending request".
pub(super) fn reason(error: &reqwest::Error) -> String {
    let innermost = causes(error).last();
    let io = innermost.and_then(|cause| cause.downcast_ref::<io::Error>());
    match (innermost, io.map(io::Error::kind)) {
        // rustls refers to its manual here.
        (_, Some(io::ErrorKind::UnexpectedEof)) => "the other side closed the connection".to_owned(),
        (Some(cause), _) => cause.to_string(),
        (None, _) => "no reason was given".to_owned(),
    }
}

fn tls(error: &reqwest::Error) -> Option<&Tls> {
    causes(error).find_map(|cause| cause.downcast_ref::<Tls>())
}

/// The causes of an error, outermost first, without reqwest's own, whose texts contain the address.
fn causes<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(error.source(), |cause| inner(*cause)).filter(|cause| !cause.is::<reqwest::Error>())
}

/// The source of a wrapping `io::Error` is its content's source, so the content itself has to be asked for.
fn inner<'a>(cause: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => cause.source(),
    }
}

fn tls_failure(error: &Tls) -> HttpError {
    match error {
        Tls::InvalidCertificate(reason) => HttpError::Tls(certificate(reason)),
        // The network, not the certificate, ended the handshake.
        Tls::General(_) | Tls::HandshakeNotComplete => HttpError::Lost(error.to_string()),
        other => HttpError::Tls(other.to_string()),
    }
}

fn certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired - check this device's clock, or wait until the server has a new one".into()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet - check this device's clock".into()
        }
        CertificateError::UnknownIssuer => {
            "its certificate comes from an unknown authority - for your own server or proxy, pass its root as an extra root"
                .into()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name - check the address, and whether the network requires a login".into()
        }
        CertificateError::Revoked => "its certificate was revoked - do not trust this server".into(),
        other => format!("its certificate is unusable ({other}) - try another network, or tell the server's owner"),
    }
}
