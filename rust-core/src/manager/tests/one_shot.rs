//! One-shot tasks: tokenize, detokenize, apply a chat template.

use serde_json::{Value, json};

use super::host::{Host, a, idle, manager, model_is, names, unloaded};
use crate::engine::scripted::{Point, Script};
use crate::error::ErrorCode;
use crate::protocol::{Event, RenderedPrompt};

impl Host {
    fn tokenize(&mut self, text: &str, special: bool) -> String {
        self.send(json!({ "type": "tokenize", "model": a(), "text": text, "special": special }))
    }

    #[track_caller]
    fn tokens(&mut self, request: &str) -> Result<Vec<i32>, ErrorCode> {
        self.until(|event| match event {
            Event::Tokens { request_id, tokens } if request_id == request => Some(Ok(tokens.clone())),
            Event::Failed { request_id, error } if request_id == request => Some(Err(error.code)),
            _ => None,
        })
    }

    #[track_caller]
    fn detokenized(&mut self, tokens: &[i32]) -> Result<String, String> {
        let request = self.send(json!({ "type": "detokenize", "model": a(), "tokens": tokens }));
        self.until(|event| match event {
            Event::Text { request_id, text } if *request_id == request => Some(Ok(text.clone())),
            Event::Failed { request_id, error } if *request_id == request => Some(Err(error.detail.clone())),
            _ => None,
        })
    }

    #[track_caller]
    fn rendered(&mut self, messages: Value) -> RenderedPrompt {
        let request = self.send(json!({ "type": "applyChatTemplate", "model": a(), "messages": messages }));
        self.until(|event| match event {
            Event::RenderedPrompt { request_id, prompt } if *request_id == request => Some(prompt.clone()),
            Event::Failed { request_id, error } if *request_id == request => panic!("{error}"),
            _ => None,
        })
    }
}

#[test]
fn a_text_and_its_tokens_match() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let request = host.tokenize("my name is <user>", false);
    let plain = host.tokens(&request).expect("the script knows every word");
    let request = host.tokenize("my name is <user>", true);
    let special = host.tokens(&request).expect("the script knows every word");
    assert_eq!((plain.len(), &plain[..3]), (4, &special[..3]));
    assert_ne!(plain[3], special[3], "a control token is one only where that was asked for");
    assert_eq!(host.detokenized(&plain).as_deref(), Ok("my name is <user>"));
    assert_eq!(host.detokenized(&special).as_deref(), Ok("my name is<user>"));
    assert_eq!(host.detokenized(&[]).as_deref(), Ok(""));
}

#[test]
fn tokens_that_no_text_has_are_named() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let refused = host.detokenized(&[0, 99]).expect_err("the vocabulary is smaller");
    assert_eq!(refused, "tokens[1] is out of range - use 0 to 3, got 99");
}

#[test]
fn a_prompt_is_shown_as_the_template_writes_it() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let shown =
        host.rendered(json!([{ "role": "system", "content": "be brief" }, { "role": "user", "content": "hi" }]));
    assert_eq!(shown.text, "<system>be brief<end><user>hi<end><assistant>");
    assert_eq!((shown.token_count, shown.template.as_deref()), (8, Some("the script's")));
    assert_eq!(host.snapshot().scopes, vec![], "nothing was said");
}

#[test]
fn a_task_loads_its_model_and_releases_it() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let request =
        host.send(json!({ "type": "tokenize", "model": { "path": "a.gguf", "keepAliveMs": 0 }, "text": "hi" }));
    assert!(host.tokens(&request).is_ok());
    host.until(model_is("a.gguf", unloaded));
    assert_eq!((script.counts().loads, script.counts().live), (1, 0));
    let told = names(&host.log());
    assert!(told.contains(&"acquired a request reused=false".to_owned()), "{told:?}");
}

#[test]
fn tasks_join_one_load() {
    let script = Script::new();
    let gate = script.gate(Point::Load(0.5));
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let requests = ["one", "two", "three"].map(|text| host.tokenize(text, false));
    gate.wait();
    gate.open();
    for request in requests {
        assert_eq!(host.tokens(&request).map(|tokens| tokens.len()), Ok(1));
        host.look_anew();
    }
    host.until(model_is("a.gguf", idle));
    assert_eq!(script.counts().loads, 1);
}

#[test]
fn a_task_fails_as_its_model_does() {
    let script = Script::new();
    script.fail_loads(1, ErrorCode::ModelInvalid);
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let request = host.tokenize("hi", false);
    assert_eq!(host.tokens(&request), Err(ErrorCode::ModelInvalid));
    let again = host.tokenize("hi", false);
    assert!(host.tokens(&again).is_ok(), "the next one loads anew");
    assert!(host.model("a.gguf").leases.is_empty());
}

#[test]
fn an_unload_ends_the_tasks_that_wait_for_the_load() {
    let script = Script::new();
    let gate = script.gate(Point::Load(0.5));
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let request = host.tokenize("hi", false);
    gate.wait();
    let unload = host.send(json!({ "type": "unload", "path": "a.gguf" }));
    assert_eq!(host.tokens(&request), Err(ErrorCode::LoadCancelled));
    gate.open();
    host.done(&unload);
    assert!(host.model("a.gguf").leases.is_empty());
}

#[test]
fn a_task_waits_while_the_app_is_in_the_background() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let suspend = host.send(json!({ "type": "suspend", "deadlineMs": 0 }));
    host.done(&suspend);
    let request = host.tokenize("hi", false);
    host.until(model_is("a.gguf", |status| matches!(status, crate::protocol::ModelStatus::Failed { .. })));
    assert_eq!(script.counts().loads, 0);
    let resume = host.send(json!({ "type": "resume" }));
    host.done(&resume);
    assert_eq!(host.tokens(&request).map(|tokens| tokens.len()), Ok(1));
}

#[test]
fn an_unload_in_the_background_ends_the_tasks_that_wait() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let suspend = host.send(json!({ "type": "suspend", "deadlineMs": 0 }));
    host.done(&suspend);
    let request = host.tokenize("hi", false);
    let unload = host.send(json!({ "type": "unload", "path": "a.gguf" }));
    assert_eq!(host.tokens(&request), Err(ErrorCode::ModelUnloaded));
    host.done(&unload);
}

#[test]
fn too_many_tasks_for_one_load_are_busy() {
    let script = Script::new();
    let gate = script.gate(Point::Load(0.5));
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let first = host.tokenize("hi", false);
    gate.wait();
    let more: Vec<String> = (0..256).map(|_| host.tokenize("hi", false)).collect();
    assert_eq!(host.tokens(&more[255]), Err(ErrorCode::Busy));
    gate.open();
    host.look_anew();
    assert!(host.tokens(&first).is_ok());
}
