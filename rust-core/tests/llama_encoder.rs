//! Encoders: a small BERT against a plain reimplementation, and a decoder without a causal mask.

#![cfg(feature = "llama")]

mod llama_common;

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;

use llama_common::embeddings::{ALIKE, answer, cosine, embed, send, vectors};
use llama_common::encoder_model::{CONTEXT, EncoderModel};
use llama_common::host::Host;
use llama_common::random_model::{Quantization, Shape, Value, write_random_model_with};
use llama_common::{config, folder, load_encoder, load_error};
use llama_rs_core::engine::{
    Attention, CancelFlag, DecodeError, EMBEDDING_ROWS, EmbeddingContext, Estimate, ModelLoader, Row, Token,
};
use llama_rs_core::error::ErrorCode;
use llama_rs_core::llama::LlamaLoader;
use llama_rs_core::manager::ModelManager;
use llama_rs_core::protocol::{Event, FinishReason, FitVerdict, ModelConfig, ModelInfo, ModelStatus, Pooling};
use serde_json::json;
use tempfile::TempDir;

/// Largest difference of a component of a normalized vector from the plain computation. llama.cpp stores attention's
/// operands in 16 bits and looks up the activation in a table of 16-bit values.
const ROUNDING: f64 = 5e-4;

const TEXTS: [&str; 7] = [
    "my name is alice",
    "a",
    "what is my name ?",
    "query : who jump +ed over the fox",
    "xylophone is unknown here",
    "set a timer for five minute +s",
    "the quick brown fox jump +s over the lazy dog , and then it does so once more , until nobody look +s any longer .",
];

struct Bert {
    _folder: TempDir,
    path: PathBuf,
    model: EncoderModel,
}

fn bert(header: &[(&str, Value)]) -> Bert {
    let folder = folder();
    let path = folder.path().join("bert.gguf");
    let model = EncoderModel::new(11);
    model.write(&path, header);
    Bert { _folder: folder, path, model }
}

impl Bert {
    fn config(&self) -> ModelConfig {
        ModelConfig { threads: Some(2), ..ModelConfig::new(self.path.to_string_lossy()) }
    }

    /// A text of this many words.
    fn words(count: usize) -> String {
        let words = ["what", "is", "my", "name", "the", "fox", "dog", "alice", "bob", "lazy", "once"];
        (0..count).map(|index| words[index * 7 % words.len()]).collect::<Vec<_>>().join(" ")
    }

    /// The normalized vector of a text, computed by the paper.
    fn plainly(&self, text: &str, pooling: Pooling) -> Vec<f64> {
        let outputs = self.model.outputs(&self.model.tokens(text));
        let pooled = match pooling {
            Pooling::Cls => outputs[0].clone(),
            Pooling::Last => outputs[outputs.len() - 1].clone(),
            Pooling::Mean => {
                (0..outputs[0].len()).map(|at| outputs.iter().map(|output| output[at]).sum::<f64>()).collect()
            }
        };
        let length = pooled.iter().map(|value| value * value).sum::<f64>().sqrt();
        pooled.iter().map(|value| value / length).collect()
    }
}

fn furthest(computed: &[f32], plainly: &[f64]) -> f64 {
    assert_eq!(computed.len(), plainly.len());
    computed.iter().zip(plainly).map(|(one, other)| (f64::from(*one) - other).abs()).fold(0.0, f64::max)
}

/// Removes the marks of word pieces, as people write.
fn written(text: &str) -> String {
    text.replace(" +", "")
}

#[test]
fn a_vector_is_what_bert_computes_in_every_pooling() {
    let manager = ModelManager::new(Arc::new(LlamaLoader));
    let mut host = Host::on(&manager);
    let texts: Vec<String> = TEXTS.iter().copied().map(written).collect();
    let (mean, cls, last) = (Some("mean"), Some("cls"), Some("last"));
    for (own, asked, expected) in [
        (None, None, Pooling::Mean),
        (Some(0), None, Pooling::Mean),
        (Some(1), None, Pooling::Mean),
        (Some(2), None, Pooling::Cls),
        (Some(3), None, Pooling::Last),
        (Some(1), cls, Pooling::Cls),
        (Some(1), last, Pooling::Last),
        (Some(2), mean, Pooling::Mean),
    ] {
        let header: Vec<_> = own.map(|own| ("bert.pooling_type", Value::Number(own))).into_iter().collect();
        let bert = bert(&header);
        let options = asked.map_or_else(|| json!({}), |asked| json!({ "pooling": asked }));
        let (vectors, tokens) = embed(&mut host, &bert.config(), &texts, options).expect("an encoder makes embeddings");
        assert_eq!(tokens as usize, TEXTS.iter().map(|text| bert.model.tokens(text).len()).sum::<usize>());
        for (text, vector) in TEXTS.iter().zip(&vectors) {
            let far = furthest(vector, &bert.plainly(text, expected));
            println!("{far:.1e} off in {expected:?} of {text:?}");
            assert!(far < ROUNDING, "{text:?}, {own:?}, {asked:?}: {far}");
        }
        let other = furthest(&vectors[0], &bert.plainly(TEXTS[5], expected));
        assert!(other > 20.0 * ROUNDING, "another text is told from rounding: {other}");
    }
}

