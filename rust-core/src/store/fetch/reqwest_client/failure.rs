//! What went wrong on the way, told from the causes that reqwest, hyper and rustls wrap in one another. No text holds an
//! address: that of a redirect may be signed.

use std::error::Error as StdError;
use std::io;

use rustls::{CertificateError, Error as Tls};

use crate::store::fetch::http_client::HttpError;

/// Before there was an answer.
pub(super) fn while_asking(error: &reqwest::Error) -> HttpError {
    if let Some(tls) = tls(error) {
        return tls_failure(tls);
    }
    if error.is_connect() && !was_connected(error) {
        return HttpError::Unreachable(reason(error));
    }
    after_connecting(error)
}

/// In the middle of the body.
pub(super) fn while_reading(error: &reqwest::Error) -> HttpError {
    after_connecting(error)
}

fn after_connecting(error: &reqwest::Error) -> HttpError {
    let parse = causes(error).any(|cause| cause.downcast_ref::<hyper::Error>().is_some_and(|error| error.is_parse()));
    if parse { HttpError::Invalid(reason(error)) } else { HttpError::Lost(reason(error)) }
}

/// Making a connection failed after somebody had answered: in the handshake.
fn was_connected(error: &reqwest::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    causes(error).any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| {
            matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
        })
    })
}

/// The innermost cause: the outer ones say "error sending request" in other words.
pub(super) fn reason(error: &reqwest::Error) -> String {
    let innermost = causes(error).last();
    let io = innermost.and_then(|cause| cause.downcast_ref::<io::Error>());
    match (innermost, io.map(io::Error::kind)) {
        // rustls points to its manual here.
        (_, Some(io::ErrorKind::UnexpectedEof)) => "the other side ended it".to_owned(),
        (Some(cause), _) => cause.to_string(),
        (None, _) => "no reason was given".to_owned(),
    }
}

fn tls(error: &reqwest::Error) -> Option<&Tls> {
    causes(error).find_map(|cause| cause.downcast_ref::<Tls>())
}

/// The causes of an error, outermost first, without reqwest's own, whose texts hold the address.
fn causes<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(error.source(), |cause| inner(*cause)).filter(|cause| !cause.is::<reqwest::Error>())
}

/// An `io::Error` does not name what it wraps as its source, but the source of that.
fn inner<'a>(cause: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => cause.source(),
    }
}

fn tls_failure(error: &Tls) -> HttpError {
    match error {
        Tls::InvalidCertificate(reason) => HttpError::Tls(certificate(reason)),
        // The network ended the handshake, not the certificate.
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
            "its certificate is from nobody whom this library trusts - for a server or a proxy of your own, give its root as an extra root"
                .into()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name - check the address, and whether a network login page answers".into()
        }
        CertificateError::Revoked => "its certificate was revoked - do not trust this server".into(),
        other => format!("its certificate is not usable ({other}) - try another network, or tell the server's owner"),
    }
}
