//! The state that snapshots show, folded from events alone, so that a snapshot and the events after it always agree.

use std::collections::{BTreeMap, VecDeque};

use crate::engine::{Answer, Devices};
use crate::protocol::{
    Download, Event, GenerationPhase, GenerationState, ModelState, Resident, ScopeSummary, Snapshot, ToolCall, answers,
};

/// Finished generations that stay visible, so that a host which comes back finds how its stream ended.
const FINISHED: usize = 16;

#[derive(Debug)]
pub(super) struct World {
    models: BTreeMap<String, ModelState>,
    scopes: BTreeMap<String, ScopeSummary>,
    /// Oldest request first.
    generations: VecDeque<ShownGeneration>,
    residents: BTreeMap<String, Resident>,
    downloads: BTreeMap<String, Download>,
    suspended: bool,
    devices: Devices,
}

#[derive(Debug)]
struct ShownGeneration {
    state: GenerationState,
    lengths: Lengths,
}

/// Lengths of a generation's texts in UTF-16 code units, as JavaScript counts.
#[derive(Debug, Default)]
struct Lengths {
    text: u32,
    reasoning: u32,
    /// One for each tool call.
    arguments: Vec<u32>,
}

impl ShownGeneration {
    /// Appends to a call's arguments. An unknown index begins the next call.
    fn add_to_call(&mut self, index: usize, id: &str, name: &str, arguments: &str) {
        if index >= self.state.tool_calls.len() {
            let call = ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: String::new() };
            self.state.tool_calls.push(call);
            self.lengths.arguments.push(0);
        }
        if let (Some(call), Some(length)) =
            (self.state.tool_calls.get_mut(index), self.lengths.arguments.get_mut(index))
        {
            call.arguments.push_str(arguments);
            *length += utf16_length(arguments);
        }
    }

    fn drop_call(&mut self, index: usize) {
        if index < self.state.tool_calls.len() {
            self.state.tool_calls.remove(index);
            self.lengths.arguments.remove(index);
        }
    }
}

