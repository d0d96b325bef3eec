//! A hub on loopback: from a repository's name to verified files, and metadata before the download.

mod seeded;
mod transfer_common;
mod transfer_server;

use llama_rs_core::error::{Error, ErrorCode};
use llama_rs_core::store::{Digest, DownloadRequest, Fetcher, FileKind, HubName, HuggingFace, ModelName, Secret};
use transfer_common::{content, folder, impatient, network, store, stored};
use transfer_server::{Act, Certificates, File, Protocol, Served, Server, entry, put_repository};

const NAME: &str = "org/chat-GGUF";
const REPOSITORY: &str = "/api/models/org/chat-GGUF";

fn fetcher(hub: &Server, folder: &std::path::Path) -> Fetcher {
    let network = network(impatient(), Certificates::root());
    let endpoint = HuggingFace::new(&hub.url("/"), &network).expect("an address");
    Fetcher::new(store(folder).expect("a folder"), network, endpoint)
}

fn wanted(name: &str) -> DownloadRequest {
    DownloadRequest::new(ModelName::parse(name).expect("a name"))
}

fn hub_name(name: &str) -> HubName {
    match ModelName::parse(name) {
        Ok(ModelName::Hub(name)) => name,
        other => panic!("{other:?} is not the hub's"),
    }
}

#[tokio::test]
async fn a_quantization_is_fetched_with_all_its_parts_and_its_projector() {
    let (hub, cdn) = (Server::start(Protocol::Http2).await, Server::start(Protocol::Http1).await);
    let contents: Vec<Vec<u8>> = (1..6).map(|number| content(200_000 + number)).collect();
    let files: [File<'_>; 6] = [
        ("README.md", b"hello", false),
        ("chat-Q4_K_M.gguf", &contents[0], true),
        ("chat-Q8_0-00002-of-00002.gguf", &contents[1], true),
        ("chat-Q8_0-00001-of-00002.gguf", &contents[2], true),
        ("mmproj-chat-f16.gguf", &contents[3], true),
        ("tiny-Q2_K.gguf", &contents[4][..100], false),
    ];
    put_repository(&hub, &cdn, NAME, "c0ffee", &files);
    let folder = folder();
    let fetcher = fetcher(&hub, folder.path());
    let token = Secret::new("hf_verysecret").expect("a token");
    let name = "hf:org/chat-GGUF:Q8_0";
    let mut fetching = fetcher.fetch(DownloadRequest { projector: true, token: Some(token), ..wanted(name) });
    let mut last = fetching.progress();
    while let Some(progress) = fetching.next_progress().await {
        assert!(progress.bytes >= last.bytes);
        last = progress;
    }
    let total = 600_000 + 2 + 3 + 4;
    assert_eq!((last.bytes, last.total_bytes), (total, Some(total)));
    fetching.finished().await.expect("all of it came");
    let model = &fetcher.store().list().expect("readable")[0];
    let found: Vec<_> = model.files.iter().map(|file| (file.file.as_str(), file.kind, file.content)).collect();
    let known = |content: &[u8]| Some((content.len() as u64, Digest::of(content)));
    assert_eq!(
        found,
        [
            ("chat-Q8_0-00001-of-00002.gguf", FileKind::Weights, known(&contents[2])),
            ("chat-Q8_0-00002-of-00002.gguf", FileKind::Weights, known(&contents[1])),
            ("mmproj-chat-f16.gguf", FileKind::Projector, known(&contents[3])),
        ]
    );
    assert_eq!(cdn.site.body_bytes(), total);
    // The token went to the hub and to no other server.
    assert!(hub.site.seen().iter().all(|seen| seen.authorization.as_deref() == Some("Bearer hf_verysecret")));
    assert!(cdn.site.seen().iter().all(|seen| seen.authorization.is_none()));
    // A name of one of the files asks for the list only, and for nothing once it is stored.
    let (asked, read) = (hub.site.seen().len(), cdn.site.seen().len());
    let one = wanted("hf:org/chat-GGUF/tiny-Q2_K.gguf");
    fetcher.fetch(one.clone()).finished().await.expect("a small file");
    assert_eq!(stored(fetcher.store(), &one.name).as_deref(), Ok(&contents[4][..100]));
    fetcher.fetch(one).finished().await.expect("it is there");
    fetcher.fetch(wanted(name)).finished().await.expect("it is there");
    assert_eq!((hub.site.seen().len() - asked, cdn.site.seen().len()), (3, read));
    let whole = wanted("hf:org/chat-GGUF/chat-Q8_0-00002-of-00002.gguf@main");
    hub.site.put(&format!("{REPOSITORY}/revision/main"), Served::new("{\"sha\":\"c0ffee\"}"));
    fetcher.fetch(whole).finished().await.expect("its files are there by another name");
    assert_eq!(cdn.site.seen().len(), read);
}