#[test]
fn short_and_long_texts_are_what_bert_computes_alone_and_beside_others() {
    let bert = bert(&[]);
    let manager = ModelManager::new(Arc::new(LlamaLoader));
    let mut host = Host::on(&manager);
    // The longest text fills the context to its last token, because two special tokens surround it.
    let texts: Vec<String> =
        [1, 3, CONTEXT - 2, 20, EMBEDDING_ROWS - 2, EMBEDDING_ROWS - 1, 2, 2, 2, 90].map(Bert::words).into();
    let batch = vectors(&mut host, &bert.config(), &texts);
    for (text, together) in texts.iter().zip(&batch) {
        let far = furthest(together, &bert.plainly(text, Pooling::Mean));
        assert!(far < ROUNDING, "{far}: {text:?}");
        let alone = &vectors(&mut host, &bert.config(), std::slice::from_ref(text))[0];
        assert!(cosine(alone, together) > ALIKE, "{text:?}");
    }
    let mut turned = texts.clone();
    turned.reverse();
    for (vector, before) in vectors(&mut host, &bert.config(), &turned).iter().rev().zip(&batch) {
        assert!(cosine(vector, before) > ALIKE);
    }
    let raw = embed(&mut host, &bert.config(), &texts, json!({ "normalize": false })).expect("it embeds").0;
    for (raw, unit) in raw.iter().zip(&batch) {
        assert!(cosine(raw, unit) > ALIKE, "scaled, and else the same");
        assert!(raw.iter().map(|value| value * value).sum::<f32>() > 2.0, "unscaled");
    }
}

#[test]
fn a_text_is_as_long_as_the_model_was_trained_for_at_most() {
    let bert = bert(&[]);
    let manager = ModelManager::new(Arc::new(LlamaLoader));
    let mut host = Host::on(&manager);
    let long = Bert::words(CONTEXT - 1);
    let refused = |host: &mut Host, config: &ModelConfig| {
        let error = embed(host, config, &["a".into(), long.clone()], json!({})).expect_err("one token too many");
        assert_eq!(error.code, ErrorCode::ContextFull);
        error.detail
    };
    let cut = "texts[1] has 161 tokens, contextSize is 160 - cut it into pieces";
    assert_eq!(refused(&mut host, &bert.config()), cut);
    let larger = ModelConfig { context_size: Some(4_096), max_resident: Some(8), ..bert.config() };
    assert_eq!(refused(&mut host, &larger), cut, "the same model serves whoever asks for more than there is");
    let unload = host.send(json!({ "type": "unload", "path": larger.path }));
    host.answer(&unload).expect("it is loaded");
    let smaller = ModelConfig { context_size: Some(100), ..bert.config() };
    let advice =
        "texts[1] has 161 tokens, contextSize is 100 - cut it into pieces or load the model with a larger contextSize";
    assert_eq!(refused(&mut host, &smaller), advice);
    assert_eq!(vectors(&mut host, &smaller, &[Bert::words(98)]).len(), 1);
}

fn info(host: &mut Host, config: &ModelConfig) -> ModelInfo {
    host.send(json!({ "type": "acquire", "leaseId": "l", "debugLabel": "test", "model": config }));
    host.until(|event| match event {
        Event::ModelChanged { model } => match model.status {
            ModelStatus::Ready { info } if model.path == config.path => Some(info),
            _ => None,
        },
        _ => None,
    })
}

