//! Embeddings, from a client's command to its vectors.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::host::{Host, a, finish_of, manager, model_is, unloaded};
use crate::engine::scripted::{Needs, Point, Script, causal_output};
use crate::error::{Error, ErrorCode};
use crate::manager::ModelManager;
use crate::protocol::{Event, LifecycleEvent, TrimRung};

/// Vectors and tokens.
pub(super) type EmbedResult = Result<(Vec<Vec<f32>>, u32), Error>;

fn answer_to(request: &str) -> impl Fn(&Event) -> Option<EmbedResult> {
    move |event| match event {
        Event::Embeddings { request_id, embeddings, usage } if request_id == request => {
            Some(Ok((embeddings.clone(), usage.prompt_tokens)))
        }
        Event::Failed { request_id, error } if request_id == request => Some(Err(error.clone())),
        _ => None,
    }
}

impl Host {
    pub(super) fn embed(&mut self, id: &str, texts: &[&str], options: Value) -> String {
        let mut command =
            json!({ "type": "embed", "embeddingId": id, "model": a(), "texts": texts, "normalize": false });
        for (field, value) in options.as_object().expect("options are fields") {
            command[field] = value.clone();
        }
        self.send(command)
    }

    #[track_caller]
    pub(super) fn embeddings(&mut self, request: &str) -> EmbedResult {
        self.look_anew();
        self.until(answer_to(request))
    }

    /// Loads the model, and keeps it.
    fn hold(&mut self) {
        let acquired = self.acquire("held", a());
        self.done(&acquired);
    }

    /// Returns when the engine has read its mailbox up to here.
    #[track_caller]
    fn flush_engine(&mut self, generation: &str) {
        self.say(generation, generation, "hi");
        self.finished(generation);
    }
}

/// A text of `count` words, and of as many tokens.
pub(super) fn words(count: usize) -> String {
    vec!["word"; count].join(" ")
}

#[test]
fn each_text_has_its_vector_and_every_pooling_its_own() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    // The script numbers words from 4 on. 3 ends a text.
    for (pooling, expected) in [
        (Some("mean"), [[2.0, 4.0], [1.5, 4.5]]),
        (Some("cls"), [[1.0, 4.0], [1.0, 6.0]]),
        (Some("last"), [[3.0, 3.0], [2.0, 3.0]]),
        (None, [[2.0, 4.0], [1.5, 4.5]]),
    ] {
        let options = pooling.map_or_else(|| json!({}), |pooling| json!({ "pooling": pooling }));
        let request = host.embed("e", &["hi there", "you"], options);
        assert_eq!(host.embeddings(&request), Ok((expected.map(|vector| vector.to_vec()).to_vec(), 5)), "{pooling:?}");
    }
    assert_eq!((script.counts().loads, script.counts().embedding_contexts), (1, 1));
    assert!(host.snapshot().scopes.is_empty() && host.model("a.gguf").leases.is_empty(), "nothing was said or held");
}

#[test]
fn vectors_have_the_length_one_unless_that_is_unwanted() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let request = host.send(json!({ "type": "embed", "embeddingId": "e", "model": a(), "texts": ["hi", "you there"] }));
    for vector in host.embeddings(&request).expect("the script embeds everything").0 {
        let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
        assert!((length - 1.0).abs() < 1e-6, "{vector:?}");
    }
}

#[test]
fn requests_at_once_get_what_they_would_get_alone() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let lengths = |seed: usize| (0..40).map(move |index| 1 + (index * 37 + seed * 11) % 150);
    let mut requests = Vec::new();
    for seed in 0..8 {
        let texts: Vec<String> = lengths(seed).map(words).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        requests.push((seed, host.embed(&format!("e{seed}"), &texts, json!({ "pooling": "last" }))));
    }
    host.say("g", "s", "hello");
    for (seed, request) in requests {
        let (vectors, tokens) = host.embeddings(&request).expect("the script embeds everything");
        let expected: Vec<Vec<f32>> = lengths(seed).map(|words| vec![words as f32 + 1.0, 3.0]).collect();
        assert_eq!((vectors, tokens as usize), (expected, lengths(seed).map(|words| words + 1).sum::<usize>()));
    }
    assert_eq!(script.counts().embedding_contexts, 1);
    assert_eq!(causal_output(&[7, 9]), [2.0, 9.0], "what a vector says of its text");
}

#[test]
fn a_long_text_gets_a_larger_context_and_a_text_that_is_too_long_is_refused() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    for (words_of_text, embedders) in [(10, 1), (255, 1), (256, 2), (600, 3), (10, 3), (4_095, 4)] {
        let request = host.embed("e", &[&words(words_of_text)], json!({ "pooling": "last" }));
        let expected = vec![vec![words_of_text as f32 + 1.0, 3.0]];
        assert_eq!(host.embeddings(&request), Ok((expected, words_of_text as u32 + 1)));
        assert_eq!(
            (script.counts().embedding_contexts, script.counts().live_embedding_contexts),
            (embedders, 1),
            "{words_of_text}"
        );
    }
    let request = host.embed("e", &["hi", &words(4_096)], json!({}));
    let error = host.embeddings(&request).expect_err("it is too long");
    assert_eq!(error.code, ErrorCode::ContextFull);
    assert!(error.detail.starts_with("texts[1] has 4097 tokens, contextSize is 4096"), "{error}");
}