#[tokio::test]
async fn a_set_that_was_cut_goes_on_with_what_is_missing_even_at_a_new_commit() {
    let (hub, cdn) = (Server::start(Protocol::Http1).await, Server::start(Protocol::Http1).await);
    let (one, two) = (content(300_000), content(300_001));
    let files: [File<'_>; 2] = [("a-Q4_0-00001-of-00002.gguf", &one, true), ("a-Q4_0-00002-of-00002.gguf", &two, true)];
    put_repository(&hub, &cdn, NAME, "c0ffee", &files);
    let second = format!("/{}", Digest::of(&two));
    cdn.site.script(&second, vec![Act::BreakAfter(20_000); 5]);
    let folder = folder();
    let name = "hf:org/chat-GGUF:Q4_0";
    let error = fetcher(&hub, folder.path()).fetch(wanted(name)).finished().await.expect_err("cut five times");
    assert_eq!(error.code, ErrorCode::ConnectionLost);
    let asked = cdn.site.seen().len();
    // The README changed meanwhile.
    put_repository(&hub, &cdn, NAME, "decade", &files);
    fetcher(&hub, folder.path()).fetch(wanted(name)).finished().await.expect("the rest");
    let rest: Vec<_> = cdn.site.seen()[asked..].iter().map(|seen| (seen.path.clone(), seen.from)).collect();
    assert_eq!(rest, [(second, Some(100_000))]);
}

#[tokio::test]
async fn names_from_the_network_never_leave_the_folder() {
    let (hub, cdn) = (Server::start(Protocol::Http1).await, Server::start(Protocol::Http1).await);
    let bytes = content(1_000);
    let files: Vec<File<'_>> = [
        "../../evil-Q4_0.gguf",
        "/etc/evil-Q4_0.gguf",
        "a/../evil-Q4_0.gguf",
        "a\\\\..\\\\evil-Q4_0.gguf",
        "odd%2F..-Q8_0.gguf",
    ]
    .map(|path| (path, &bytes[..], false))
    .to_vec();
    put_repository(&hub, &cdn, NAME, "c0ffee", &files);
    let folder = folder();
    let fetcher = fetcher(&hub, folder.path());
    let error = fetcher.fetch(wanted("hf:org/chat-GGUF:Q4_0")).finished().await.expect_err("none of them is a name");
    assert_eq!(error.code, ErrorCode::ModelNotFound, "{error}");
    // A strange but safe name works: the hub is asked for exactly that name.
    let odd = wanted("hf:org/chat-GGUF:Q8_0");
    hub.site.put("/org/chat-GGUF/resolve/c0ffee/odd%252F..-Q8_0.gguf", Served::new(bytes.clone()));
    fetcher.fetch(odd.clone()).finished().await.expect("a name");
    assert!(stored(fetcher.store(), &odd.name) == Ok(bytes));
    for url in ["/..%2F..%2Fevil.gguf", "/%2e%2e%2fevil.gguf", "/a%5C..%5Cevil.gguf"] {
        let error = fetcher.fetch(wanted(&hub.url(url))).finished().await.expect_err("not a name");
        assert_eq!(error.code, ErrorCode::InvalidModelName, "{url}: {error}");
    }
    assert!(!folder.path().parent().expect("a folder").join("evil-Q4_0.gguf").exists());
}

