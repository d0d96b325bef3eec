//! Adds results for tool calls that have none. Many templates refuse a conversation that goes on after such a call.

use crate::protocol::{Message, Role, ToolCall};

/// The result that the model sees for a call that was interrupted.
const INTERRUPTED: &str = r#"{"error":"the user went on before the tool had finished"}"#;

/// The appended messages, preceded by a result for every call of the transcript's last answer that has none, neither in
/// the transcript nor among them. Results that an earlier generation has put into the transcript meanwhile are left
/// out. If only results are appended, none is added, because more may follow.
pub(super) fn with_every_call_answered(transcript: &[Message], appended: Vec<Message>) -> Vec<Message> {
    let is_result = |message: &&Message| message.role == Role::Tool;
    let told = appended.iter().take_while(is_result).count();
    let known = transcript.iter().rev().take_while(is_result).count();
    let (before, results) = transcript.split_at(transcript.len() - known);
    let calls = before.last().map_or(&[][..], |answer| &answer.tool_calls);
    if told == appended.len() {
        return appended;
    }
    let mut all = appended;
    let rest = all.split_off(told);
    all.retain(|result| {
        let is_its = |id: &str| result.tool_call_id.as_deref() == Some(id);
        let is_there = |known: &[Message]| known.iter().any(|it| it.tool_call_id.as_deref().is_some_and(is_its));
        !is_there(transcript) || (calls.iter().any(|call| is_its(&call.id)) && !is_there(results))
    });
    let answered = |id: &str| results.iter().chain(&all).any(|it| it.tool_call_id.as_deref() == Some(id));
    let missing: Vec<_> = calls.iter().filter(|call| !answered(&call.id)).map(interrupted).collect();
    all.extend(missing);
    all.extend(rest);
    all
}

fn interrupted(call: &ToolCall) -> Message {
    let (tool_call_id, tool_name) = (Some(call.id.clone()), Some(call.name.clone()));
    Message { tool_call_id, tool_name, ..Message::new(Role::Tool, INTERRUPTED) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(text: &str) -> Message {
        Message::new(Role::User, text)
    }

    fn calls(ids: &[&str]) -> Message {
        let call = |id: &&str| ToolCall { id: (*id).into(), name: "warmth".into(), arguments: "{}".into() };
        Message { tool_calls: ids.iter().map(call).collect(), ..Message::new(Role::Assistant, "") }
    }

    fn result(id: &str, text: &str) -> Message {
        Message { tool_call_id: Some(id.into()), tool_name: Some("warmth".into()), ..Message::new(Role::Tool, text) }
    }

    #[test]
    fn a_call_without_a_result_gets_one_before_the_conversation_goes_on() {
        let asked = [user("how warm?"), calls(&["a", "b"])];
        let next = with_every_call_answered(&asked, vec![result("b", "21"), user("never mind")]);
        assert_eq!(next, [result("b", "21"), result("a", INTERRUPTED), user("never mind")]);

        let half = [&asked[..], &[result("a", "20")]].concat();
        let next = with_every_call_answered(&half, vec![user("never mind")]);
        assert_eq!(next, [result("b", INTERRUPTED), user("never mind")]);
    }

    #[test]
    fn nothing_is_added_where_every_call_has_a_result() {
        let asked = [user("how warm?"), calls(&["a"])];
        let answered = [&asked[..], &[result("a", "20")]].concat();
        for (transcript, appended) in [
            (&asked[..], vec![result("a", "20")]),
            (&answered, vec![user("thanks")]),
            (&asked[..1], vec![user("hello?")]),
            (&[], vec![user("hello")]),
        ] {
            assert_eq!(with_every_call_answered(transcript, appended.clone()), appended);
        }
    }

    #[test]
    fn results_that_the_transcript_has_are_not_added_again() {
        let asked = [user("how warm?"), calls(&["a"])];
        let sent = vec![result("a", "20"), user("never mind")];
        assert_eq!(with_every_call_answered(&asked, sent.clone()), sent, "their turn went back");
        let told = [&asked[..], &[result("a", "20")]].concat();
        for (answer, wanted) in [
            (Message::new(Role::Assistant, "20 degrees"), vec![user("never mind")]),
            (calls(&["b"]), vec![result("b", INTERRUPTED), user("never mind")]),
            // Some models count their calls anew in each answer.
            (calls(&["a"]), sent.clone()),
        ] {
            let answered = [&told[..], &[answer]].concat();
            assert_eq!(with_every_call_answered(&answered, sent.clone()), wanted);
        }
        assert_eq!(with_every_call_answered(&told, sent), [user("never mind")]);
    }
}
