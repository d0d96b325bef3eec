//! `browseHub`: the variants of a repository, and which of them fit, from a hub on loopback.

use serde_json::json;

use super::host::{Host, manager};
use super::web::{Web, model};
use crate::engine::scripted::Script;
use crate::error::ErrorCode;
use crate::manager::ModelManager;
use crate::protocol::{Event, FitVerdict, HubRepository};

const NAME: &str = "org/chat-GGUF";

fn browse(host: &mut Host, repository: &str) -> Result<HubRepository, ErrorCode> {
    let asked = host.send(json!({ "type": "browseHub", "repository": repository }));
    host.until(|event| match event {
        Event::HubRepository { request_id, repository } if *request_id == asked => Some(Ok(repository.clone())),
        Event::Failed { request_id, error } if *request_id == asked => Some(Err(error.code)),
        _ => None,
    })
}

/// A manager whose models come from the hub of `web`, with a token for it.
fn hosted(script: &Script, web: &Web) -> (ModelManager, Host, tempfile::TempDir) {
    let (manager, folder) = (manager(script), tempfile::tempdir().expect("a folder"));
    manager.keep_in(folder.path()).expect("a directory of its own");
    let mut host = Host::on(&manager);
    let named = host.send(json!({ "type": "setHub", "endpoint": web.hub.url("/"), "token": "hf_secret" }));
    host.done(&named);
    (manager, host, folder)
}

#[test]
fn one_header_estimates_all_quantizations() {
    let web = Web::new();
    let (small, large) = (model(30_000), model(60_000));
    let (small_bytes, large_bytes) = (small.len() as u64, large.len() as u64);
    let files = [
        ("chat-Q4_0.gguf", &small[..], true),
        ("chat-Q8_0.gguf", &large[..], true),
        ("chat-F16-00001-of-00002.gguf", &large[..], true),
        ("chat-F16-00002-of-00002.gguf", &large[..], true),
    ];
    web.put(NAME, &files);
    let script = Script::new();
    // The script estimates 1,000 bytes for any file, so also for the smallest one, whose header is read.
    script.has_memory(1_000 * large_bytes / small_bytes);
    let (_manager, mut host, _folder) = hosted(&script, &web);
    let got = browse(&mut host, "hf:org/chat-GGUF").expect("listed");
    assert_eq!((got.repository.as_str(), got.commit.as_str()), (NAME, "c0ffee"));
    assert_eq!(got.best.as_deref(), Some("hf:org/chat-GGUF:Q8_0"));
    let found: Vec<_> = got
        .variants
        .iter()
        .map(|it| {
            let fit = it.fit.as_ref().expect("its family's header was read");
            (
                it.name.as_str(),
                it.bytes,
                it.file_count,
                it.is_stored,
                fit.verdict,
                fit.estimate.weights_bytes,
                it.is_fit_exact,
            )
        })
        .collect();
    let scaled = |bytes: u64| 1_000 * bytes / small_bytes;
    assert_eq!(
        found,
        [
            ("hf:org/chat-GGUF:Q4_0", small_bytes, 1, false, FitVerdict::Fits, 1_000, true),
            ("hf:org/chat-GGUF:Q8_0", large_bytes, 1, false, FitVerdict::Fits, scaled(large_bytes), false),
            ("hf:org/chat-GGUF:F16", 2 * large_bytes, 2, false, FitVerdict::DoesNotFit, scaled(2 * large_bytes), false),
        ]
    );
    // No weights were read, and the token went to the hub alone.
    assert_eq!(web.cdn.site.seen().len(), 1);
    assert!(web.hub.site.seen().iter().all(|seen| seen.authorization.as_deref() == Some("Bearer hf_secret")));
    assert!(web.cdn.site.seen().iter().all(|seen| seen.authorization.is_none()));
    let downloaded = host.send(json!({ "type": "download", "name": "hf:org/chat-GGUF:Q4_0" }));
    host.done(&downloaded);
    let again = browse(&mut host, "hf:org/chat-GGUF").expect("listed");
    assert_eq!(again.variants.iter().map(|it| it.is_stored).collect::<Vec<_>>(), [true, false, false]);
}

#[test]
fn each_model_of_a_repository_has_its_own_header_and_unreadable_files_are_listed_too() {
    let web = Web::new();
    let (chat, draft) = (model(30_000), model(40_000));
    let files = [
        ("chat-Q4_0.gguf", &chat[..], true),
        ("draft-Q4_0.gguf", &draft[..], true),
        ("zip-Q8_0.gguf", b"PK\x03\x04 no model", true),
    ];
    web.put(NAME, &files);
    let (_manager, mut host, _folder) = hosted(&Script::new(), &web);
    let got = browse(&mut host, "hf:org/chat-GGUF@main").expect("listed");
    let found: Vec<_> = got.variants.iter().map(|it| (it.name.as_str(), it.fit.is_some(), it.is_fit_exact)).collect();
    assert_eq!(
        found,
        [
            ("hf:org/chat-GGUF:Q8_0@main", false, false),
            ("hf:org/chat-GGUF/chat-Q4_0.gguf@main", true, true),
            ("hf:org/chat-GGUF/draft-Q4_0.gguf@main", true, true),
        ]
    );
    assert_eq!(got.best.as_deref(), Some("hf:org/chat-GGUF/draft-Q4_0.gguf@main"));
}

#[test]
fn a_repository_that_cannot_be_listed_says_why() {
    let web = Web::new();
    let (_manager, mut host, _folder) = hosted(&Script::new(), &web);
    for (name, code) in [
        ("hf:org/none", ErrorCode::ModelNotFound),
        ("chat.gguf", ErrorCode::InvalidModelName),
        ("https://host/chat.gguf", ErrorCode::InvalidModelName),
        ("hf:org", ErrorCode::InvalidModelName),
    ] {
        assert_eq!(browse(&mut host, name), Err(code), "{name}");
    }
    let manager = manager(&Script::new());
    assert_eq!(browse(&mut Host::on(&manager), "hf:org/chat"), Err(ErrorCode::StorageUnavailable));
}
