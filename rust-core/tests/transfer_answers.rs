//! Downloads from a server that answers correctly or incorrectly.

mod seeded;
mod transfer_common;
mod transfer_server;

use std::time::{Duration, Instant};

use llama_rs_core::error::{Error, ErrorCode};
use llama_rs_core::store::{Digest, DownloadRequest, NetworkOptions, Secret};
use transfer_common::{content, expecting, fetch, fetcher, folder, impatient, is_empty, wanted};
use transfer_server::{Act, Certificate, Protocol, Served, Server};

const PROTOCOLS: [Protocol; 3] = [Protocol::Plain, Protocol::Http1, Protocol::Http2];

async fn refused(server: &Server, wanted: DownloadRequest) -> Error {
    let folder = folder();
    let error = fetch(folder.path(), wanted).await.expect_err("a bad answer");
    assert!(is_empty(folder.path()), "a bad file was accepted: {error}");
    assert!(!server.site.seen().is_empty() || error.code == ErrorCode::InsecureUrl);
    error
}

#[tokio::test]
async fn a_file_comes_over_every_protocol() {
    for protocol in PROTOCOLS {
        for length in [1, 1_000, 1 << 20, (5 << 20) + 1] {
            let server = Server::start(protocol).await;
            server.site.put("/a.gguf", Served::new(content(length)));
            let came = fetch(folder().path(), expecting(&server.url("/a.gguf"), &content(length))).await;
            assert!(came == Ok(content(length)), "{protocol:?} {length}");
            let seen = server.site.seen();
            assert_eq!((seen.len(), server.site.body_bytes()), (1, length));
            assert_eq!(seen[0].version == hyper::Version::HTTP_2, protocol == Protocol::Http2);
            assert_eq!(seen[0].accept_encoding.as_deref(), Some("identity"));
            assert_eq!(seen[0].authorization, None);
        }
    }
}

#[tokio::test]
async fn a_file_that_nothing_is_known_of_comes_too() {
    let server = Server::start(Protocol::Http1).await;
    server.site.put("/a.gguf", Served { etag: None, ..Served::new(content(3_000)) });
    assert_eq!(fetch(folder().path(), wanted(&server.url("/a.gguf"))).await, Ok(content(3_000)));
}

#[tokio::test]
async fn a_wrong_length_is_refused() {
    for protocol in PROTOCOLS {
        let server = Server::start(protocol).await;
        for length in ["2999", "3001"] {
            let headers = vec![("x-linked-size", length.to_owned())];
            server.site.put("/a.gguf", Served { headers, ..Served::new(content(3_000)) });
            assert_eq!(refused(&server, wanted(&server.url("/a.gguf"))).await.code, ErrorCode::LengthMismatch);
        }
    }
}

#[tokio::test]
async fn a_wrong_digest_is_refused_and_nothing_of_it_kept() {
    for protocol in PROTOCOLS {
        let server = Server::start(protocol).await;
        server.site.put("/a.gguf", Served::new(content(3_000)));
        let folder = folder();
        for attempt in 1..=2 {
            let wanted = expecting(&server.url("/a.gguf"), b"another");
            let error = fetch(folder.path(), wanted).await.expect_err("not what was meant");
            assert_eq!(error.code, ErrorCode::DigestMismatch);
            assert!(is_empty(folder.path()));
            assert_eq!(server.site.body_bytes(), attempt * 3_000);
        }
    }
}

