use std::path::Path;

use super::*;

fn read(text: &str) -> ModelName {
    ModelName::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn every_form_of_a_name_has_one_canonical_text() {
    for (written, canonical) in [
        ("models/chat.gguf", "models/chat.gguf"),
        ("/data/chat.gguf", "/data/chat.gguf"),
        ("C:\\models\\chat.gguf", "C:\\models\\chat.gguf"),
        ("./odd:name.gguf", "./odd:name.gguf"),
        ("HTTPS://Host.Example:443/a/../b.gguf#part", "https://host.example/b.gguf"),
        ("https://host.example/%2e%2e/b.gguf?download=true", "https://host.example/b.gguf?download=true"),
        ("http://127.0.0.1:8080/b.gguf", "http://127.0.0.1:8080/b.gguf"),
        ("hf:org/repo", "hf:org/repo"),
        ("HF:org/repo.x:q4_k_m", "hf:org/repo.x:Q4_K_M"),
        ("hf:org/repo:UD-Q4_K_XL@v1.0", "hf:org/repo:UD-Q4_K_XL@v1.0"),
        ("hf:org/repo/sub dir/file.gguf@refs/pr/3", "hf:org/repo/sub dir/file.gguf@refs/pr/3"),
        ("hf:org/repo/fi@le.gguf", "hf:org/repo/fi@le.gguf"),
        ("hf:org/repo/fi@le.gguf@main", "hf:org/repo/fi@le.gguf@main"),
        ("asset:models/tiny.gguf", "asset:models/tiny.gguf"),
        ("content://media/external/42", "content://media/external/42"),
        ("CONTENT://media/external/42", "content://media/external/42"),
        ("file:///a/./b%20c.gguf", "file:///a/b%20c.gguf"),
    ] {
        let name = read(written);
        assert_eq!(name.text(), canonical, "{written}");
        assert_eq!(read(canonical), name, "{written}");
    }
}

#[test]
fn a_hub_name_is_taken_apart() {
    let ModelName::Hub(name) = read("hf:org/repo/sub/file.gguf@abc123") else { panic!("it is of a hub") };
    assert_eq!(name.repository(), "org/repo");
    assert_eq!(name.revision(), Some("abc123"));
    assert_eq!(name.selection(), &HubSelection::File("sub/file.gguf".into()));
    let ModelName::Hub(name) = read("hf:org/repo:iq2_xxs") else { panic!("it is of a hub") };
    assert_eq!((name.selection(), name.revision()), (&HubSelection::Quantization("IQ2_XXS".into()), None));
}

#[test]
fn a_name_says_what_its_file_may_be_called() {
    for (name, file) in [
        ("/data/chat.gguf", Some("chat.gguf")),
        ("https://host.example/a%20b.gguf?x=/y.gguf", Some("a b.gguf")),
        ("https://host.example/..%2F..%2Fb.gguf", None),
        ("https://host.example/a/%2e%2e%2fetc", None),
        ("https://host.example/", None),
        ("https://host.example/a%00.gguf", None),
        ("https://host.example/%ff.gguf", None),
        ("hf:org/repo/sub/file.gguf@main", Some("file.gguf")),
        ("hf:org/repo:Q4_K_M", None),
        ("asset:models/tiny.gguf", Some("tiny.gguf")),
        ("file:///a/b%20c.gguf", Some("b c.gguf")),
        ("content://media/external/42", None),
    ] {
        assert_eq!(read(name).file_name().as_ref().map(FileName::as_str), file, "{name}");
    }
}

#[test]
fn a_file_on_the_device_has_a_path() {
    assert_eq!(read("a/b.gguf").path().as_deref(), Some(Path::new("a/b.gguf")));
    assert_eq!(read("file:///a/b%20c.gguf").path().as_deref(), Some(Path::new("/a/b c.gguf")));
    for name in ["content://media/1", "asset:a.gguf", "hf:org/repo:Q4", "https://host.example/a.gguf"] {
        assert_eq!(read(name).path(), None, "{name}");
    }
}

#[test]
fn what_is_no_name_is_refused_with_what_to_do() {
    let (long, long_piece) = ("x".repeat(4_097), format!("hf:{}/repo:Q4", "o".repeat(97)));
    for text in [
        "",
        "a\0.gguf",
        "a\n.gguf",
        &long,
        "s3://bucket/a.gguf",
        "javascript:alert(1)",
        "odd:name.gguf",
        "https://",
        "https://ho st/a.gguf",
        "hf:",
        "hf:org",
        "hf:org/",
        "hf:/repo",
        "hf:../repo:Q4",
        "hf:org/..",
        "hf:org/.git",
        "hf:org/repo:",
        "hf:org/repo:Q4/x",
        "hf:org/repo:Q4.gguf@",
        "hf:org/repo@",
        "hf:org/repo@a..b",
        "hf:org/repo@-x",
        "hf:org/repo@/x",
        "hf:org/repo/",
        "hf:org/repo/../x.gguf",
        "hf:org/repo//x.gguf",
        "hf:org/repo/x.bin",
        "hf:org/repo/.gguf",
        "hf:org/repo/a\\..\\b.gguf",
        "hf:org name/repo:Q4",
        &long_piece,
        "asset:",
        "asset:/etc/x",
        "asset:../x.gguf",
        "asset:a//x.gguf",
        "content:x",
        "content://",
        "file:",
        "file:///",
        "file://server/share/x.gguf",
        "file:///a%00b.gguf",
    ] {
        let error = ModelName::parse(text).expect_err(text);
        assert_eq!(error.code, ErrorCode::InvalidModelName, "{text:?}");
        assert!(error.detail.contains(" - ") && error.detail.len() < 600, "{}", error.detail);
    }
}

#[test]
fn secrets_of_a_url_are_not_shown() {
    let name = read("https://host.example/a.gguf?X-Signature=hush");
    assert_eq!(name.to_string(), "https://host.example/a.gguf");
    assert_eq!(format!("{name:?}"), "ModelName(https://host.example/a.gguf)");
    for text in ["https://me:hush@host.example/a.gguf", "https://hush@host.example/a.gguf", "https://:0x?hush"] {
        let error = ModelName::parse(text).expect_err(text);
        assert!(!error.detail.contains("hush"), "{}", error.detail);
    }
}

/// Builds names at random from pieces that matter to some parser of names.
#[test]
fn whatever_is_accepted_is_canonical_and_stays_in_its_folder() {
    const PIECES: [&str; 36] = [
        "https:",
        "http:",
        "hf:",
        "asset:",
        "content:",
        "file:",
        "//",
        "/",
        "..",
        ".",
        "%2e",
        "%2F",
        "%00",
        "%",
        "\\",
        ":",
        "@",
        "#",
        "?",
        "org",
        "repo",
        "Q4_K_M",
        "model",
        ".gguf",
        "-00001-of-00002",
        "main",
        " ",
        "é",
        "localhost",
        "[::1]",
        "NUL",
        "\0",
        "~",
        "$(x)",
        "&",
        "C:",
    ];
    let mut state = 7_u64;
    let mut below = |end: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % end
    };
    let mut accepted = 0;
    for _ in 0..100_000 {
        let text: String = (0..1 + below(10)).map(|_| PIECES[below(PIECES.len())]).collect();
        let Ok(name) = ModelName::parse(&text) else { continue };
        accepted += 1;
        assert_eq!(ModelName::parse(&name.text()).as_ref(), Ok(&name), "{text:?}");
        assert!(Key::read(name.key().as_str()).is_some());
        if let Some(file) = name.file_name() {
            let path = Path::new("/folder").join(file.as_str());
            assert_eq!(path.parent(), Some(Path::new("/folder")), "{text:?}");
            assert!(!file.as_str().starts_with('.'), "{text:?}");
        }
    }
    // Otherwise the pieces never form valid names.
    assert!(accepted > 10_000, "{accepted}");
}
