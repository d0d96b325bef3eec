//! A model that only embeds, as a host sees it.

use serde_json::json;

use super::embedding::words;
use super::host::{Host, a, manager, model_is, unloaded};
use crate::engine::scripted::{Needs, Script, bidirectional_output};
use crate::error::ErrorCode;
use crate::protocol::{Event, FinishReason, FitVerdict, ModelStatus};

/// A script whose `a.gguf` only embeds. It takes 1,000 bytes, and one more for each token that fits.
fn encoder() -> Script {
    let script = Script::new();
    script.encodes("a.gguf");
    script.needs("a.gguf", Needs { weights: 1_000, kv_per_token: 1, compute: 10 });
    script
}

#[test]
fn it_embeds_and_tokenizes_and_refuses_conversations() {
    let script = encoder();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let request = host.embed("e", &["hi there", "you"], json!({}));
    // The script's encoder pools by the first token of each text, which has seen the whole text.
    assert_eq!(host.embeddings(&request), Ok((vec![vec![3.0, 4.0], vec![2.0, 6.0]], 5)));
    assert_eq!(bidirectional_output(&[4, 5, 3], 0), [3.0, 4.0], "what a vector says of its text");

    host.say("g", "s", "hi there");
    let outcome = host.finished("g");
    let error = outcome.error.expect("it cannot answer");
    assert_eq!((outcome.reason, error.code), (FinishReason::Failed, ErrorCode::ModelUnsupported));
    assert!(error.detail.starts_with("a.gguf holds no conversation: it is an embedding model"), "{error}");
    let summary = host.snapshot().scopes.first().cloned().expect("the scope was begun");
    assert_eq!(summary.message_count, 0, "the turn went back as a whole");
    for command in [
        json!({ "type": "applyChatTemplate", "model": a(), "messages": [{ "role": "user", "content": "hi" }] }),
        json!({ "type": "prefill", "scope": "s", "append": [{ "role": "user", "content": "hi" }] }),
        json!({ "type": "bench", "benchId": "b", "model": a() }),
    ] {
        let request = host.send(command.clone());
        assert_eq!(host.failed(&request), ErrorCode::ModelUnsupported, "{command}");
    }
    host.send(json!({ "type": "generate", "generationId": "raw", "scope": "s", "model": a(), "prompt": "hi" }));
    assert_eq!(host.finished("raw").error.map(|error| error.code), Some(ErrorCode::ModelUnsupported));
    let request = host.send(json!({ "type": "tokenize", "model": a(), "text": "hi you" }));
    let tokens = host.until(|event| match event {
        Event::Tokens { request_id, tokens } if *request_id == request => Some(tokens.clone()),
        _ => None,
    });
    assert_eq!(tokens.len(), 2);
    assert_eq!(script.counts().loads, 1);
}

#[test]
fn a_conversation_with_another_model_goes_on_after_it_was_sent_to_an_encoder() {
    let script = encoder();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let chat = json!({ "path": "b.gguf" });
    host.say_with("g1", "s", "hello", chat.clone(), json!({}));
    assert_eq!(host.finished("g1").reason, FinishReason::Stop);
    host.say_with("g2", "s", "and you", a(), json!({}));
    assert_eq!(host.finished("g2").error.map(|error| error.code), Some(ErrorCode::ModelUnsupported));
    for command in ["park", "restore"] {
        let request = host.send(json!({ "type": command, "scope": "s" }));
        // The encoder has nothing of the scope, so there is nothing to park and nothing to restore.
        assert_eq!(host.answer(&request).is_ok(), command == "park", "{command}");
    }
    host.say_with("g3", "s", "and you", chat, json!({}));
    assert_eq!(host.finished("g3").reason, FinishReason::Stop);
    assert_eq!(host.model("b.gguf").loads, 1);
}

#[test]
fn a_text_is_never_longer_than_the_trained_context() {
    let script = encoder();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    for model in [a(), json!({ "path": "a.gguf", "contextSize": 4096, "maxResident": 8 })] {
        let request = host.embed("e", &[&words(511)], json!({ "model": model }));
        assert_eq!(host.embeddings(&request).map(|(_, tokens)| tokens), Ok(512));
        let request = host.embed("e", &["hi", &words(512)], json!({ "model": model }));
        let error = host.embeddings(&request).expect_err("it is too long");
        assert_eq!(error.code, ErrorCode::ContextFull);
        assert_eq!(error.detail, "texts[1] has 513 tokens, contextSize is 512 - cut it into pieces");
    }
    let info = match host.model("a.gguf").status {
        ModelStatus::Ready { info } | ModelStatus::Idle { info } => info,
        other => panic!("{other:?}"),
    };
    assert_eq!((info.context_size, info.max_resident, script.counts().loads), (512, 0, 1));
}

#[test]
fn its_weights_and_its_texts_count_in_the_budget() {
    let script = encoder();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.configure(999);
    assert_eq!(host.fit(a()).map(|fit| fit.verdict), Ok(FitVerdict::DoesNotFit));
    host.configure(1_000 + 128);
    let fit = host.fit(a()).expect("the file can be estimated");
    let estimate = fit.estimate;
    assert_eq!((fit.verdict, estimate.kv_bytes, estimate.compute_bytes), (FitVerdict::Fits, 0, 0));
    assert_eq!((estimate.weights_bytes, estimate.context_size, estimate.max_resident), (1_000, 512, 0));
    for (length, embedders, expected) in [
        (10, 1, Ok(())),
        (63, 1, Ok(())),
        (64, 2, Ok(())),
        (128, 2, Err(ErrorCode::OutOfMemory)),
        // The request that did not fit has freed the present context.
        (10, 3, Ok(())),
    ] {
        let request = host.embed("e", &[&words(length)], json!({}));
        assert_eq!(host.embeddings(&request).map(|_| ()).map_err(|error| error.code), expected, "{length} words");
        assert_eq!(script.counts().embedding_contexts, embedders, "{length} words");
    }
}

#[test]
fn it_unloads_by_command_or_after_its_last_use_and_loads_again() {
    let script = encoder();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    for round in 1..=3 {
        let request = host.embed("e", &["hi"], json!({ "model": { "path": "a.gguf", "keepAliveMs": 0 } }));
        assert!(host.embeddings(&request).is_ok());
        host.until(model_is("a.gguf", unloaded));
        assert_eq!(
            (script.counts().loads, script.counts().live, script.counts().live_embedding_contexts),
            (round, 0, 0)
        );
    }
    let request = host.embed("e", &["hi"], json!({}));
    assert!(host.embeddings(&request).is_ok());
    let unload = host.send(json!({ "type": "unload", "path": "a.gguf" }));
    host.done(&unload);
    assert_eq!((script.counts().live, script.counts().live_embedding_contexts), (0, 0));
}