#[tokio::test]
async fn the_hubs_own_word_of_a_file_is_checked() {
    let server = Server::start(Protocol::Http1).await;
    server.site.put("/cdn", Served::new(content(3_000)));
    let pointer = |length: &str, sha256: Digest| {
        let headers = [("location", "/cdn".to_owned()), ("x-linked-size", length.to_owned())];
        Act::Status(302, [&headers[..], &[("x-linked-etag", format!("\"{sha256}\""))]].concat())
    };
    let good = Digest::of(&content(3_000));
    server
        .site
        .script("/a.gguf", [pointer("3000", good), pointer("3001", good), pointer("3000", Digest::of(b"other"))]);
    assert_eq!(fetch(folder().path(), wanted(&server.url("/a.gguf"))).await, Ok(content(3_000)));
    assert_eq!(refused(&server, wanted(&server.url("/a.gguf"))).await.code, ErrorCode::LengthMismatch);
    assert_eq!(refused(&server, wanted(&server.url("/a.gguf"))).await.code, ErrorCode::DigestMismatch);
    // The hub's digest contradicts the expected one, so the file itself need not be read.
    server.site.script("/a.gguf", [pointer("3000", Digest::of(b"other"))]);
    let error = refused(&server, expecting(&server.url("/a.gguf"), &content(3_000))).await;
    assert!(error.code == ErrorCode::DigestMismatch && error.detail.contains("the server has one"), "{error}");
}

#[tokio::test]
async fn what_is_no_answer_is_refused() {
    for protocol in PROTOCOLS {
        for (act, code) in [
            (Act::Encoded("gzip"), ErrorCode::ResponseInvalid),
            (Act::Encoded("br"), ErrorCode::ResponseInvalid),
            (Act::Endless, ErrorCode::ResponseInvalid),
            (Act::Chunked, ErrorCode::ResponseInvalid),
            (Act::OtherRange("bytes 0-2999/3000".into()), ErrorCode::ResponseInvalid),
            (Act::Status(204, vec![]), ErrorCode::ResponseInvalid),
            (Act::Status(416, vec![]), ErrorCode::HttpStatus),
            (Act::Status(404, vec![]), ErrorCode::ModelNotFound),
            (Act::Status(410, vec![]), ErrorCode::ModelNotFound),
            (Act::Status(401, vec![]), ErrorCode::AccessDenied),
            (Act::Status(403, vec![]), ErrorCode::AccessDenied),
            (Act::Status(302, vec![]), ErrorCode::ResponseInvalid),
            (Act::Status(302, vec![("location", "http://[".into())]), ErrorCode::ResponseInvalid),
            (Act::With(vec![("x-long", "x".repeat(200 << 10))]), ErrorCode::ResponseInvalid),
        ] {
            let server = Server::start(protocol).await;
            server.site.put("/a.gguf", Served::new(content(3_000)));
            server.site.always("/a.gguf", act.clone());
            let error = refused(&server, wanted(&server.url("/a.gguf"))).await;
            let act = format!("{act:?}").chars().take(60).collect::<String>();
            // A peer that resets its stream says nothing about headers that were too long.
            let lost = error.code == ErrorCode::ConnectionLost && act.contains("x-long");
            assert!(error.code == code || lost, "{protocol:?} {act}: {error}");
        }
    }
}

#[tokio::test]
async fn a_body_ends_where_it_should() {
    for protocol in PROTOCOLS {
        let server = Server::start(protocol).await;
        let headers = vec![("x-linked-size", "300000".to_owned())];
        server.site.put("/a.gguf", Served { headers, ..Served::new(content(300_000)) });
        let file = || wanted(&server.url("/a.gguf"));
        // If the hub has reported the length, the file's server need not.
        server.site.script("/a.gguf", [Act::Chunked]);
        assert!(fetch(folder().path(), file()).await == Ok(content(300_000)));
        server.site.script("/a.gguf", [Act::ChunkedAndMore(1)]);
        assert_eq!(refused(&server, file()).await.code, ErrorCode::LengthMismatch);
        server.site.script("/a.gguf", [Act::Endless]);
        let before = server.site.body_bytes();
        assert_eq!(refused(&server, file()).await.code, ErrorCode::LengthMismatch);
        // Bytes that were in flight when the client left.
        assert!(server.site.body_bytes() - before < 32 << 20);
    }
}

#[tokio::test]
async fn passing_failures_are_tried_again() {
    for protocol in PROTOCOLS {
        let server = Server::start(protocol).await;
        server.site.put("/a.gguf", Served::new(content(3_000)));
        server.site.script("/a.gguf", [429, 500, 502, 503].map(|status| Act::Status(status, vec![])));
        assert_eq!(fetch(folder().path(), wanted(&server.url("/a.gguf"))).await, Ok(content(3_000)));
        assert_eq!(server.site.seen().len(), 5);
        server.site.always("/a.gguf", Act::Status(503, vec![]));
        assert_eq!(refused(&server, wanted(&server.url("/a.gguf"))).await.code, ErrorCode::HttpStatus);
        assert_eq!(server.site.seen().len(), 10);
    }
}