#[test]
fn a_model_without_embeddings_says_so() {
    let script = Script::new();
    script.forbid_embeddings();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let request = host.embed("e", &["hi"], json!({}));
    assert_eq!(host.embeddings(&request).map_err(|error| error.code), Err(ErrorCode::ModelUnsupported));
    assert!(host.model("a.gguf").leases.is_empty());
}

#[test]
fn a_cancel_ends_an_embed_that_waits_or_runs_and_no_other() {
    let script = Script::new();
    let load = script.gate(Point::Load(0.5));
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let waiting = host.embed("waiting", &["hi"], json!({}));
    load.wait();
    let cancel = host.send(json!({ "type": "cancelEmbed", "embeddingId": "waiting" }));
    assert_eq!(host.embeddings(&waiting).map_err(|error| error.code), Err(ErrorCode::Cancelled));
    host.done(&cancel);
    load.open();
    host.hold();
    assert_eq!(host.model("a.gguf").leases.len(), 1, "its lease is given back");

    let call = script.gate(Point::Embed(1));
    let [computed, other] =
        ["computed", "other"].map(|id| host.embed(id, &[&words(200)], json!({ "pooling": "last" })));
    call.wait();
    let cancel = host.send(json!({ "type": "cancelEmbed", "embeddingId": "computed" }));
    assert_eq!(host.embeddings(&computed).map_err(|error| error.code), Err(ErrorCode::Cancelled));
    host.look_anew();
    host.done(&cancel);
    call.open();
    assert_eq!(host.embeddings(&other), Ok((vec![vec![201.0, 3.0]], 201)));
    let again = host.send(json!({ "type": "cancelEmbed", "embeddingId": "other" }));
    host.done(&again);
}

#[test]
fn requests_of_one_id_are_answered_together() {
    let script = Script::new();
    let call = script.gate(Point::Embed(1));
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let first = host.embed("e", &["hi"], json!({}));
    call.wait();
    let second = host.embed("e", &["hi"], json!({}));
    host.flush_supervisor();
    call.open();
    assert_eq!(host.embeddings(&first), host.embeddings(&second));
    assert_eq!(script.counts().embedding_calls, 1);
}

#[test]
fn the_embeds_of_a_client_end_with_it() {
    let script = Script::new();
    let call = script.gate(Point::Embed(1));
    let manager = manager(&script);
    let mut before = Host::on(&manager);
    before.embed("e", &[&words(100), &words(100)], json!({ "model": { "path": "a.gguf", "keepAliveMs": 0 } }));
    call.wait();
    let mut after = Host::on(&manager);
    drop(before);
    after.flush_supervisor();
    call.open();
    after.until(model_is("a.gguf", unloaded));
    assert_eq!((script.counts().embedding_calls, script.counts().live_embedding_contexts), (1, 0));
}

#[test]
fn an_unload_ends_a_running_embed() {
    let script = Script::new();
    let call = script.gate(Point::Embed(1));
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let request = host.embed("e", &[&words(200)], json!({}));
    call.wait();
    let unload = host.send(json!({ "type": "unload", "path": "a.gguf" }));
    host.until(model_is("a.gguf", |status| matches!(status, crate::protocol::ModelStatus::Unloading)));
    call.open();
    assert_eq!(host.embeddings(&request).map_err(|error| error.code), Err(ErrorCode::ModelUnloaded));
    host.look_anew();
    host.done(&unload);
    assert_eq!((script.counts().live, script.counts().live_embedding_contexts), (0, 0));
    let again = host.embed("e", &["hi"], json!({}));
    assert!(host.embeddings(&again).is_ok(), "the next one loads the model again");
}

#[test]
fn an_error_in_a_call_ends_its_request_alone() {
    let script = Script::new();
    script.fail_at(Point::Embed(1), "a damaged tensor");
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let request = host.embed("e", &["hi"], json!({}));
    let error = host.embeddings(&request).expect_err("the script fails");
    assert_eq!(error.code, ErrorCode::InferenceFailed);
    assert!(error.detail.contains("a damaged tensor"), "{error}");
    script.refuse_embedding_context();
    let request = host.embed("e", &[&words(300)], json!({}));
    assert_eq!(host.embeddings(&request).map_err(|error| error.code), Err(ErrorCode::OutOfMemory));
    let request = host.embed("e", &["hi"], json!({}));
    assert!(host.embeddings(&request).is_ok());
    script.panic_at(Point::Embed(script.counts().embedding_calls + 1));
    let request = host.embed("e", &["hi"], json!({}));
    assert_eq!(host.embeddings(&request).map_err(|error| error.code), Err(ErrorCode::EngineCrashed));
    let request = host.embed("e", &["hi"], json!({}));
    assert!(host.embeddings(&request).is_ok());
    assert_eq!(script.counts().loads, 2);
}

