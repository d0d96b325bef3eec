//! Publishes one generation's answer, as the engine produces it.

use std::sync::Arc;

use super::bus::Bus;
use crate::engine::AnswerSink;
use crate::protocol::{Event, TokenLogprob};

#[derive(Debug)]
pub(super) struct BusSink {
    bus: Arc<Bus>,
    generation: String,
}

impl BusSink {
    pub(super) fn new(bus: Arc<Bus>, generation: String) -> Self {
        Self { bus, generation }
    }
}

impl AnswerSink for BusSink {
    fn text(&self, text: &str) {
        let mut state = self.bus.lock();
        let Some(offset) = state.world.text_length(&self.generation) else { return };
        let event = Event::TextDelta { generation_id: self.generation.clone(), offset, text: text.to_owned() };
        state.publish(event);
    }

    fn reasoning(&self, text: &str) {
        let mut state = self.bus.lock();
        let Some(offset) = state.world.reasoning_length(&self.generation) else { return };
        let event = Event::ReasoningDelta { generation_id: self.generation.clone(), offset, text: text.to_owned() };
        state.publish(event);
    }

    fn tool_call(&self, index: usize, id: &str, name: &str, arguments: &str) {
        let mut state = self.bus.lock();
        let Some(offset) = state.world.arguments_length(&self.generation, index) else { return };
        state.publish(Event::ToolCallDelta {
            generation_id: self.generation.clone(),
            index: index as u32,
            id: id.to_owned(),
            name: name.to_owned(),
            offset,
            arguments: arguments.to_owned(),
        });
    }

    fn logprob(&self, token: TokenLogprob) {
        let mut state = self.bus.lock();
        let Some(offset) = state.world.logprobs_length(&self.generation) else { return };
        let generation_id = self.generation.clone();
        state.publish(Event::LogprobsDelta { generation_id, offset, logprobs: vec![token] });
    }
}