#[test]
fn whatever_needs_a_conversation_says_what_the_model_is_for() {
    let bert = bert(&[]);
    let manager = ModelManager::new(Arc::new(LlamaLoader));
    let mut host = Host::on(&manager);
    let config = bert.config();
    let told = format!("{} holds no conversation: it is an embedding model", config.path);
    let messages = json!([{ "role": "user", "content": "what is my name" }]);
    host.send(json!({ "type": "generate", "generationId": "g", "scope": "s", "model": config, "append": messages }));
    let outcome = host.outcome("g");
    let error = outcome.error.expect("it cannot answer");
    assert_eq!((outcome.reason, error.code), (FinishReason::Failed, ErrorCode::ModelUnsupported));
    assert!(error.detail.starts_with(&told) && error.detail.contains("use a chat model"), "{error}");

    for command in [
        json!({ "type": "applyChatTemplate", "model": config, "messages": messages }),
        json!({ "type": "prefill", "scope": "s", "append": messages }),
    ] {
        let request = host.send(command.clone());
        let error = host.answer(&request).expect_err("there is no template");
        assert_eq!(error.code, ErrorCode::ModelUnsupported, "{command}: {error}");
        assert!(error.detail.starts_with(&told), "{error}");
    }
    let request = host.send(json!({ "type": "tokenize", "model": config, "text": "my name is alice" }));
    let tokens = host.until(|event| match event {
        Event::Tokens { request_id, tokens, .. } if request_id == request => Some(tokens),
        _ => None,
    });
    assert_eq!(tokens, bert.model.tokens("my name is alice")[1..5]);
    let request = host.send(json!({ "type": "detokenize", "model": config, "tokens": tokens }));
    let text = host.until(|event| match event {
        Event::Text { request_id, text } if request_id == request => Some(text),
        _ => None,
    });
    assert_eq!(text.trim(), "my name is alice");
    assert_eq!(vectors(&mut host, &config, &["my name"]).len(), 1);
    let info = info(&mut host, &config);
    assert_eq!((info.max_resident, info.context_size, info.trained_context_size), (0, 160, 160));
    assert!(!info.has_chat_template && !info.holds_conversations());
}

#[test]
fn a_load_takes_its_weights_and_each_text_what_it_needs() {
    let bert = bert(&[]);
    let estimate = LlamaLoader.estimate(&bert.config(), Estimate::Load).expect("the file is good");
    assert_eq!((estimate.kv_bytes, estimate.compute_bytes, estimate.max_resident), (0, 0, 0));
    assert_eq!(estimate.context_size as usize, CONTEXT);
    let [short, long] = [64, 160].map(|size| {
        LlamaLoader
            .estimate(&bert.config(), Estimate::Embeddings { text_size: size })
            .expect("the file is good")
            .total()
    });
    assert!(0 < short && short < long, "{short}, {long}");

    let manager = ModelManager::new(Arc::new(LlamaLoader));
    let mut host = Host::on(&manager);
    let mut fits = |budget: u64| {
        let configured = host.send(json!({ "type": "configure", "memoryBudgetBytes": budget }));
        host.answer(&configured).expect("a budget may be set");
        let asked = host.send(json!({ "type": "canLoad", "model": bert.config() }));
        host.until(|event| match event {
            Event::MemoryFit { request_id, fit } if request_id == asked => Some(fit),
            _ => None,
        })
    };
    let weights = estimate.weights_bytes;
    assert_eq!(fits(weights - 1).verdict, FitVerdict::DoesNotFit);
    let fit = fits(weights + short);
    assert_eq!((fit.verdict, fit.estimate), (FitVerdict::Fits, estimate));
    assert_eq!(
        vectors(&mut host, &bert.config(), &[Bert::words(62)]).len(),
        1,
        "beside the weights there is room for it"
    );
    let error = embed(&mut host, &bert.config(), &[Bert::words(158)], json!({})).expect_err("there is not for this");
    assert_eq!(error.code, ErrorCode::OutOfMemory);
}

#[test]
fn a_reranker_is_refused_at_its_load() {
    let bert = bert(&[("bert.pooling_type", Value::Number(4))]);
    let error = load_error(&bert.config());
    assert_eq!(error.code, ErrorCode::ModelUnsupported);
    assert!(error.detail.contains("it ranks texts"), "{error}");
}

#[test]
fn a_call_that_was_aborted_leaves_a_memory_that_works() {
    let bert = bert(&[]);
    let mut model = load_encoder(&bert.config());
    let tokens = model.tokenizer.tokenize_text(&Bert::words(150)).expect("any text has tokens");
    let mut embedder = model.model.embedding_context(160, 2).expect("an encoder makes embeddings");
    assert_eq!(embedder.attention(), Attention::Bidirectional);
    let before = outputs(&mut *embedder, &tokens);
    let abort = CancelFlag::default();
    abort.cancel();
    embedder.clear();
    assert_eq!(embedder.decode(&rows(&tokens), &abort), Err(DecodeError::Aborted));
    assert_eq!(outputs(&mut *embedder, &tokens), before);
    let beyond: Vec<Token> = tokens.iter().copied().cycle().take(161).collect();
    assert!(embedder.decode(&rows(&beyond), &CancelFlag::default()).is_err(), "there is no such place");
    assert_eq!(outputs(&mut *embedder, &tokens), before);
}

fn rows(tokens: &[Token]) -> Vec<Row> {
    let row = |(position, token): (u32, &Token)| Row { sequence: 0, position, token: *token, wants_logits: true };
    (0..).zip(tokens).map(row).collect()
}

/// The outputs at a text's first and last token.
fn outputs(embedder: &mut dyn EmbeddingContext, tokens: &[Token]) -> [Vec<f32>; 2] {
    embedder.clear();
    embedder.decode(&rows(tokens), &CancelFlag::default()).expect("the text fits");
    [0, tokens.len() - 1].map(|row| embedder.vector(row).expect("every row is an output"))
}