#[test]
fn a_suspension_defers_an_embed() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.hold();
    let suspend = host.send(json!({ "type": "suspend", "deadlineMs": 0 }));
    host.done(&suspend);
    let request = host.embed("e", &["hi"], json!({}));
    host.flush_supervisor();
    assert_eq!(script.counts().embedding_calls, 0);
    let resume = host.send(json!({ "type": "resume" }));
    host.done(&resume);
    assert!(host.embeddings(&request).is_ok());
}

#[test]
fn heat_reaches_the_embedding_context() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let model = json!({ "path": "a.gguf", "threads": 4 });
    let request = host.embed("e", &["hi"], json!({ "model": model }));
    assert!(host.embeddings(&request).is_ok());
    let hot = host.send(json!({ "type": "setHeat", "heat": "critical" }));
    host.done(&hot);
    host.flush_engine("g");
    assert_eq!(script.embedding_threads(), [1]);
}

/// A script whose model takes 17,384 bytes. Its embedding context for short texts takes 256 more.
fn heavy() -> Script {
    let script = Script::new();
    script.needs("a.gguf", Needs { weights: 1_000, kv_per_token: 1, compute: 0 });
    script
}

#[test]
fn the_embedding_context_counts_in_the_budget() {
    let script = heavy();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.configure(17_384 + 255);
    let request = host.embed("e", &["hi"], json!({}));
    let error = host.embeddings(&request).expect_err("a byte is missing");
    assert_eq!(error.code, ErrorCode::OutOfMemory);
    assert!(error.detail.starts_with("could not make room for embeddings by a.gguf: 256 bytes are needed"), "{error}");
    assert_eq!(script.counts().embedding_contexts, 0);
    let forced = host.embed("e", &["hi"], json!({ "model": { "path": "a.gguf", "force": true } }));
    assert!(host.embeddings(&forced).is_ok());
    host.configure(17_384 + 512);
    for (length, expected) in [(300, Ok(())), (600, Err(ErrorCode::OutOfMemory)), (10, Ok(()))] {
        let request = host.embed("e", &[&words(length)], json!({}));
        assert_eq!(host.embeddings(&request).map(|_| ()).map_err(|error| error.code), expected, "{length} words");
    }
    script.has_memory(100);
    let request = host.embed("e", &[&words(600)], json!({}));
    assert_eq!(host.embeddings(&request).map_err(|error| error.code), Err(ErrorCode::OutOfMemory), "the system's too");
}

#[test]
fn an_idle_embedding_context_makes_room_for_a_model_and_for_the_system() {
    let script = heavy();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.hold();
    host.configure(17_384 + 256 + 999);
    let request = host.embed("e", &["hi"], json!({}));
    assert!(host.embeddings(&request).is_ok());
    let acquired = host.acquire("other", json!({ "path": "b.gguf" }));
    host.look_anew();
    host.done(&acquired);
    host.flush_engine("g");
    assert_eq!(script.counts().live_embedding_contexts, 0);

    host.configure(1 << 20);
    let request = host.embed("again", &["hi"], json!({}));
    assert!(host.embeddings(&request).is_ok());
    let trim = host.send(json!({ "type": "trim", "level": "moderate" }));
    host.look_anew();
    host.done(&trim);
    let records = host.log();
    let freed = records.iter().find_map(|record| match record.event {
        LifecycleEvent::Trimmed { rung: TrimRung::EmbeddersFreed, bytes_freed } => Some(bytes_freed),
        _ => None,
    });
    assert_eq!(freed, Some(256));
    host.flush_engine("h");
    assert_eq!((script.counts().live, script.counts().live_embedding_contexts), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn the_embedding_context_is_kept_as_long_as_an_idle_model() {
    let script = Script::new();
    let manager = ModelManager::on(script.loader(), Handle::current());
    let mut host = Host::on(&manager);
    let model = json!({ "path": "a.gguf", "keepAliveMs": 1000 });
    host.acquire("held", model.clone());
    let mut live = Vec::new();
    for (index, wait) in [999, 999, 1_000].into_iter().enumerate() {
        let request = host.embed("e", &["hi"], json!({ "model": model.clone() }));
        host.until_paused(answer_to(&request)).await.expect("the script embeds everything");
        tokio::time::advance(Duration::from_millis(wait)).await;
        let generation = format!("g{index}");
        host.say_with(&generation, "s", "hi", model.clone(), json!({}));
        host.until_paused(finish_of(&generation)).await;
        live.push(script.counts().live_embedding_contexts);
    }
    assert_eq!((live, script.counts().embedding_contexts, script.counts().live), (vec![1, 1, 0], 1, 1));
}
