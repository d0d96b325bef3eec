//! Chat templates besides the tiny model's own: none, one that refuses, one that needs a first token.

#![cfg(feature = "llama")]

mod llama_common;

use llama_common::{config, find, folder, load, message, tiny_bytes, with_template, with_value, write};
use llama_rs_core::engine::LoadedModel;
use llama_rs_core::error::ErrorCode;
use llama_rs_core::protocol::{GenerateOptions, Message, ModelConfig, Role, Tool, ToolChoice};

fn load_bytes(bytes: &[u8]) -> LoadedModel {
    let folder = folder();
    load(&ModelConfig { max_resident: Some(1), ..ModelConfig::new(write(&folder, bytes).to_string_lossy()) })
}

fn rendered(model: &LoadedModel, messages: &[Message]) -> String {
    let prompt = model.prompter.render(messages, &GenerateOptions::default()).expect("the template takes these");
    let bytes: Vec<u8> = prompt.tokens.iter().flat_map(|token| model.context.prompt_bytes(*token)).collect();
    String::from_utf8(bytes).expect("a prompt is UTF-8")
}

#[test]
fn a_model_without_a_template_gets_chatml() {
    let mut bytes = tiny_bytes();
    let key = find(&bytes, "tokenizer.chat_template");
    bytes[key..key + 9].copy_from_slice(b"forgotten");
    let model = load_bytes(&bytes);
    assert!(!model.info.has_chat_template);
    let text = rendered(&model, &[message(Role::System, "be brief"), message(Role::User, "hi")]);
    assert_eq!(
        text.trim_end(),
        "<|im_start|>system\nbe brief<|im_end|>\n<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant"
    );
}

#[test]
fn the_first_token_is_there_once_whoever_writes_it() {
    let messages = [message(Role::User, "hi")];
    let adds_bos = |mut bytes: Vec<u8>| {
        let key = "tokenizer.ggml.add_bos_token";
        let at = find(&bytes, key) + key.len() + 4;
        bytes[at] = 1;
        bytes
    };
    let own = "{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}";
    let none = "{% for m in messages %}{{ m.content }}{% endfor %}";
    for (bytes, expected) in [
        (adds_bos(with_template(own)), "<|endoftext|>hi"),
        (adds_bos(with_template(none)), "<|endoftext|>hi"),
        (with_template(own), "<|endoftext|>hi"),
        (with_template(none), "hi"),
    ] {
        assert_eq!(rendered(&load_bytes(&bytes), &messages), expected);
    }
}

#[test]
fn a_template_that_refuses_the_messages_says_so_without_quoting_them() {
    let model = load_bytes(&with_template(
        "{% if messages|length > 2 %}{{ raise_exception('too many') }}{% endif %}\
         {% if messages|length > 1 %}{{ raise_exception('no: ' + messages[1].content) }}{% endif %}\
         {% for m in messages %}{{ m.content }}{% endfor %}",
    ));
    let secret = message(Role::User, "my secret");
    let error =
        model.prompter.render(&vec![secret.clone(); 3], &GenerateOptions::default()).expect_err("three are too many");
    assert_eq!(error.code, ErrorCode::TemplateFailed);
    assert!(error.detail.contains("too many"), "{error}");
    let error =
        model.prompter.render(&vec![secret.clone(); 2], &GenerateOptions::default()).expect_err("two are refused");
    assert_eq!(error.code, ErrorCode::TemplateFailed);
    assert!(!error.detail.contains("secret"), "{error}");
    assert!(!error.detail.contains('\n'), "{error}");
    assert_eq!(rendered(&model, &[secret]), "my secret");
}

#[test]
fn weights_that_are_not_numbers_are_a_typed_error_at_sampling() {
    let mut model = load_bytes(&with_value("llama.rope.freq_base", &f32::NAN.to_le_bytes()));
    let tokens =
        model.prompter.render(&[message(Role::User, "hi")], &GenerateOptions::default()).expect("renders").tokens;
    let row = llama_common::prefill(&mut model, 0, &tokens, 0, None).expect("decodes");
    let mut sampler = llama_common::greedy(&model);
    let error = model.context.sample(row, &mut *sampler).expect_err("nothing can be chosen");
    assert_eq!(error.code, ErrorCode::InferenceFailed);
    assert!(error.detail.contains("not numbers"), "{error}");
}

#[test]
fn a_prompt_that_nothing_answers_yet_is_the_same_without_a_format() {
    let model = load(&config());
    let tool: Tool =
        serde_json::from_str(r#"{"name": "look", "parameters": {"properties": {"at": {"type": "string"}}}}"#)
            .expect("a tool");
    let messages = [message(Role::User, "hi")];
    for tool_choice in [ToolChoice::Auto, ToolChoice::Required] {
        let options =
            GenerateOptions { tools: vec![tool.clone()], tool_choice: Some(tool_choice), ..GenerateOptions::default() };
        let answered = model.prompter.render(&messages, &options).expect("a prompt");
        let ahead = model.prompter.render_ahead(&messages, &options).expect("a prompt");
        assert!(answered.format.is_some() && ahead.format.is_none());
        assert_eq!((ahead.tokens, ahead.stop), (answered.tokens, answered.stop));
    }
}
