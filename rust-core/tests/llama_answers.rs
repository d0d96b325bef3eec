//! Answers with tool calls and reasoning. The tiny model was trained to call two tools, and to think when told to.

#![cfg(feature = "llama")]

mod llama_common;

use std::sync::Arc;

use llama_common::config;
use llama_common::host::Host;
use llama_rs_core::error::ErrorCode;
use llama_rs_core::llama::LlamaLoader;
use llama_rs_core::manager::ModelManager;
use llama_rs_core::protocol::{Event, FinishReason, GenerationPhase, Message, Outcome, ToolCall};
use serde_json::{Value, json};

/// A manager with the tiny model. Collects the events of its turns.
struct Talk {
    host: Host,
    /// Dropped after its host.
    _manager: ModelManager,
    generations: u32,
}

#[derive(Debug, Default)]
struct Told {
    text: String,
    reasoning: String,
    calls: Vec<ToolCall>,
    /// Calls that were started and dropped.
    cut: Vec<ToolCall>,
    outcome: Option<Outcome>,
}

impl Told {
    fn reason(&self) -> FinishReason {
        self.outcome.as_ref().expect("it has finished").reason
    }

    fn error(&self) -> (ErrorCode, &str) {
        let error = self.outcome.as_ref().and_then(|outcome| outcome.error.as_ref()).expect("it failed");
        (error.code, &error.detail)
    }
}

impl Talk {
    fn new() -> Self {
        let manager = ModelManager::new(Arc::new(LlamaLoader));
        Self { host: Host::on(&manager), _manager: manager, generations: 0 }
    }

    fn say(&mut self, scope: &str, messages: Value, mut options: Value) -> Told {
        self.generations += 1;
        let id = format!("g{}", self.generations);
        options["temperature"] = options.get("temperature").cloned().unwrap_or(json!(0));
        let model = json!({ "path": config().path, "contextSize": 1024 });
        let command = json!({ "type": "generate", "generationId": id, "model": model, "scope": scope, "append": messages, "options": options });
        self.host.send(command);
        let told = std::cell::RefCell::new(Told::default());
        self.host.until(|event| {
            let told = &mut *told.borrow_mut();
            match event {
                Event::TextDelta { generation_id, offset, text } if generation_id == id => {
                    assert_eq!(offset as usize, told.text.encode_utf16().count());
                    told.text.push_str(&text);
                }
                Event::ReasoningDelta { generation_id, offset, text } if generation_id == id => {
                    assert_eq!(offset as usize, told.reasoning.encode_utf16().count());
                    told.reasoning.push_str(&text);
                }
                Event::ToolCallDelta { generation_id, index, id: call, name, offset, arguments }
                    if generation_id == id =>
                {
                    let index = index as usize;
                    if told.calls.len() == index {
                        told.calls.push(ToolCall { id: call.clone(), name: name.clone(), arguments: String::new() });
                    }
                    let known = &mut told.calls[index];
                    assert_eq!((&known.id, &known.name), (&call, &name));
                    assert_eq!(offset as usize, known.arguments.encode_utf16().count());
                    known.arguments.push_str(&arguments);
                }
                Event::ToolCallDropped { generation_id, index } if generation_id == id => {
                    told.cut.push(told.calls.remove(index as usize));
                }
                Event::PhaseChanged { generation_id, phase: GenerationPhase::Finished { outcome } }
                    if generation_id == id =>
                {
                    told.outcome = Some(outcome);
                    return Some(());
                }
                Event::Failed { error, .. } => panic!("refused: {error}"),
                _ => {}
            }
            None
        });
        told.into_inner()
    }

    fn transcript(&mut self, scope: &str) -> Vec<Message> {
        let request = self.host.send(json!({ "type": "getTranscript", "scope": scope }));
        self.host.until(|event| match event {
            Event::Transcript { request_id, messages, .. } if request_id == request => Some(messages),
            _ => None,
        })
    }
}

fn user(text: &str) -> Value {
    json!([{ "role": "user", "content": text }])
}

