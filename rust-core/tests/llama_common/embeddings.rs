//! Requests embeddings as a host does, and compares vectors.

use llama_rs_core::error::Error;
use llama_rs_core::protocol::{Event, ModelConfig};
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::host::Host;

/// The cosine of vectors that differ only by rounding: other chunks, or other texts in the same call.
pub const ALIKE: f64 = 0.999_99;

pub fn cosine(left: &[f32], right: &[f32]) -> f64 {
    assert_eq!(left.len(), right.len());
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(left, right) / (dot(left, left) * dot(right, right)).sqrt()
}

/// The vectors, and the number of tokens.
pub type Answer = Result<(Vec<Vec<f32>>, u32), Error>;

pub fn send(host: &mut Host, id: &str, config: &ModelConfig, texts: &[impl Serialize], options: Json) -> String {
    let mut command = json!({ "type": "embed", "embeddingId": id, "model": config, "texts": texts });
    for (field, value) in options.as_object().expect("options are fields") {
        command[field] = value.clone();
    }
    host.send(command)
}

pub fn answer(host: &Host, request: &str) -> Answer {
    host.until(|event| match event {
        Event::Embeddings { request_id, embeddings, usage } if request_id == request => {
            Some(Ok((embeddings, usage.prompt_tokens)))
        }
        Event::Failed { request_id, error } if request_id == request => Some(Err(error)),
        _ => None,
    })
}

pub fn embed(host: &mut Host, config: &ModelConfig, texts: &[impl Serialize], options: Json) -> Answer {
    let request = send(host, "e", config, texts, options);
    answer(host, &request)
}

pub fn vectors(host: &mut Host, config: &ModelConfig, texts: &[impl Serialize]) -> Vec<Vec<f32>> {
    embed(host, config, texts, json!({})).expect("the model makes embeddings").0
}
