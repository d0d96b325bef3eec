//! Embeddings of real models: the same vectors however they are computed and whatever runs beside them, and a clear
//! error where there are none.

#![cfg(feature = "llama")]

mod llama_common;

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;

use llama_common::embeddings::{ALIKE, answer, cosine, embed, send, vectors};
use llama_common::host::Host;
use llama_common::random_model::{Quantization, Shape, Value, write_random_model_with};
use llama_common::{config, folder, load};
use llama_rs_core::engine::{
    CancelFlag, EMBEDDING_ROWS, EmbeddingContext, Estimate, LoadedModel, ModelLoader, Row, Token,
};
use llama_rs_core::error::ErrorCode;
use llama_rs_core::llama::LlamaLoader;
use llama_rs_core::manager::ModelManager;
use llama_rs_core::protocol::{Event, FinishReason, ModelConfig, Pooling};
use serde_json::json;
use tempfile::TempDir;

const TEXTS: [&str; 6] = [
    "my name is alice",
    "What is my name?",
    "set a timer for five minutes",
    "a",
    "The quick brown fox jumps over the lazy dog, and then it does so once more, and once more, until nobody looks any longer.",
    "naïve 😀 <|im_end|> \u{0} text",
];

struct RandomModel {
    _folder: TempDir,
    path: PathBuf,
}

fn random_model(header: &[(&str, Value)]) -> RandomModel {
    let folder = folder();
    let path = folder.path().join("random.gguf");
    let (layers, width, feed_forward, heads, kv_heads, vocabulary) = (4, 256, 512, 4, 2, 2_048);
    let quantization = Quantization::Q4_0;
    let shape = Shape { layers, width, feed_forward, heads, kv_heads, vocabulary, quantization };
    write_random_model_with(&path, shape, 3, header);
    RandomModel { _folder: folder, path }
}

impl RandomModel {
    fn config(&self) -> ModelConfig {
        let small = ModelConfig::new(self.path.to_string_lossy());
        ModelConfig { context_size: Some(512), max_resident: Some(2), threads: Some(2), ..small }
    }
}

/// The output at a text's last token, computed in calls of this many rows.
fn last_output(embedder: &mut dyn EmbeddingContext, tokens: &[Token], sequence: u32, rows: usize) -> Vec<f32> {
    embedder.clear();
    let mut last = Vec::new();
    for (chunk, tokens) in tokens.chunks(rows).enumerate() {
        let begin = (chunk * rows) as u32;
        let row = |(position, token): (u32, &Token)| Row { sequence, position, token: *token, wants_logits: true };
        let rows: Vec<Row> = (begin..).zip(tokens).map(row).collect();
        embedder.decode(&rows, &CancelFlag::default()).expect("the text fits");
        last = embedder.vector(rows.len() - 1).expect("every row is an output");
    }
    last
}

fn tokens(model: &LoadedModel, text: &str) -> Vec<Token> {
    model.prompter.tokenize_text(text).expect("any text has tokens")
}

#[test]
fn an_output_depends_on_its_text_alone() {
    let random = random_model(&[]);
    for config in [config(), random.config()] {
        let mut model = load(&config);
        let mut embedder = model.context.embedding_context(256, 2).expect("a decoder makes embeddings");
        for text in TEXTS {
            let tokens = tokens(&model, text);
            let whole = last_output(&mut *embedder, &tokens, 0, EMBEDDING_ROWS);
            assert_eq!(last_output(&mut *embedder, &tokens, 0, EMBEDDING_ROWS), whole, "computed once more: {text:?}");
            for (sequence, rows) in [(7, EMBEDDING_ROWS), (0, 3), (3, 1)] {
                let alike = cosine(&last_output(&mut *embedder, &tokens, sequence, rows), &whole);
                assert!(alike > ALIKE, "{text:?} in calls of {rows}: {alike}");
            }
        }
        let [one, other] = [TEXTS[0], TEXTS[2]].map(|text| last_output(&mut *embedder, &tokens(&model, text), 0, 64));
        assert!(cosine(&one, &other) < 0.999_9, "another text is told from rounding");
    }
}