#[tokio::test]
async fn a_long_list_comes_in_pages_from_the_hub_alone() {
    let (hub, other) = (Server::start(Protocol::Http2).await, Server::start(Protocol::Http2).await);
    hub.site.put(&format!("{REPOSITORY}/revision/main"), Served::new("{\"sha\":\"c0ffee\"}"));
    let page = |name: &str, next: Option<String>| Served {
        headers: next.map(|next| ("link", format!("<{next}>; rel=\"next\""))).into_iter().collect(),
        ..Served::new(format!("[{}]", entry((name, b"x", true))))
    };
    hub.site.put(&format!("{REPOSITORY}/tree/c0ffee"), page("a-Q4_0.gguf", Some(hub.url("/more?cursor=1"))));
    hub.site.put("/more", page("a-Q8_0.gguf", None));
    let folder = folder();
    let fetcher = fetcher(&hub, folder.path());
    let name = hub_name("hf:org/chat-GGUF");
    let repository = fetcher.repository(&name, None).await.expect("two pages");
    let found: Vec<_> = repository.variants().into_iter().filter_map(|variant| variant.quantization).collect();
    assert_eq!(found, ["Q4_0", "Q8_0"]);
    for next in [other.url("/more"), hub.url("/more")] {
        // The list continues on another server, or in a circle.
        hub.site.put("/more", page("a-Q8_0.gguf", Some(next)));
        let error = fetcher.repository(&name, None).await.expect_err("no list");
        assert_eq!(error.code, ErrorCode::ResponseInvalid, "{error}");
    }
    assert!(other.site.seen().is_empty());
}

#[tokio::test]
async fn a_repository_that_is_not_there_says_what_may_be_wrong() {
    let hub = Server::start(Protocol::Http1).await;
    let folder = folder();
    let fetcher = fetcher(&hub, folder.path());
    let name = hub_name("hf:org/chat-GGUF");
    let path = format!("{REPOSITORY}/revision/main");
    let ask = async |act: Option<Act>| -> Error {
        act.into_iter().for_each(|act| hub.site.always(&path, act));
        fetcher.repository(&name, None).await.expect_err("no list")
    };
    let error = ask(None).await;
    assert!(error.code == ErrorCode::ModelNotFound && error.detail.contains("org/chat-GGUF"), "{error}");
    let error = ask(Some(Act::Status(401, vec![]))).await;
    assert!(error.code == ErrorCode::AccessDenied && error.detail.contains("token"), "{error}");
    assert_eq!(ask(Some(Act::Status(503, vec![]))).await.code, ErrorCode::HttpStatus);
    hub.site.put(&path, Served::new("<html>log in to this network</html>"));
    assert_eq!(ask(Some(Act::Serve)).await.code, ErrorCode::ResponseInvalid);
    hub.site.put(&path, Served::new(vec![b' '; 20 << 20]));
    assert_eq!(ask(None).await.code, ErrorCode::ResponseInvalid);
    hub.site.put(&path, Served::new("{\"sha\":\"../../x\"}"));
    assert_eq!(ask(None).await.code, ErrorCode::ResponseInvalid);
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text.as_bytes());
}

/// A model with this many tokens, and the length of its header.
fn model(tokens: u64, weights: usize) -> (Vec<u8>, u64) {
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    let tensors = 50_u64;
    bytes.extend(tensors.to_le_bytes());
    bytes.extend(3_u64.to_le_bytes());
    text(&mut bytes, "general.architecture");
    bytes.extend(8_u32.to_le_bytes());
    text(&mut bytes, "llama");
    text(&mut bytes, "tokenizer.ggml.tokens");
    bytes.extend([9_u32.to_le_bytes(), 8_u32.to_le_bytes()].concat());
    bytes.extend(tokens.to_le_bytes());
    for token in 0..tokens {
        text(&mut bytes, &format!("token {token}"));
    }
    text(&mut bytes, "tokenizer.ggml.scores");
    bytes.extend([9_u32.to_le_bytes(), 6_u32.to_le_bytes()].concat());
    bytes.extend(tokens.to_le_bytes());
    bytes.extend(vec![0; tokens as usize * 4]);
    for tensor in 0..tensors {
        text(&mut bytes, &format!("blk.{tensor}.weight"));
        bytes.extend([1_u32.to_le_bytes()].concat());
        bytes.extend((weights as u64 / 4).to_le_bytes());
        bytes.extend(0_u32.to_le_bytes());
        bytes.extend(0_u64.to_le_bytes());
    }
    let end = bytes.len() as u64;
    bytes.resize(bytes.len().next_multiple_of(32) + weights, 7);
    (bytes, end)
}