impl World {
    pub(super) fn new(devices: Devices) -> Self {
        Self {
            models: BTreeMap::new(),
            scopes: BTreeMap::new(),
            generations: VecDeque::new(),
            residents: BTreeMap::new(),
            downloads: BTreeMap::new(),
            suspended: false,
            devices,
        }
    }

    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::ModelChanged { model } => {
                self.models.insert(model.path.clone(), model.clone());
            }
            Event::ScopeChanged { scope } => {
                self.scopes.insert(scope.id.clone(), scope.clone());
            }
            Event::ScopeDeleted { scope } => {
                self.scopes.remove(scope);
            }
            Event::GenerationQueued { generation } => {
                self.generations.push_back(ShownGeneration { state: generation.clone(), lengths: Lengths::default() });
            }
            Event::PhaseChanged { generation_id, phase } => self.enter(generation_id, phase),
            Event::TextDelta { generation_id, text, .. } => {
                if let Some(generation) = self.find(generation_id) {
                    generation.state.text.push_str(text);
                    generation.lengths.text += utf16_length(text);
                }
            }
            Event::ReasoningDelta { generation_id, text, .. } => {
                if let Some(generation) = self.find(generation_id) {
                    generation.state.reasoning.push_str(text);
                    generation.lengths.reasoning += utf16_length(text);
                }
            }
            Event::ToolCallDelta { generation_id, index, id, name, arguments, .. } => {
                if let Some(generation) = self.find(generation_id) {
                    generation.add_to_call(*index as usize, id, name, arguments);
                }
            }
            Event::LogprobsDelta { generation_id, logprobs, .. } => {
                if let Some(generation) = self.find(generation_id) {
                    generation.state.logprobs.extend_from_slice(logprobs);
                }
            }
            Event::ToolCallDropped { generation_id, index } => {
                if let Some(generation) = self.find(generation_id) {
                    generation.drop_call(*index as usize);
                }
            }
            Event::SuspensionChanged { suspended } => self.suspended = *suspended,
            Event::DownloadChanged { download } => {
                self.downloads.insert(download.name.clone(), download.clone());
            }
            Event::DownloadRemoved { name } => {
                self.downloads.remove(name);
            }
            Event::ResidentChanged { resident } => {
                self.residents.insert(resident.id.clone(), resident.clone());
            }
            Event::ResidentRemoved { id } => {
                self.residents.remove(id);
            }
            // Answers and requests change nothing; transcripts and the flight recorder come by command.
            answers!(_)
            | Event::BenchProgress { .. }
            | Event::EvictResident { .. }
            | Event::TranscriptChanged { .. }
            | Event::Recorded { .. } => {}
        }
    }

    pub(super) fn snapshot(&self, epoch: String, seq: u64) -> Snapshot {
        Snapshot {
            epoch,
            seq,
            models: self.models.values().cloned().collect(),
            scopes: self.scopes.values().cloned().collect(),
            generations: self.generations.iter().map(|generation| generation.state.clone()).collect(),
            residents: self.residents.values().cloned().collect(),
            downloads: self.downloads.values().cloned().collect(),
            suspended: self.suspended,
            devices: self.devices.found.clone(),
            gpu_unavailable: self.devices.gpu_unavailable(),
        }
    }

    /// Whether the generation is queued, running, or one of the last that finished.
    pub(super) fn knows(&self, id: &str) -> bool {
        self.generation(id).is_some()
    }

    /// Length of a generation's text in UTF-16 code units.
    pub(super) fn text_length(&self, id: &str) -> Option<u32> {
        self.generation(id).map(|generation| generation.lengths.text)
    }

    /// Length of a generation's reasoning in UTF-16 code units.
    pub(super) fn reasoning_length(&self, id: &str) -> Option<u32> {
        self.generation(id).map(|generation| generation.lengths.reasoning)
    }

    /// Length of the arguments of one of a generation's calls in UTF-16 code units; 0 for one that has not begun.
    pub(super) fn arguments_length(&self, id: &str, index: usize) -> Option<u32> {
        let generation = self.generation(id)?;
        Some(generation.lengths.arguments.get(index).copied().unwrap_or_default())
    }

    /// Number of a generation's tokens whose log probabilities are published.
    pub(super) fn logprobs_length(&self, id: &str) -> Option<u32> {
        self.generation(id).map(|generation| generation.state.logprobs.len() as u32)
    }

    /// A generation's answer so far.
    pub(super) fn answer(&self, id: &str) -> Option<Answer> {
        let GenerationState { reasoning, text, tool_calls, .. } = self.generation(id)?.state.clone();
        Some(Answer { reasoning, text, tool_calls })
    }

    /// A generation's text from an offset in UTF-16 code units on.
    pub(super) fn text_from(&self, id: &str, offset: u32) -> Option<String> {
        let units: Vec<u16> = self.generation(id)?.state.text.encode_utf16().skip(offset as usize).collect();
        Some(String::from_utf16_lossy(&units))
    }

    fn enter(&mut self, id: &str, phase: &GenerationPhase) {
        let Some(generation) = self.find(id) else { return };
        generation.state.phase = phase.clone();
        let finished =
            |generation: &ShownGeneration| matches!(generation.state.phase, GenerationPhase::Finished { .. });
        if self.generations.iter().filter(|generation| finished(generation)).count() > FINISHED
            && let Some(oldest) = self.generations.iter().position(finished)
        {
            self.generations.remove(oldest);
        }
    }

    fn generation(&self, id: &str) -> Option<&ShownGeneration> {
        self.generations.iter().rev().find(|generation| generation.state.id == id)
    }

    fn find(&mut self, id: &str) -> Option<&mut ShownGeneration> {
        self.generations.iter_mut().rev().find(|generation| generation.state.id == id)
    }
}

fn utf16_length(text: &str) -> u32 {
    text.chars().map(|char| char.len_utf16() as u32).sum()
}
