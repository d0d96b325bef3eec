//! Raw tokens, texts and prompts of a real model, without a conversation.

#![cfg(feature = "llama")]

mod llama_common;

use llama_common::random_model::{Quantization, Random, Shape, write_random_model};
use llama_common::{config, folder, load, message, with_template, write};
use llama_rs_core::engine::LoadedModel;
use llama_rs_core::error::ErrorCode;
use llama_rs_core::protocol::{GenerateOptions, ModelConfig, Role};

/// A vocabulary with one token per byte: tokens that are not valid text by themselves.
fn bytes_model() -> LoadedModel {
    let folder = folder();
    let path = folder.path().join("random.gguf");
    let (layers, width, feed_forward, heads, kv_heads, vocabulary) = (1, 64, 64, 2, 2, 512);
    let quantization = Quantization::Q4_0;
    write_random_model(&path, Shape { layers, width, feed_forward, heads, kv_heads, vocabulary, quantization }, 1);
    load(&ModelConfig { context_size: Some(256), max_resident: Some(1), ..ModelConfig::new(path.to_string_lossy()) })
}

#[test]
fn a_text_comes_back_from_its_tokens() {
    let model = load(&config());
    for text in
        ["", " ", "my name is alice", "My name is Alice.\n\nWho are you? ", "naïve 😀 <|im_end|> \u{0}", "\r\n\t"]
    {
        for special in [false, true] {
            let tokens = model.prompter.tokenize(text, special).expect("any text has tokens");
            assert_eq!(model.prompter.detokenize(&tokens).as_deref(), Ok(text), "special: {special}");
        }
    }
}

#[test]
fn random_texts_come_back_from_their_tokens() {
    let models = [load(&config()), bytes_model()];
    let mut random = Random(7);
    for _ in 0..500 {
        let length = random.next() % 60;
        let text: String = (0..length)
            .filter_map(|_| match random.next() % 4 {
                0 => char::from_u32((random.next() % 0x11_0000) as u32),
                _ => char::from_u32((random.next() % 0x80) as u32),
            })
            .collect();
        for model in &models {
            let tokens = model.prompter.tokenize(&text, false).expect("any text has tokens");
            assert_eq!(model.prompter.detokenize(&tokens).as_deref(), Ok(text.as_str()));
        }
    }
}

#[test]
fn control_tokens_are_text_unless_it_is_asked_for_them() {
    let model = load(&config());
    let name = "<|im_start|>";
    let (plain, special) = (model.prompter.tokenize(name, false), model.prompter.tokenize(name, true));
    let (plain, special) = (plain.expect("any text has tokens"), special.expect("any text has tokens"));
    assert_eq!(special.len(), 1, "{special:?}");
    assert!(model.context.is_control(special[0]));
    assert!(plain.len() > 1 && !plain.iter().any(|token| model.context.is_control(*token)), "{plain:?}");
}

#[test]
fn tokens_outside_of_the_vocabulary_are_refused_by_their_place() {
    let model = bytes_model();
    for (tokens, place) in [(vec![512], 0), (vec![511, -1], 1), (vec![0, 1, i32::MAX], 2), (vec![i32::MIN], 0)] {
        let error = model.prompter.detokenize(&tokens).expect_err("no such token");
        assert_eq!(error.code, ErrorCode::InvalidOptions);
        assert!(error.detail.starts_with(&format!("tokens[{place}] is out of range - use 0 to 511")), "{error}");
    }
    assert!(model.prompter.detokenize(&[511]).is_ok());
}

#[test]
fn half_a_character_is_a_replacement_character() {
    let model = bytes_model();
    let tokens = model.prompter.tokenize("é", false).expect("any text has tokens");
    assert_eq!(tokens.len(), 2, "a token a byte");
    assert_eq!(model.prompter.detokenize(&tokens[..1]).as_deref(), Ok("\u{fffd}"));
}

#[test]
fn a_prompt_is_shown_with_its_template() {
    let talk = [message(Role::System, "be brief"), message(Role::User, "who am i")];
    let model = load(&config());
    let shown = model.prompter.show(&talk).expect("the template takes these");
    let read = model.prompter.render(&talk, &GenerateOptions::default()).expect("the template takes these");
    assert_eq!((shown.token_count as usize, &shown.stop), (read.tokens.len(), &read.stop));
    assert_eq!(model.prompter.detokenize(&read.tokens).as_deref(), Ok(shown.text.as_str()));
    assert!(shown.text.contains("be brief") && shown.text.contains("who am i"), "{}", shown.text);
    assert!(shown.template.is_some_and(|template| template.contains("for message in messages")));
}

#[test]
fn another_template_shows_another_prompt() {
    let folder = folder();
    let path = write(&folder, &with_template("{% for m in messages %}[{{ m.content }}]{% endfor %}"));
    let model = load(&ModelConfig::new(path.to_string_lossy()));
    let shown = model.prompter.show(&[message(Role::User, "hi")]).expect("the template takes this");
    assert_eq!(shown.text, "[hi]");
    assert!(shown.template.is_some_and(|template| template.starts_with("{% for m in messages %}[")));
}

#[test]
fn a_file_without_a_template_shows_chatml_and_none() {
    let shown = bytes_model().prompter.show(&[message(Role::User, "hi")]).expect("ChatML takes this");
    assert_eq!(
        (shown.text.as_str(), shown.template),
        ("<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n", None)
    );
}