#[tokio::test]
async fn a_busy_servers_own_wait_is_kept() {
    let server = Server::start(Protocol::Http1).await;
    server.site.put("/a.gguf", Served::new(content(3_000)));
    for status in [429, 503] {
        server.site.script("/a.gguf", [Act::Status(status, vec![("retry-after", "1".into())])]);
        let before = Instant::now();
        assert_eq!(fetch(folder().path(), wanted(&server.url("/a.gguf"))).await, Ok(content(3_000)));
        let seen = server.site.seen();
        assert!(seen[seen.len() - 1].at - before >= Duration::from_secs(1));
    }
    // The user decides about waiting for an hour.
    server.site.script("/a.gguf", [Act::Status(503, vec![("retry-after", "3600".into())])]);
    let error = refused(&server, wanted(&server.url("/a.gguf"))).await;
    assert!(error.code == ErrorCode::HttpStatus && error.detail.contains("3600 s"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_too_slow_is_left() {
    for protocol in PROTOCOLS {
        let server = Server::start(protocol).await;
        server.site.put("/a.gguf", Served::new(content(30_000)));
        let options = NetworkOptions {
            idle: Duration::from_millis(100),
            slowest_bytes_per_s: 10_000,
            slowest_for: Duration::from_millis(50),
            ..impatient()
        };
        for act in [Act::Drip(Duration::from_millis(5)), Act::Silence, Act::HaltAfter(1_000)] {
            server.site.always("/a.gguf", act.clone());
            let folder = folder();
            let fetcher = fetcher(folder.path(), options.clone());
            let error = fetcher.fetch(wanted(&server.url("/a.gguf"))).finished().await.expect_err("too slow");
            assert!(is_empty(folder.path()) && error.code == ErrorCode::TooSlow, "{protocol:?} {act:?}: {error}");
        }
    }
}

#[tokio::test]
async fn redirects_are_followed_within_bounds() {
    let to = |url: String| Act::Status(302, vec![("location", url)]);
    for protocol in PROTOCOLS {
        let server = Server::start(protocol).await;
        server.site.put("/a.gguf", Served::new(content(3_000)));
        for step in 0..10 {
            let next = if step == 9 { "/a.gguf".to_owned() } else { format!("step{}.gguf", step + 1) };
            server.site.always(&format!("/step{step}.gguf"), to(next));
        }
        assert_eq!(fetch(folder().path(), wanted(&server.url("/step0.gguf"))).await, Ok(content(3_000)));
        server.site.always("/before.gguf", to("/step0.gguf".into()));
        server.site.always("/loop.gguf", to(server.url("/loop.gguf")));
        for path in ["/before.gguf", "/loop.gguf"] {
            let before = server.site.seen().len();
            assert_eq!(refused(&server, wanted(&server.url(path))).await.code, ErrorCode::TooManyRedirects);
            assert_eq!(server.site.seen().len() - before, 11);
        }
    }
}

#[tokio::test]
async fn nothing_leads_away_from_https() {
    let (plain, tls) = (Server::start(Protocol::Plain).await, Server::start(Protocol::Http2).await);
    for server in [&plain, &tls] {
        server.site.put("/a.gguf", Served::new(content(3_000)));
    }
    let to = |url: String| Act::Status(302, vec![("location", url)]);
    tls.site.always("/down.gguf", to(plain.url("/a.gguf")));
    let error = refused(&tls, wanted(&tls.url("/down.gguf"))).await;
    assert_eq!((error.code, plain.site.seen().len()), (ErrorCode::InsecureUrl, 0));
    // A redirect to https is allowed; one that leaves the device unencrypted, or to another scheme, is not.
    plain.site.always("/up.gguf", to(tls.url("/a.gguf")));
    assert_eq!(fetch(folder().path(), wanted(&plain.url("/up.gguf"))).await, Ok(content(3_000)));
    for away in ["http://192.0.2.1/a.gguf", "file:///etc/passwd", "ftp://192.0.2.1/a.gguf"] {
        plain.site.always("/away.gguf", to(away.to_owned()));
        assert_eq!(refused(&plain, wanted(&plain.url("/away.gguf"))).await.code, ErrorCode::InsecureUrl);
    }
    assert_eq!(refused(&plain, wanted("http://192.0.2.1/a.gguf")).await.code, ErrorCode::InsecureUrl);
}

#[tokio::test]
async fn a_token_goes_to_its_own_server_alone() {
    for protocol in PROTOCOLS {
        let (hub, other) = (Server::start(protocol).await, Server::start(protocol).await);
        let token = Secret::new("hf_verysecret").expect("a token");
        let to = |url: String| Act::Status(302, vec![("location", url)]);
        hub.site.always("/own.gguf", to("/own2.gguf".into()));
        hub.site.always("/own2.gguf", to(hub.other_origin("/cdn")));
        hub.site.always("/cdn", to(other.url("/a.gguf")));
        other.site.put("/a.gguf", Served::new(content(3_000)));
        let asked = vec![("www-authenticate", "Bearer realm=\"tokens please\"".to_owned())];
        other.site.script("/a.gguf", [Act::Status(401, asked)]);
        let file = || DownloadRequest { token: Some(token.clone()), ..wanted(&hub.url("/own.gguf")) };
        let error = refused(&hub, file()).await;
        assert_eq!(error.code, ErrorCode::AccessDenied);
        assert!(!format!("{error:?} {:?}", file()).contains("verysecret"));
        let folder = folder();
        assert_eq!(fetch(folder.path(), file()).await, Ok(content(3_000)));
        for seen in hub.site.seen().iter().chain(&other.site.seen()) {
            let expected = seen.path.starts_with("/own").then_some("Bearer hf_verysecret");
            assert_eq!(seen.authorization.as_deref(), expected, "{}", seen.path);
        }
        assert!(!other.site.seen().is_empty());
    }
}

#[tokio::test]
async fn a_certificate_says_what_is_wrong_with_it() {
    for (certificate, word) in [
        (Certificate::Expired, "expired"),
        (Certificate::NotYetValid, "not valid yet"),
        (Certificate::OtherName, "another name"),
        (Certificate::OtherIssuer, "an unknown authority"),
    ] {
        for protocol in [Protocol::Http1, Protocol::Http2] {
            let server = Server::start_with(protocol, certificate).await;
            let folder = folder();
            let error = fetch(folder.path(), wanted(&server.url("/a.gguf"))).await.expect_err("no trust");
            assert_eq!(error.code, ErrorCode::TlsFailed, "{certificate:?}: {error}");
            assert!(error.detail.contains(word) && error.detail.contains("localhost"), "{certificate:?}: {error}");
            assert!(server.site.seen().is_empty() && is_empty(folder.path()));
        }
    }
}

#[tokio::test]
async fn tls_that_is_none_is_told_from_a_lost_connection() {
    let server = Server::start(Protocol::Plain).await;
    let address = server.url("/a.gguf").replace("http:", "https:");
    let error = fetch(folder().path(), wanted(&address)).await.expect_err("no TLS");
    assert_eq!(error.code, ErrorCode::TlsFailed, "{error}");
}

#[tokio::test]
async fn nobody_there_is_offline_at_once() {
    let server = Server::start(Protocol::Http1).await;
    let address = server.url("/a.gguf");
    drop(server);
    // Accepted connections close with the server's task. A port without a listener refuses new ones.
    let error = fetch(folder().path(), wanted(&address)).await.expect_err("nobody there");
    assert_eq!(error.code, ErrorCode::Offline, "{error}");
    let error = fetch(folder().path(), wanted("https://no-such-host.invalid/a.gguf")).await.expect_err("no such host");
    assert_eq!(error.code, ErrorCode::Offline, "{error}");
    assert!(error.detail.contains("no-such-host.invalid"), "{error}");
}
