//! Screens a chat template before llama.cpp's engine runs it. That engine limits neither recursion nor time: a model
//! file with a macro that calls itself, or a loop over ten million numbers, would take the process down. A template is
//! refused for exceeding these limits only; llama.cpp may well accept other things that minijinja objects to.

use minijinja::value::Serde;
use minijinja::{Environment, ErrorKind, UndefinedBehavior};
use serde_json::{Value, json};

use super::chat_request::{ChatRequest, role_name};
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::Role;

/// The most steps of one rendering. A thousand messages take some hundred thousand.
const FUEL: u64 = 10_000_000;

/// The deepest nesting of macro calls. Real templates stay below ten.
const RECURSION: usize = 100;

const MAX_BYTES: usize = 1 << 20;

/// A template that can be rendered within limits.
pub(super) struct TemplateScreen {
    environment: Environment<'static>,
}

const NAME: &str = "chat";

impl TemplateScreen {
    /// Parses the template, and renders it for the conversations that llama.cpp itself tries a template with.
    pub fn new(source: &str) -> Result<Self> {
        if source.len() > MAX_BYTES {
            return Err(refusal(&format!("it is {} bytes long", source.len())));
        }
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.set_recursion_limit(RECURSION);
        environment.set_fuel(Some(FUEL));
        environment.add_function("raise_exception", |_: String| -> std::result::Result<String, minijinja::Error> {
            Err(minijinja::Error::new(ErrorKind::InvalidOperation, "raised by the template"))
        });
        environment.add_function("strftime_now", |_: String| "1 January 2026");
        judge(environment.add_template_owned(NAME, source.to_owned()))?;

        let screen = Self { environment };
        let says = |role, content: &str| json!({ "role": role_name(role), "content": content });
        let probe = [
            says(Role::System, "system"),
            says(Role::User, "user"),
            says(Role::Assistant, "assistant"),
            says(Role::User, "user"),
            example_call(),
            json!({ "role": role_name(Role::Tool), "content": "result", "tool_call_id": "call", "name": "example" }),
        ];
        for tools in [&[][..], &[example_tool()]] {
            for messages in [&probe[..4], &probe[1..4], &probe[1..2], &probe[..], &probe[3..]] {
                screen.render(messages, tools, true)?;
                screen.render(messages, tools, false)?;
            }
        }
        Ok(screen)
    }

    /// An error if rendering this request exceeds the limits.
    pub fn check(&self, request: &ChatRequest) -> Result<()> {
        self.render(&request.messages, &request.tools, request.reasoning)
    }

    fn render(&self, messages: &[Value], tools: &[Value], reasoning: bool) -> Result<()> {
        let Ok(template) = self.environment.get_template(NAME) else {
            // The template did not parse here, which llama.cpp may judge otherwise.
            return Ok(());
        };
        let messages = minijinja::Value::from(Serde(messages));
        let tools = (!tools.is_empty()).then(|| minijinja::Value::from(Serde(tools)));
        judge(template.render_captured_to(
            minijinja::context! {
                messages, tools, add_generation_prompt => true, bos_token => "<s>", eos_token => "</s>",
                enable_thinking => reasoning,
            },
            std::io::sink(),
        ))
    }
}

fn example_call() -> Value {
    let function = json!({ "name": "example", "arguments": "{}" });
    let calls = json!([{ "type": "function", "id": "call", "function": function }]);
    json!({ "role": role_name(Role::Assistant), "content": "", "tool_calls": calls })
}

fn example_tool() -> Value {
    let parameters = json!({ "type": "object", "properties": {} });
    let function = json!({ "name": "example", "description": "An example.", "parameters": parameters });
    json!({ "type": "function", "function": function })
}

fn refusal(reason: &str) -> Error {
    Error::new(ErrorCode::TemplateFailed, format!("the model's chat template is refused: {reason} - use another model"))
}

/// Passes every error except an exceeded limit.
fn judge<T>(result: std::result::Result<T, minijinja::Error>) -> Result<()> {
    let Err(error) = result else { return Ok(()) };
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(current) = cause {
        if let Some(reason) = current.downcast_ref::<minijinja::Error>().and_then(exceeded_limit) {
            return Err(refusal(reason));
        }
        cause = current.source();
    }
    Ok(())
}

/// The limit that an error is about. minijinja has a kind for fuel only; its other limits are recognized by their
/// texts, which the tests below pin.
fn exceeded_limit(error: &minijinja::Error) -> Option<&'static str> {
    match (error.kind(), error.detail().unwrap_or_default()) {
        (ErrorKind::OutOfFuel, _) => Some("rendering it takes too long"),
        (ErrorKind::InvalidOperation, "range has too many elements") => Some("it counts too far"),
        (ErrorKind::InvalidOperation, "recursion limit exceeded") => Some("its macros call each other too deeply"),
        (ErrorKind::SyntaxError, "template exceeds maximum recursion limits") => Some("it is nested too deeply"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{GenerateOptions, Message};

    fn code(source: &str) -> Option<ErrorCode> {
        TemplateScreen::new(source).err().map(|error| error.code)
    }

    #[test]
    fn what_exceeds_a_limit_is_refused() {
        let endless_macro = "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}".to_owned();
        let parentheses = format!("{{{{ {}1{} }}}}", "(".repeat(20_000), ")".repeat(20_000));
        let range = "{% for i in range(10**7) %}x{% endfor %}".to_owned();
        let nested = "{% for i in range(90000) %}{% for j in range(90000) %}x{% endfor %}{% endfor %}".to_owned();
        for source in [endless_macro, parentheses, range, nested, "x".repeat(MAX_BYTES + 1)] {
            assert_eq!(code(&source), Some(ErrorCode::TemplateFailed), "{:.60}", source);
        }
    }

    #[test]
    fn a_loop_that_depends_on_the_messages_is_refused_when_they_come() {
        let source = "{% for a in range(messages[0].content|length * 90000) %}{% endfor %}";
        let screen = TemplateScreen::new(source);
        // The first message that is tried has six letters, which is too far already.
        assert!(screen.is_err());
        let source = "{% if messages|length > 6 %}{% for a in range(10**7) %}{% endfor %}{% endif %}";
        let screen = TemplateScreen::new(source).expect("no conversation that is tried has more than six messages");
        let request =
            |count| ChatRequest::new(&vec![Message::new(Role::User, "hello"); count], &GenerateOptions::default());
        assert!(screen.check(&request(6)).is_ok());
        assert!(screen.check(&request(7)).is_err());
    }

    #[test]
    fn what_only_minijinja_objects_to_passes() {
        for source in [
            "{{ unknown_function() }}",
            "{% unknown_tag %}",
            "{{ raise_exception('no system role') }}",
            "{{ messages[0].content.unknown_method() }}",
            "{% for m in messages %}{{ m.content.strip() }}{% endfor %}",
        ] {
            assert_eq!(code(source), None, "{source}");
        }
    }
}