#[tokio::test]
async fn a_header_is_read_by_ranges_and_nothing_else() {
    for (tokens, protocol) in
        [(0, Protocol::Http1), (1_000, Protocol::Http2), (32_000, Protocol::Http1), (150_000, Protocol::Http2)]
    {
        let (hub, cdn) = (Server::start(protocol).await, Server::start(protocol).await);
        let (content, end) = model(tokens, 8 << 20);
        put_repository(&hub, &cdn, NAME, "c0ffee", &[("chat-Q4_0.gguf", &content, true)]);
        let folder = folder();
        let fetcher = fetcher(&hub, folder.path());
        let files = fetcher.files(&wanted("hf:org/chat-GGUF:Q4_0")).await.expect("listed");
        let headers = fetcher.headers(&files, &folder.path().join("headers")).await.expect("a model");
        assert_eq!((headers.metadata.architecture(), headers.metadata.vocabulary().0), (Some("llama"), tokens));
        assert_eq!(headers.model_bytes, content.len() as u64);
        // Counted by the sender.
        assert_eq!(cdn.site.body_bytes(), headers.read_bytes);
        assert!(headers.read_bytes <= end + (64 << 10), "{} read of {end}", headers.read_bytes);
        assert!(tokens > 40_000 || headers.read_bytes < 1 << 20, "{}", headers.read_bytes);
        assert!(cdn.site.seen().len() < 16, "{} requests", cdn.site.seen().len());
        // The redirect is followed once.
        assert_eq!(hub.site.seen().iter().filter(|seen| seen.path.contains("resolve")).count(), 1);
        let there = std::fs::read(&headers.path).expect("written");
        assert!(there.len() == content.len() && there[..end as usize] == content[..end as usize]);
    }
}

#[tokio::test]
async fn what_is_no_model_is_told_before_it_comes() {
    let server = Server::start(Protocol::Http1).await;
    let folder = folder();
    let fetcher = fetcher(&server, folder.path());
    let (good, end) = model(100, 100_000);
    let mut unknown = good.clone();
    unknown[4] = 9;
    let cut = good[..end as usize - 10].to_vec();
    for (content, code) in [
        (b"PK\x03\x04 a zip archive".to_vec(), ErrorCode::ModelInvalid),
        (unknown, ErrorCode::ModelInvalid),
        (cut, ErrorCode::ModelInvalid),
    ] {
        server.site.put("/a.gguf", Served::new(content));
        let files = fetcher.files(&wanted(&server.url("/a.gguf"))).await.expect("a name");
        let error = fetcher.headers(&files, &folder.path().join("headers")).await.expect_err("no model");
        assert_eq!(error.code, code, "{error}");
        assert!(error.detail.contains(&server.url("/a.gguf")) && !error.detail.contains("headers"), "{error}");
    }
    server.site.put("/a.gguf", Served::new(good));
    let files = fetcher.files(&wanted(&server.url("/a.gguf"))).await.expect("a name");
    for act in [Act::Whole, Act::OtherRange("bytes 5-9/100".into()), Act::Encoded("gzip"), Act::Endless] {
        server.site.always("/a.gguf", act.clone());
        let error = fetcher.headers(&files, &folder.path().join("headers")).await.expect_err("no part");
        assert_eq!(error.code, ErrorCode::ResponseInvalid, "{act:?}: {error}");
    }
}

#[tokio::test]
async fn the_parts_of_a_split_model_are_found_by_their_address() {
    let server = Server::start(Protocol::Http1).await;
    let (one, two) = (content(1_000), content(1_001));
    server.site.put("/m/a%20b-00001-of-00002.gguf", Served::new(one.clone()));
    server.site.put("/m/a%20b-00002-of-00002.gguf", Served::new(two.clone()));
    let folder = folder();
    let fetcher = fetcher(&server, folder.path());
    let name = server.url("/m/a%20b-00002-of-00002.gguf?download=true");
    fetcher.fetch(wanted(&name)).finished().await.expect("both");
    let model = &fetcher.store().list().expect("readable")[0];
    let found: Vec<_> = model.files.iter().map(|file| (file.file.as_str(), file.content)).collect();
    let known = |content: &[u8]| Some((content.len() as u64, Digest::of(content)));
    assert_eq!(found, [("a b-00001-of-00002.gguf", known(&one)), ("a b-00002-of-00002.gguf", known(&two))]);
}

#[tokio::test]
async fn a_file_of_this_device_is_not_for_the_network() {
    let server = Server::start(Protocol::Http1).await;
    let folder = folder();
    let fetcher = fetcher(&server, folder.path());
    for name in ["models/chat.gguf", "asset:chat.gguf", "content://documents/1"] {
        let error = fetcher.fetch(wanted(name)).finished().await;
        // Local files need no network: they are imported.
        assert_eq!(error.map_err(|error| error.code), Err(ErrorCode::InvalidOptions), "{name}");
    }
}