#[test]
fn texts_that_are_computed_together_do_not_see_each_other() {
    let random = random_model(&[]);
    for config in [config(), random.config()] {
        let mut model = load(&config);
        let mut embedder = model.context.embedding_context(256, 2).expect("a decoder makes embeddings");
        let texts: Vec<Vec<Token>> =
            TEXTS.iter().map(|text| tokens(&model, &text.chars().take(9).collect::<String>())).collect();
        let alone: Vec<Vec<f32>> = texts.iter().map(|text| last_output(&mut *embedder, text, 0, 64)).collect();
        embedder.clear();
        let mut rows = Vec::new();
        for (sequence, text) in (0..).zip(&texts) {
            rows.extend((0..).zip(text).map(|(position, token)| Row {
                sequence,
                position,
                token: *token,
                wants_logits: true,
            }));
        }
        assert!(rows.len() <= EMBEDDING_ROWS, "{}", rows.len());
        embedder.decode(&rows, &CancelFlag::default()).expect("the texts fit");
        let mut end = 0;
        for (text, alone) in texts.iter().zip(&alone) {
            end += text.len();
            let together = embedder.vector(end - 1).expect("every row is an output");
            let alike = cosine(&together, alone);
            assert!(alike > ALIKE, "{alike}");
        }
    }
}

#[test]
fn a_call_that_was_aborted_leaves_a_memory_that_works() {
    let random = random_model(&[]);
    let mut model = load(&random.config());
    let mut embedder = model.context.embedding_context(256, 2).expect("a decoder makes embeddings");
    let tokens = tokens(&model, TEXTS[4]);
    let before = last_output(&mut *embedder, &tokens, 0, 64);
    let abort = CancelFlag::default();
    abort.cancel();
    embedder.clear();
    let rows: Vec<Row> = (0..)
        .zip(&tokens[..32])
        .map(|(position, token)| Row { sequence: 0, position, token: *token, wants_logits: true })
        .collect();
    assert!(embedder.decode(&rows, &abort).is_err());
    assert_eq!(last_output(&mut *embedder, &tokens, 0, 64), before);
}

#[test]
fn what_a_memory_would_take_grows_with_its_texts() {
    let random = random_model(&[]);
    for config in [config(), random.config()] {
        let estimate = |text_size| {
            LlamaLoader.estimate(&config, Estimate::Embeddings { text_size }).expect("the file is good").total()
        };
        let (small, large) = (estimate(256), estimate(4_096));
        assert!(small > 0 && large > small, "{small}, {large}");
        let whole = LlamaLoader.estimate(&config, Estimate::Load).expect("the file is good");
        assert!(small < whole.weights_bytes + whole.kv_bytes + whole.compute_bytes, "{small}, {whole:?}");
    }
}

#[test]
fn a_file_says_how_it_is_pooled_or_that_it_cannot_be() {
    let pooling = |header: &[(&str, Value)]| {
        let random = random_model(header);
        load(&random.config()).context.pooling().map_err(|error| (error.code, error.detail))
    };
    assert_eq!(pooling(&[]), Ok(None));
    for (number, expected) in [(0, None), (1, Some(Pooling::Mean)), (2, Some(Pooling::Cls)), (3, Some(Pooling::Last))] {
        assert_eq!(pooling(&[("llama.pooling_type", Value::Number(number))]), Ok(expected));
    }
    let (code, detail) = pooling(&[("llama.pooling_type", Value::Number(4))]).expect_err("it makes none");
    assert_eq!(code, ErrorCode::ModelUnsupported);
    assert!(detail.contains("it ranks texts"), "{detail}");
}

#[test]
fn a_batch_gives_what_its_texts_give_one_by_one() {
    let random = random_model(&[]);
    let manager = ModelManager::new(Arc::new(LlamaLoader));
    let mut host = Host::on(&manager);
    for config in [config(), random.config()] {
        let batch = vectors(&mut host, &config, &TEXTS);
        assert_eq!(vectors(&mut host, &config, &TEXTS), batch, "the same once more");
        for (text, together) in TEXTS.iter().zip(&batch) {
            let alone = vectors(&mut host, &config, &[text]);
            assert!(cosine(&alone[0], together) > ALIKE, "{text:?}");
            assert!((cosine(together, together).sqrt() - 1.0).abs() < 1e-6);
            let length = together.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>();
            assert!((length - 1.0).abs() < 1e-5, "{length}");
        }
    }
}

#[test]
fn many_at_once_get_what_they_would_get_alone() {
    let random = random_model(&[]);
    let manager = ModelManager::new(Arc::new(LlamaLoader));
    for config in [config(), random.config()] {
        let alone = vectors(&mut Host::on(&manager), &config, &TEXTS);
        std::thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| {
                    let mut host = Host::on(&manager);
                    let requests: Vec<String> =
                        (0..10).map(|id| send(&mut host, &format!("e{id}"), &config, &TEXTS, json!({}))).collect();
                    let answers = RefCell::new(Vec::new());
                    host.until(|event| {
                        match event {
                            Event::Embeddings { embeddings, .. } => answers.borrow_mut().push(embeddings),
                            Event::Failed { error, .. } => panic!("{error}"),
                            _ => {}
                        }
                        (answers.borrow().len() == requests.len()).then_some(())
                    });
                    for (vector, alone) in answers.take().iter().flat_map(|vectors| vectors.iter().zip(&alone)) {
                        let alike = cosine(vector, alone);
                        assert!(alike > ALIKE, "{alike}");
                    }
                });
            }
        });
    }
}

