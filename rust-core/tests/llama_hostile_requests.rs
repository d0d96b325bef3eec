//! Hostile grammars, schemas and templates: each causes a typed error or works, within seconds, and never a crash.

#![cfg(feature = "llama")]

mod llama_common;

use std::time::{Duration, Instant};

use llama_common::random_model::Random;
use llama_common::{config, load, message, prefill};
use llama_rs_core::engine::LoadedModel;
use llama_rs_core::error::ErrorCode;
use llama_rs_core::protocol::{GenerateOptions, ModelConfig, ResponseFormat, Role};
use serde_json::{Value, json};

/// As many cases as CI has time for. `LLAMA_RS_HOSTILE` raises the number.
const MUTATIONS: u64 = 2000;
const PATIENCE: Duration = Duration::from_secs(5);

const GRAMMARS: [&str; 5] = [
    "root ::= object\nobject ::= \"{\" ws (pair (\",\" ws pair)*)? \"}\" ws\npair ::= string \":\" ws value\nvalue ::= object | array | string | number | (\"true\" | \"false\" | \"null\") ws\narray ::= \"[\" ws (value (\",\" ws value)*)? \"]\" ws\nstring ::= \"\\\"\" ([^\"\\\\\\x7F\\x00-\\x1F] | \"\\\\\" ([\"\\\\bfnrt] | \"u\" [0-9a-fA-F]{4}))* \"\\\"\" ws\nnumber ::= (\"-\"? ([0-9] | [1-9] [0-9]{0,15})) (\".\" [0-9]+)? ws\nws ::= | \" \" | \"\\n\" [ \\t]{0,20}\n",
    "root  ::= (expr \"=\" ws term \"\\n\")+\nexpr  ::= term ([-+*/] term)*\nterm  ::= ident | num | \"(\" ws expr \")\" ws\nident ::= [a-z] [a-z0-9_]* ws\nnum   ::= [0-9]+ ws\nws    ::= [ \\t\\n]*\n",
    "root ::= (\"- \" item)+\nitem ::= [^\\n\\x0b\\x0c\\r\\x85\\u2028\\u2029]+ \"\\n\"\n",
    "root ::= (\"a\" | \"a\" \"a\" | \"aa\")* (\"b\"? \"c\"?){0,30}\n",
    "root ::= [あ-ん]{2,5} | \"yes\" # a remark\n",
];

const SCHEMAS: [&str; 4] = [
    r##"{"type":"object","properties":{"a":{"type":"string","maxLength":5},"b":{"type":"array","items":{"$ref":"#/$defs/c"},"minItems":1,"maxItems":3}},"required":["a"],"additionalProperties":false,"$defs":{"c":{"type":"integer","minimum":0,"maximum":99}}}"##,
    r#"{"anyOf":[{"const":1},{"enum":["a",null,{"b":[1]}]},{"type":["string","null"],"format":"date-time"}]}"#,
    r##"{"$ref":"#/definitions/node","definitions":{"node":{"type":"object","properties":{"value":{"type":"number"},"next":{"$ref":"#/definitions/node"}},"required":["value"]}}}"##,
    r#"{"type":"string","pattern":"^(a|b)*c{2,3}[0-9]?$","minLength":1}"#,
];

const TEMPLATES: [&str; 3] = [
    include_str!("../../fixtures/templates/thinking.jinja"),
    include_str!("../../models/tiny-chat/chat_template.jinja"),
    "{% macro say(m) %}<{{ m.role }}>{{ m.content | trim }}{% endmacro %}{% for m in messages %}{{ say(m) }}{% if not loop.last %}|{% endif %}{% endfor %}{% set x = namespace(n=0) %}{% for i in range(3) %}{% set x.n = x.n + i %}{% endfor %}{{ x.n }}",
];

fn model() -> LoadedModel {
    load(&ModelConfig { max_resident: Some(1), context_size: Some(512), threads: Some(1), ..config() })
}

