//! Rules for addresses: which may be requested, and how they are shown. Pure.

use std::net::Ipv6Addr;

use url::{Host, Url};

use crate::error::{Error, ErrorCode, Result};

/// Parses an address that an app or a person wrote.
pub fn parse(text: &str, allow_insecure: bool) -> Result<Url> {
    let url = Url::parse(text).map_err(|error| {
        // The text itself may contain a password.
        let detail = format!("the address is not a URL ({error}) - write https://HOST/PATH");
        Error::new(ErrorCode::InvalidOptions, detail).with_source(error)
    })?;
    check(&url, allow_insecure)?;
    Ok(url)
}

/// Rejects an unencrypted address, unless it stays on this device or is allowed, and an address with credentials.
pub fn check(url: &Url, allow_insecure: bool) -> Result<()> {
    let encrypted = match url.scheme() {
        "https" => true,
        "http" => allow_insecure || is_loopback(url),
        _ => false,
    };
    if !encrypted {
        let detail = format!("{} is not https - use the https: address of the file", redacted(url));
        return Err(Error::new(ErrorCode::InsecureUrl, detail));
    }
    if !url.username().is_empty() || url.password().is_some() {
        let detail = format!("{} has credentials in its address - pass a token instead", redacted(url));
        return Err(Error::new(ErrorCode::InvalidOptions, detail));
    }
    Ok(())
}

/// Whether requests to this address stay on the device.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address == Ipv6Addr::LOCALHOST,
        None => false,
    }
}

/// Whether both have the same scheme, host and port, so that a token for one may be sent to the other.
pub fn same_origin(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host() == other.host()
        && one.port_or_known_default() == other.port_or_known_default()
}

/// The address without anything that may be secret (user, password, query, fragment). For people, logs and files.
pub fn redacted(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL of the test")
    }

    #[test]
    fn only_https_leaves_the_device() {
        for (text, insecure, expected) in [
            ("https://example.org/a.gguf", false, None),
            ("http://127.0.0.1:8080/a.gguf", false, None),
            ("http://127.9.9.9/a.gguf", false, None),
            ("http://[::1]:8080/a.gguf", false, None),
            ("http://localhost/a.gguf", false, None),
            ("http://example.org/a.gguf", true, None),
            ("http://example.org/a.gguf", false, Some(ErrorCode::InsecureUrl)),
            ("http://0.0.0.0/a.gguf", false, Some(ErrorCode::InsecureUrl)),
            ("http://localhost.example.org/a.gguf", false, Some(ErrorCode::InsecureUrl)),
            ("http://127.0.0.1.example.org/a.gguf", false, Some(ErrorCode::InsecureUrl)),
            ("ftp://example.org/a.gguf", true, Some(ErrorCode::InsecureUrl)),
            ("file:///etc/passwd", true, Some(ErrorCode::InsecureUrl)),
            ("https://me:hunter2@example.org/a.gguf", false, Some(ErrorCode::InvalidOptions)),
            ("example.org/a.gguf", false, Some(ErrorCode::InvalidOptions)),
        ] {
            let outcome = parse(text, insecure);
            assert_eq!(outcome.as_ref().err().map(|error| error.code), expected, "{text}");
            assert!(outcome.err().is_none_or(|error| !error.detail.contains("hunter2")), "{text}");
        }
    }

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        assert_eq!(
            redacted(&url("https://u:p@example.org:8443/a%20b/c.gguf?sig=1#x")),
            "https://example.org:8443/a%20b/c.gguf"
        );
        assert_eq!(redacted(&url("https://example.org")), "https://example.org/");
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let one = url("https://example.org/a");
        for (other, expected) in [
            ("https://example.org/b?c", true),
            ("https://EXAMPLE.org:443/b", true),
            ("http://example.org/a", false),
            ("https://example.org:8443/a", false),
            ("https://cdn.example.org/a", false),
        ] {
            assert_eq!(same_origin(&one, &url(other)), expected, "{other}");
        }
    }
}