#[test]
fn a_conversation_beside_them_answers_as_ever() {
    let manager = ModelManager::new(Arc::new(LlamaLoader));
    let (mut host, mut busy) = (Host::on(&manager), Host::on(&manager));
    let alone = vectors(&mut host, &config(), &TEXTS);
    let long = "what is my name ".repeat(100);
    let texts = vec![long.as_str(); 20];
    for (generation, text, wanted) in [("g1", "my name is alice", "alice"), ("g2", "what is my name", "alice")] {
        let request = send(&mut busy, generation, &config(), &texts, json!({}));
        host.send(json!({
            "type": "generate", "generationId": generation, "scope": "s", "model": config(),
            "append": [{ "role": "user", "content": text }], "options": { "temperature": 0 },
        }));
        let outcome = host.outcome(generation);
        assert_eq!((outcome.reason, outcome.error), (FinishReason::Stop, None));
        host.send(json!({ "type": "getTranscript", "scope": "s" }));
        let said = host.until(|event| match event {
            Event::Transcript { messages, .. } => messages.last().map(|message| message.content.clone()),
            _ => None,
        });
        assert!(said.contains(wanted), "{said}");
        answer(&busy, &request).expect("the model makes embeddings");
    }
    assert_eq!(vectors(&mut host, &config(), &TEXTS), alone);
}

#[test]
fn an_unload_and_a_cancel_end_what_is_computed() {
    let random = random_model(&[]);
    let manager = ModelManager::new(Arc::new(LlamaLoader));
    let mut host = Host::on(&manager);
    let text = "word ".repeat(80);
    for round in 0..5 {
        vectors(&mut host, &random.config(), &["hi"]);
        let request = send(&mut host, "e", &random.config(), &vec![text.as_str(); 200], json!({}));
        let (end, code) = match round % 2 {
            0 => (json!({ "type": "unload", "path": random.config().path }), ErrorCode::ModelUnloaded),
            _ => (json!({ "type": "cancelEmbed", "embeddingId": "e" }), ErrorCode::Cancelled),
        };
        host.send(end);
        assert_eq!(answer(&host, &request).map_err(|error| error.code), Err(code), "round {round}");
    }
    assert_eq!(vectors(&mut host, &random.config(), &["hi"]).len(), 1);
}

#[test]
fn what_cannot_be_embedded_is_refused_by_its_place() {
    let random = random_model(&[("llama.pooling_type", Value::Number(4))]);
    let manager = ModelManager::new(Arc::new(LlamaLoader));
    let mut host = Host::on(&manager);
    let small = ModelConfig { context_size: Some(64), ..config() };
    let long = "what is my name ".repeat(40);
    let error = embed(&mut host, &small, &["hi", &long], json!({})).expect_err("it is too long");
    assert_eq!(error.code, ErrorCode::ContextFull);
    assert!(error.detail.starts_with("texts[1] has ") && error.detail.contains("contextSize is 64"), "{error}");
    let error = embed(&mut host, &small, &["hi", ""], json!({})).expect_err("it is empty");
    assert_eq!((error.code, error.detail.as_str()), (ErrorCode::InvalidOptions, "texts[1] is empty - leave it out"));
    let error = embed(&mut host, &random.config(), &["hi"], json!({})).expect_err("it ranks");
    assert_eq!(error.code, ErrorCode::ModelUnsupported);
    assert!(embed(&mut host, &small, &["hi"], json!({})).is_ok());
}

#[test]
fn a_text_may_fill_its_context_to_the_last_token() {
    let random = random_model(&[]);
    let manager = ModelManager::new(Arc::new(LlamaLoader));
    let mut host = Host::on(&manager);
    let tokens =
        |host: &mut Host, text: &str| embed(host, &random.config(), &[text, "hi"], json!({})).map(|(_, tokens)| tokens);
    // One token per byte, and the special tokens around each of the two texts.
    let around = tokens(&mut host, "x").expect("it is short") - 3;
    let most = 512 - around as usize / 2;
    assert_eq!(tokens(&mut host, &"x".repeat(most)), Ok(512 + 2 + around / 2));
    assert_eq!(tokens(&mut host, &"x".repeat(most + 1)).map_err(|error| error.code), Err(ErrorCode::ContextFull));
}