/// Renders the template and samples some tokens. Returns the error's code where that fails.
fn try_out(model: &mut LoadedModel, options: &GenerateOptions, name: &str) -> Option<ErrorCode> {
    let started = Instant::now();
    let outcome = options.validate().and_then(|()| {
        let prompt = model.prompter.render(&[message(Role::User, "hello")], options)?;
        let mut sampler = model.context.sampler(options, prompt.format.as_ref())?;
        model.context.clear(0);
        let held = prompt.tokens.len().min(64);
        let row = prefill(model, 0, &prompt.tokens[..held], 0, None).expect("the prompt fits");
        for _ in 0..12 {
            let token = model.context.sample(row, &mut *sampler)?;
            if model.context.is_end(token) {
                break;
            }
        }
        if let Some(format) = &prompt.format {
            let _readable = format.0.parse("<think>a</think>{\"b\": [1, \"c", false);
        }
        Ok(())
    });
    let took = started.elapsed();
    assert!(took < PATIENCE, "{name} took {took:?}");
    outcome.err().map(|error| {
        let detail = error.detail;
        assert!(!detail.is_empty() && detail.len() < 2000, "{name}: {detail}");
        error.code
    })
}

/// Makes a few random edits: changes a byte, copies a piece, or removes one.
fn mutated(text: &str, random: &mut Random) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        let end = (at + 1 + random.below(24)).min(bytes.len());
        match random.below(4) {
            0 => bytes[at] = random.pick(b"(){}[]|*+?\"\\%:=#-.,$^0123456789az \n"),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let copy = bytes[at..end].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, copy);
            }
            _ => bytes.insert(at, random.pick(b"(){}[]|*+?\"\\%:=#-.,$^0123456789az \n")),
        }
        if bytes.is_empty() {
            bytes.push(b' ');
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn grammar(gbnf: String) -> GenerateOptions {
    let response_format = Some(ResponseFormat::Grammar { gbnf, triggers: vec![] });
    GenerateOptions { response_format, ..GenerateOptions::default() }
}

fn schema(value: Value) -> Option<GenerateOptions> {
    let schema = Some(value.as_object()?.clone());
    Some(GenerateOptions { response_format: Some(ResponseFormat::Json { schema }), ..GenerateOptions::default() })
}

fn template(source: String) -> GenerateOptions {
    GenerateOptions { chat_template: Some(source), ..GenerateOptions::default() }
}

#[test]
fn mutated_grammars_schemas_and_templates_are_typed_errors_or_work() {
    let mut model = model();
    let mutations = std::env::var("LLAMA_RS_HOSTILE").ok().and_then(|count| count.parse().ok()).unwrap_or(MUTATIONS);
    let (mut worked, mut failed) = ([0_u32; 3], [0_u32; 3]);
    for seed in 0..mutations {
        let mut random = Random(seed);
        let kind = (seed % 3) as usize;
        let options = match kind {
            0 => Some(grammar(mutated(random.pick(&GRAMMARS), &mut random))),
            1 => serde_json::from_str(&mutated(random.pick(&SCHEMAS), &mut random)).ok().and_then(schema),
            // Half of the cases have a response format, which starts with what the template writes of it.
            _ => {
                let source = mutated(random.pick(&TEMPLATES), &mut random);
                let form = if seed % 2 == 0 { schema(json!({ "type": "object" })) } else { None };
                Some(GenerateOptions { chat_template: Some(source), ..form.unwrap_or_default() })
            }
        };
        let Some(options) = options else { continue };
        match try_out(&mut model, &options, &format!("seed {seed}: {options:?}")) {
            None => worked[kind] += 1,
            Some(ErrorCode::InvalidOptions | ErrorCode::TemplateFailed | ErrorCode::InferenceFailed) => {
                failed[kind] += 1
            }
            Some(code) => panic!("seed {seed}: {code:?}"),
        }
    }
    assert!(worked.iter().chain(&failed).all(|count| *count > 20), "worked {worked:?}, failed {failed:?}");
}

#[test]
fn requests_made_to_hurt_are_refused_or_served() {
    let mut model = model();
    let deep = |depth: usize| {
        let mut value = json!({ "type": "integer" });
        for _ in 0..depth {
            value = json!({ "type": "array", "items": value });
        }
        value
    };
    let chain: String = (0..1500).map(|rule| format!("r{rule} ::= r{}\n", rule + 1)).collect();
    let branches: String = (0..40).map(|rule| format!("r{rule} ::= r{0} r{0}\n", rule + 1)).collect();
    let ends_at_once = GenerateOptions {
        chat_template: Some(
            "{% for m in messages %}{{ m.content }}{% endfor %}{% if add_generation_prompt %}<|im_end|>{% endif %}"
                .to_owned(),
        ),
        ..schema(json!({ "type": "object" })).expect("an object")
    };
    let cases = [
        (
            "parentheses in a grammar",
            Some(grammar(format!("root ::= {}\"a\"{}", "(".repeat(20_000), ")".repeat(20_000)))),
        ),
        ("a chain of rules", Some(grammar(format!("root ::= r0\n{chain}r1500 ::= \"a\"\n")))),
        ("rules that double", Some(grammar(format!("root ::= r0\n{branches}r40 ::= \"a\"\n")))),
        ("rules that double and may be empty", Some(grammar(format!("root ::= r0\n{branches}r40 ::= \"a\"?\n")))),
        ("a rule that begins with itself", Some(grammar("root ::= root | \"a\"".to_owned()))),
        (
            "a rule that begins with itself after nothing",
            Some(grammar("root ::= e root \"a\" | \"b\"\ne ::= f\nf ::= \"x\"?".to_owned())),
        ),
        ("repetitions of what may be empty", Some(grammar("root ::= (((\"b\"? \"c\"?)* \"d\"?)* \"e\"?)*".to_owned()))),
        ("repetitions of repetitions", Some(grammar("root ::= ((((\"a\"{1,100}){1,100}){1,100}){1,100})".to_owned()))),
        ("a grammar of nothing", Some(grammar("root ::= [^\\x00-\\U0010FFFF]".to_owned()))),
        ("many alternatives", Some(grammar(format!("root ::= {}", vec!["\"ab\""; 5000].join(" | "))))),
        ("half an escape", Some(grammar("root ::= \"\\x".to_owned()))),
        ("an array in an array", schema(deep(60))),
        ("a schema of itself", schema(json!({ "$ref": "#" }))),
        (
            "schemas of each other",
            schema(
                json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } }),
            ),
        ),
        ("a schema from elsewhere", schema(json!({ "$ref": "https://localhost/schema.json" }))),
        (
            "too many items",
            schema(json!({ "type": "array", "items": { "type": "string" }, "minItems": 1_000_000_000 })),
        ),
        ("too long a text", schema(json!({ "type": "string", "minLength": 1_000_000_000 }))),
        (
            "a pattern of parentheses",
            schema(json!({ "type": "string", "pattern": format!("^{}a{}$", "(".repeat(20_000), ")".repeat(20_000)) })),
        ),
        (
            "many properties",
            schema(
                json!({ "type": "object", "properties": (0..100).map(|at| (format!("p{at}"), json!({ "type": "integer" }))).collect::<serde_json::Map<_, _>>() }),
            ),
        ),
        ("bounds that cross", schema(json!({ "type": "integer", "minimum": 5, "maximum": 1 }))),
        ("an enum of nothing", schema(json!({ "enum": [] }))),
        ("a macro that calls itself", Some(template("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}".to_owned()))),
        (
            "parentheses in a template",
            Some(template(format!("{{{{ {}1{} }}}}", "(".repeat(20_000), ")".repeat(20_000)))),
        ),
        ("a template that ends the answer which it begins", Some(ends_at_once)),
        ("a long range", Some(template("{% for i in range(10**7) %}{{ i }}{% endfor %}".to_owned()))),
    ];
    for (name, options) in cases {
        let options = options.expect("an object");
        let code = try_out(&mut model, &options, name);
        let known = [ErrorCode::InvalidOptions, ErrorCode::TemplateFailed, ErrorCode::InferenceFailed];
        assert!(code.is_none_or(|code| known.contains(&code)), "{name}: {code:?}");
    }
    assert_eq!(try_out(&mut model, &GenerateOptions::default(), "a plain request"), None);
}