fn tools() -> Value {
    let tool = |name: &str, description: &str, field: &str, kind: &str| {
        let parameters = json!({ "type": "object", "properties": { field: { "type": kind } }, "required": [field] });
        json!({ "name": name, "description": description, "parameters": parameters })
    };
    json!([
        tool("set_timer", "Set a timer.", "minutes", "integer"),
        tool("get_weather", "Get the weather.", "city", "string")
    ])
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn a_tool_is_called_and_its_result_is_answered_from() {
    let mut talk = Talk::new();
    let asked = talk.say("s", user("What is the weather in Paris?"), json!({ "tools": tools() }));
    assert_eq!(asked.reason(), FinishReason::ToolCalls, "{asked:?}");
    assert_eq!((asked.text.as_str(), asked.calls.len()), ("", 1), "{asked:?}");
    assert_eq!(asked.calls[0].name, "get_weather");
    assert_eq!(parsed(&asked.calls[0].arguments)["city"], "Paris");

    let id = &asked.calls[0].id;
    let result =
        json!([{ "role": "tool", "content": "{\"temperature\": 21}", "toolCallId": id, "toolName": "get_weather" }]);
    let answered = talk.say("s", result, json!({ "tools": tools() }));
    assert_eq!(answered.reason(), FinishReason::Stop);
    assert!(answered.text.contains("21"), "{answered:?}");
    let cached = answered.outcome.as_ref().expect("it has finished").usage;
    assert!(cached.cached_tokens > cached.prefilled_tokens, "the call was not prefilled again: {cached:?}");

    let transcript = talk.transcript("s");
    assert_eq!(transcript[1].tool_calls, asked.calls);
    assert_eq!(transcript[2].tool_call_id.as_ref(), Some(id));
}

#[test]
fn a_call_that_is_cut_short_is_none_wherever_that_happens() {
    let mut talk = Talk::new();
    let mut cut = 0;
    let limits = (1..40).map(|most| json!({ "maxOutputTokens": most }));
    let stops = ["get", "city", "Par", "is\""].map(|stop| json!({ "stop": [stop] }));
    for (index, mut options) in limits.chain(stops).enumerate() {
        options["tools"] = tools();
        let scope = format!("s{index}");
        let told = talk.say(&scope, user("What is the weather in Paris?"), options.clone());
        cut += told.cut.len();
        let whole = json!({ "city": "Paris" });
        assert!(told.calls.iter().all(|call| parsed(&call.arguments) == whole), "{options}: {told:?}");
        let is_called = told.reason() == FinishReason::ToolCalls;
        assert!(!is_called || !told.calls.is_empty(), "{options}: {told:?}");
        assert!(told.calls.is_empty() || is_called || told.reason() == FinishReason::Length, "{options}: {told:?}");
        assert_eq!(talk.transcript(&scope)[1].tool_calls, told.calls, "{options}");
    }
    assert!(cut > 2, "some were begun");
}

#[test]
fn what_the_choice_of_tools_says_is_kept_to() {
    let mut talk = Talk::new();
    for (choice, names) in [
        (json!({ "type": "required" }), vec!["set_timer", "get_weather"]),
        (json!({ "type": "tool", "toolName": "set_timer" }), vec!["set_timer"]),
    ] {
        let told = talk.say(&choice.to_string(), user("Hello!"), json!({ "tools": tools(), "toolChoice": choice }));
        assert_eq!(told.reason(), FinishReason::ToolCalls, "{told:?}");
        assert!(names.contains(&told.calls[0].name.as_str()), "{told:?}");
        assert!(parsed(&told.calls[0].arguments).is_object());
    }
    let none = json!({ "tools": tools(), "toolChoice": { "type": "none" } });
    let told = talk.say("none", user("What is the weather in Paris?"), none);
    assert!(told.calls.is_empty() && !told.text.is_empty(), "{told:?}");
}

#[test]
fn json_beside_tools_is_written_unless_one_must_be_called() {
    let mut talk = Talk::new();
    let schema = json!({ "type": "object", "properties": { "ok": { "type": "boolean" } }, "required": ["ok"], "additionalProperties": false });
    let asked = user("What is the weather in Paris?");
    for (scope, choice) in [
        ("auto", json!({ "type": "auto" })),
        ("required", json!({ "type": "required" })),
        ("tool", json!({ "type": "tool", "toolName": "set_timer" })),
    ] {
        let options =
            json!({ "tools": tools(), "toolChoice": choice, "responseFormat": { "type": "json", "schema": schema } });
        let told = talk.say(scope, asked.clone(), options);
        let is_called = told.reason() == FinishReason::ToolCalls;
        assert_eq!(is_called, scope != "auto", "{told:?}");
        assert!(is_called || parsed(&told.text)["ok"].is_boolean(), "{told:?}");
    }
}

#[test]
fn json_is_of_its_schema_whatever_the_model_would_say() {
    let mut talk = Talk::new();
    let schema = json!({
        "type": "object",
        "properties": { "name": { "type": "string", "maxLength": 8 }, "ages": { "type": "array", "items": { "type": "integer" }, "minItems": 2, "maxItems": 2 }, "mood": { "enum": ["good", "bad"] } },
        "required": ["name", "ages", "mood"],
        "additionalProperties": false,
    });
    for seed in 0..8 {
        let options = json!({ "responseFormat": { "type": "json", "schema": schema }, "temperature": 1.5, "seed": seed, "maxOutputTokens": 300 });
        let told = talk.say(&format!("s{seed}"), user("My name is Alice"), options);
        if told.reason() == FinishReason::Length {
            continue;
        }
        let value = parsed(&told.text);
        let fields: Vec<_> = value.as_object().expect("an object").keys().collect();
        assert_eq!(fields, ["name", "ages", "mood"], "in the order of the schema");
        assert!(
            value["ages"].as_array().is_some_and(|ages| ages.len() == 2 && ages.iter().all(Value::is_i64)),
            "{value}"
        );
        assert!(value["mood"] == "good" || value["mood"] == "bad", "{value}");
    }
    let any = talk.say("any", user("Hello!"), json!({ "responseFormat": { "type": "json" }, "maxOutputTokens": 200 }));
    assert!(any.reason() == FinishReason::Length || parsed(&any.text).is_object(), "{any:?}");
}

#[test]
fn a_grammar_holds_from_the_beginning_or_from_its_trigger() {
    let mut talk = Talk::new();
    let gbnf = "root ::= (\"yes\" | \"no\") \" \" [0-9]{3}";
    let told = talk.say(
        "s",
        user("Hello!"),
        json!({ "responseFormat": { "type": "grammar", "gbnf": gbnf }, "temperature": 2 }),
    );
    let (word, number) = told.text.split_once(' ').expect("two parts");
    assert!(["yes", "no"].contains(&word) && number.len() == 3, "{told:?}");

    let free = talk.say("t", user("My name is Alice"), json!({}));
    let word = free.text.split(' ').nth(1).expect("several words");
    let lazy =
        json!({ "type": "grammar", "gbnf": format!("root ::= \"{word}\" \" and nothing else\""), "triggers": [word] });
    let told = talk.say("u", user("My name is Alice"), json!({ "responseFormat": lazy }));
    let before = free.text.split_once(word).expect("the word is there").0;
    assert_eq!(told.text, format!("{before}{word} and nothing else"));
}

#[test]
fn what_a_model_thinks_is_no_part_of_its_answer_and_has_a_limit() {
    let template = include_str!("../../fixtures/templates/thinking.jinja");
    let mut talk = Talk::new();
    let asked = |text: &str| json!([{ "role": "system", "content": "Think before you answer." }, { "role": "user", "content": text }]);
    let thinks = talk.say("thinks", asked("Hello!"), json!({ "chatTemplate": template }));
    assert!(!thinks.reasoning.is_empty() && !thinks.text.is_empty(), "{thinks:?}");
    assert!(!thinks.text.contains("think>") && !thinks.reasoning.contains("think>"), "{thinks:?}");
    assert_eq!(talk.transcript("thinks")[2].reasoning.as_deref(), Some(thinks.reasoning.as_str()));

    let limited = talk.say("limited", asked("Hello!"), json!({ "chatTemplate": template, "reasoningBudgetTokens": 2 }));
    assert!(limited.reasoning.len() < thinks.reasoning.len() && !limited.text.is_empty(), "{limited:?}");

    let silent = talk.say("silent", asked("Hello!"), json!({ "chatTemplate": template, "reasoning": false }));
    assert_eq!(silent.reasoning, "", "{silent:?}");
    assert!(!silent.text.is_empty());
}

#[test]
fn what_cannot_be_had_is_a_typed_error_before_anything_is_generated() {
    let mut talk = Talk::new();
    let grammar = |gbnf: &str| json!({ "responseFormat": { "type": "grammar", "gbnf": gbnf } });
    let schema = |schema: Value| json!({ "responseFormat": { "type": "json", "schema": schema } });
    for (options, part) in [
        (grammar("root ::= undefined"), "grammar"),
        (grammar("root ::= root \"a\""), "grammar"),
        (grammar("start ::= \"a\""), "grammar"),
        (grammar("root ::= \"a\"{100000000}"), "grammar"),
        (schema(json!({ "type": "no such type" })), "responseFormat"),
        (schema(json!({ "$ref": "#/nowhere" })), "responseFormat"),
        (json!({ "tools": [{ "name": "a", "parameters": { "type": "no such type" } }] }), "tools"),
        (json!({ "logitBias": [{ "token": 1_000_000, "bias": 1 }] }), "logitBias"),
        (json!({ "chatTemplate": "{% for" }), "template"),
        (json!({ "chatTemplate": "{% for i in range(10**7) %}{{ i }}{% endfor %}" }), "template"),
    ] {
        let told = talk.say("s", user("Hello!"), options.clone());
        assert_eq!(told.reason(), FinishReason::Failed, "{options}: {told:?}");
        let (code, detail) = told.error();
        let wanted = if part == "template" { ErrorCode::TemplateFailed } else { ErrorCode::InvalidOptions };
        assert_eq!(code, wanted, "{options}: {detail}");
        assert!(detail.contains(part), "{options}: {detail}");
        assert_eq!(told.text, "");
    }
}

#[test]
fn a_grammar_that_leaves_no_token_fails_one_generation_and_nothing_else() {
    let mut talk = Talk::new();
    // No token of the tiny model contains a byte of this character.
    let gbnf = "root ::= \"a\" [\u{1F600}]";
    let told = talk.say("s", user("Hello!"), json!({ "responseFormat": { "type": "grammar", "gbnf": gbnf } }));
    assert!(matches!(told.reason(), FinishReason::Failed | FinishReason::Stop), "{told:?}");
    assert_eq!(talk.say("t", user("Hello!"), json!({})).reason(), FinishReason::Stop);
}

#[test]
fn every_sampler_can_be_asked_for() {
    let mut talk = Talk::new();
    for options in [
        json!({ "typicalP": 0.5 }),
        json!({ "topNSigma": 1 }),
        json!({ "xtcProbability": 0.5, "xtcThreshold": 0.05 }),
        json!({ "dryMultiplier": 0.8, "dryBase": 1.5, "dryAllowedLength": 1, "dryPenaltyWindow": 100, "drySequenceBreakers": ["\n"] }),
        json!({ "mirostat": 1 }),
        json!({ "mirostat": 2, "mirostatTau": 3, "mirostatEta": 0.2 }),
        json!({ "topK": 0, "topP": 1, "minP": 0, "temperature": 0 }),
    ] {
        let mut options = options;
        options["temperature"] = options.get("temperature").cloned().unwrap_or(json!(0.8));
        options["seed"] = json!(7);
        options["maxOutputTokens"] = json!(30);
        let scope = options.to_string();
        let one = talk.say(&scope, user("Hello!"), options.clone());
        let other = talk.say(&format!("{scope} again"), user("Hello!"), options.clone());
        assert!(matches!(one.reason(), FinishReason::Stop | FinishReason::Length), "{options}: {one:?}");
        assert_eq!(one.text, other.text, "the same seed, the same choices: {options}");
    }
}

#[test]
fn a_bias_forces_and_forbids() {
    let mut talk = Talk::new();
    let plain = talk.say("plain", user("Hello!"), json!({ "maxOutputTokens": 1 })).text;
    let forced = |bias: i32| json!({ "maxOutputTokens": 4, "logitBias": [{ "token": 300, "bias": bias }] });
    let always = talk.say("always", user("Hello!"), forced(100)).text;
    let never = talk.say("never", user("Hello!"), forced(-100)).text;
    assert!(!always.starts_with(&plain), "{always}");
    assert!(never.starts_with(&plain), "{never}");
    let quarter = &always[..always.len() / 4];
    assert_eq!(always, quarter.repeat(4), "the same token four times");
}