#[test]
fn an_unload_and_a_cancel_end_what_is_computed_and_a_load_begins_anew() {
    let bert = bert(&[]);
    let manager = ModelManager::new(Arc::new(LlamaLoader));
    let mut host = Host::on(&manager);
    let alone = vectors(&mut host, &bert.config(), &[Bert::words(30)]);
    for round in 0..6 {
        let request = send(&mut host, "e", &bert.config(), &vec![Bert::words(158); 256], json!({}));
        let (end, code) = match round % 2 {
            0 => (json!({ "type": "unload", "path": bert.config().path }), ErrorCode::ModelUnloaded),
            _ => (json!({ "type": "cancelEmbed", "embeddingId": "e" }), ErrorCode::Cancelled),
        };
        host.send(end);
        assert_eq!(answer(&host, &request).map_err(|error| error.code), Err(code), "round {round}");
        assert_eq!(vectors(&mut host, &bert.config(), &[Bert::words(30)]), alone, "round {round}");
    }
}

#[test]
fn a_chat_model_answers_beside_it() {
    let bert = bert(&[]);
    let manager = ModelManager::new(Arc::new(LlamaLoader));
    let (mut host, mut busy) = (Host::on(&manager), Host::on(&manager));
    let texts: Vec<String> = TEXTS.iter().copied().map(written).collect();
    let alone = vectors(&mut host, &bert.config(), &texts);
    for (generation, text, wanted) in [("g1", "my name is alice", "alice"), ("g2", "what is my name", "alice")] {
        let many: Vec<String> = texts.iter().cycle().take(100).cloned().collect();
        let request = send(&mut busy, generation, &bert.config(), &many, json!({}));
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
        let (vectors, _) = answer(&busy, &request).expect("an encoder makes embeddings");
        for (vector, alone) in vectors.iter().zip(alone.iter().cycle()) {
            assert!(cosine(vector, alone) > ALIKE);
        }
    }
}

#[test]
fn many_at_once_get_what_they_would_get_alone() {
    let bert = bert(&[]);
    let manager = ModelManager::new(Arc::new(LlamaLoader));
    let texts: Vec<String> = [4, 70, 1, 12, 158].map(Bert::words).into();
    let alone = vectors(&mut Host::on(&manager), &bert.config(), &texts);
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                let mut host = Host::on(&manager);
                let send = |id| send(&mut host, &format!("e{id}"), &bert.config(), &texts, json!({}));
                let requests: Vec<String> = (0..8).map(send).collect();
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
                    assert!(cosine(vector, alone) > ALIKE);
                }
            });
        }
    });
}

/// This model has a KV like a conversation's, but its attention sees the whole text: it embeds, and cannot chat.
#[test]
fn a_decoder_without_a_causal_mask_reads_whole_texts() {
    let folder = folder();
    let path = folder.path().join("bidirectional.gguf");
    let (layers, width, feed_forward, heads, kv_heads, vocabulary) = (4, 256, 512, 4, 2, 2_048);
    let shape = Shape { layers, width, feed_forward, heads, kv_heads, vocabulary, quantization: Quantization::F16 };
    write_random_model_with(&path, shape, 3, &[("llama.attention.causal", Value::Truth(false))]);
    let config = ModelConfig { threads: Some(2), ..ModelConfig::new(path.to_string_lossy()) };
    let estimate = LlamaLoader.estimate(&config, Estimate::Load).expect("the file is good");
    assert_eq!((estimate.kv_bytes, estimate.max_resident, estimate.context_size), (0, 0, 32_768));
    let mut model = load_encoder(&config);
    let mut embedder = model.model.embedding_context(256, 2).expect("it makes embeddings");
    let tokens: Vec<Token> = (0..200).map(|index| 2 + index % 256).collect();
    let [first, last] = outputs(&mut *embedder, &tokens);
    let mut other = tokens.clone();
    other[199] = 7;
    let [changed, _] = outputs(&mut *embedder, &other);
    assert!(cosine(&first, &changed) < 0.999_9, "the first token knows the last: {}", cosine(&first, &changed));
    assert_eq!(outputs(&mut *embedder, &tokens), [first, last], "nothing of the text before is left");
    drop((embedder, model));

    let manager = ModelManager::new(Arc::new(LlamaLoader));
    let mut host = Host::on(&manager);
    let texts: Vec<String> = [3, 90, 1, 40, 2].map(Bert::words).into();
    let batch = vectors(&mut host, &config, &texts);
    for (text, together) in texts.iter().zip(&batch) {
        assert!(cosine(&vectors(&mut host, &config, std::slice::from_ref(text))[0], together) > ALIKE, "{text:?}");
    }
}
