//! Loads and estimates GGUF files with llama.cpp.

use std::sync::Arc;

use super::chat_context::LlamaChatContext;
use super::context_options::{ContextOptions, Purpose};
use super::encoder::{LlamaEncoder, pooling};
use super::estimate::estimate;
use super::fingerprint::fingerprint;
use super::memory::available_bytes;
use super::model::Model;
use super::prompter::LlamaPrompter;
use super::refusal::{Cause, Refusal};
use super::tokenizer::LlamaTokenizer;
use super::{bench_context, devices, embedding_context, global, shim};
use crate::engine::{
    Attention, DeviceChoice, Devices, Estimate, LoadProgress, Loaded, LoadedEncoder, LoadedModel, ModelLoader, OnLoad,
};
use crate::error::{Error, ErrorCode, Result};
use crate::gguf::{self, Header};
use crate::human_bytes;
use crate::protocol::{DeviceKind, MemoryEstimate, ModelConfig, ModelInfo};

const DEFAULT_CONTEXT_SIZE: u32 = 4_096;
const DEFAULT_KV_BUDGET_BYTES: u64 = 512 << 20;
const DEFAULT_MAX_SLOTS: u64 = 16;

/// The loader of GGUF files, by llama.cpp.
#[derive(Debug, Clone, Copy, Default)]
pub struct LlamaLoader;

impl ModelLoader for LlamaLoader {
    fn load(&self, config: &ModelConfig, on_load: OnLoad<'_>) -> Result<Loaded> {
        let mut progress = |share| on_load(LoadProgress::Reading(share));
        let plan = Plan::new(config)?;
        if !progress(0.0) {
            return Err(Error::new(ErrorCode::LoadCancelled, format!("the load of {} was cancelled", config.name())));
        }
        // Without an estimate, the load itself tells best what is wrong.
        let estimate = plan.estimate_load().ok();
        if let Some(estimate) = estimate.filter(|_| !config.force) {
            check_fits(config.name(), &estimate, available_bytes())?;
        }
        let model = Arc::new(Model::load(&config.path, config.name(), plan.choice.device, &mut progress)?);
        if estimate.is_some_and(|estimate| estimate.max_resident == 0) {
            return plan.encoder(&model).map(Loaded::Encoder);
        }
        let options = plan.options;
        let prompter = LlamaPrompter::new(&model)?;
        let context =
            LlamaChatContext::new(&model, options).map_err(|refusal| plan.context_error(&refusal, estimate))?;
        let info = plan.info(&model, options.context_size, options.slots);
        let fingerprint = fingerprint(&plan.header.files, config.name(), &context.state_form())?;
        let (context, prompter) = (Box::new(context), Arc::new(prompter));
        Ok(Loaded::Chat(LoadedModel { info, fingerprint, context, prompter, files: None }))
    }

    fn estimate(&self, config: &ModelConfig, what: Estimate) -> Result<MemoryEstimate> {
        let plan = Plan::new(config)?;
        let estimate = match what {
            Estimate::Load => plan.estimate_load(),
            Estimate::Embeddings { text_size } => plan.estimate_embeddings(text_size),
            Estimate::Bench { tokens } => plan.estimate_bench(tokens),
        };
        estimate.map_err(|refusal| refusal.naming(&config.path, config.name()).load_error(config.name()))
    }

    fn available_memory(&self) -> Option<u64> {
        available_bytes()
    }

    fn devices(&self) -> Devices {
        devices::devices()
    }
}

/// A checked file, and a value for every option.
struct Plan<'a> {
    config: &'a ModelConfig,
    header: Header,
    choice: DeviceChoice,
    /// Of the context for conversations.
    options: ContextOptions,
}

impl<'a> Plan<'a> {
    fn new(config: &'a ModelConfig) -> Result<Self> {
        config.validate()?;
        let header = gguf::read_as(&config.path, config.name())?;
        global::init();
        let choice = devices::devices().choose(config.device)?;
        let options = resolve(config, header.metadata.trained_context_size(), header.metadata.kv_bytes_per_token());
        Ok(Self { config, header, choice, options })
    }

    fn estimate(&self, options: ContextOptions) -> std::result::Result<(MemoryEstimate, Attention), Refusal> {
        estimate(&self.config.path, self.choice.device, &self.header.metadata, options)
    }

    fn estimate_load(&self) -> std::result::Result<MemoryEstimate, Refusal> {
        let (estimate, attention) = self.estimate(self.options)?;
        Ok(match attention {
            Attention::Causal => estimate,
            // An encoder gets no context before there are texts.
            Attention::Bidirectional => {
                let context_size = self.longest_text();
                MemoryEstimate { kv_bytes: 0, compute_bytes: 0, context_size, max_resident: 0, ..estimate }
            }
        })
    }

    fn estimate_embeddings(&self, text_size: u32) -> std::result::Result<MemoryEstimate, Refusal> {
        let options = |attention| embedding_context::options(attention, text_size, self.options.threads);
        let estimate = match self.estimate(options(Attention::Causal))? {
            (estimate, Attention::Causal) => estimate,
            (_, Attention::Bidirectional) => self.estimate(options(Attention::Bidirectional))?.0,
        };
        Ok(MemoryEstimate { weights_bytes: 0, ..estimate })
    }

    fn estimate_bench(&self, tokens: u32) -> std::result::Result<MemoryEstimate, Refusal> {
        let (estimate, _) = self.estimate(bench_context::options(tokens, self.options.threads))?;
        Ok(MemoryEstimate { weights_bytes: 0, ..estimate })
    }

    /// Tokens of an encoder's longest text. An encoder knows no positions beyond those that it was trained with, and
    /// they cost nothing before there is such a text.
    fn longest_text(&self) -> u32 {
        let trained = self.header.metadata.trained_context_size().max(1);
        self.config.context_size.map_or(trained, |asked| asked.min(trained))
    }

    /// The loaded form of a model that makes embeddings and nothing else.
    fn encoder(&self, model: &Arc<Model>) -> Result<LoadedEncoder> {
        pooling(model)?;
        let info = self.info(model, self.longest_text(), 0);
        let (encoder, tokenizer) = (LlamaEncoder(Arc::clone(model)), LlamaTokenizer(Arc::clone(model)));
        Ok(LoadedEncoder { info, model: Box::new(encoder), tokenizer: Arc::new(tokenizer), files: None })
    }

    fn info(&self, model: &Model, context_size: u32, max_resident: u32) -> ModelInfo {
        ModelInfo {
            description: model.description(),
            size_bytes: model.size_bytes(),
            parameter_count: model.parameter_count(),
            trained_context_size: model.trained_context_size(),
            context_size,
            max_resident,
            threads: self.options.threads,
            device: self.choice.device,
            devices: model.device_names(),
            layers: model.layers(),
            gpu_layers: if self.choice.device == DeviceKind::Cpu { 0 } else { model.layers() },
            gpu_unavailable: self.choice.gpu_unavailable.clone(),
            has_chat_template: model.chat_template(None).is_some(),
        }
    }

    /// Why there is no context.
    fn context_error(&self, Refusal { cause, reason }: &Refusal, estimate: Option<MemoryEstimate>) -> Error {
        let name = self.config.name();
        match (cause, estimate) {
            (Cause::OutOfMemory, Some(estimate)) => {
                out_of_memory(name, &estimate, available_bytes(), &format!(" ({reason})"))
            }
            (Cause::OutOfMemory | Cause::TooNew | Cause::Other, _) => {
                Error::new(ErrorCode::ModelUnsupported, format!("could not open {name}: {reason}"))
            }
        }
    }
}

/// Chooses a value for every option that was left out.
fn resolve(config: &ModelConfig, trained: u32, kv_bytes_per_token: u64) -> ContextOptions {
    let context_size = config.context_size.unwrap_or(trained.clamp(1, DEFAULT_CONTEXT_SIZE));
    let threads = config.threads.unwrap_or_else(default_threads);
    let mut options = ContextOptions { context_size, slots: 1, threads, purpose: Purpose::Conversations };
    let budget = config.kv_budget_bytes.unwrap_or(DEFAULT_KV_BUDGET_BYTES);
    let per_slot = kv_bytes_per_token.saturating_mul(options.allotted().into()).max(1);
    let affordable = (budget / per_slot).clamp(1, DEFAULT_MAX_SLOTS);
    options.slots = config.max_resident.unwrap_or_else(|| u32::try_from(affordable).unwrap_or(1));
    options
}

/// The number of performance cores that this process may use.
fn default_threads() -> u32 {
    // SAFETY: a plain function without arguments.
    let cores = u32::try_from(unsafe { shim::shim_performance_cores() }).unwrap_or(1);
    let allowed = std::thread::available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(1));
    cores.min(allowed).max(1)
}

/// Refuses a load for which the system would kill the process.
fn check_fits(name: &str, estimate: &MemoryEstimate, available: Option<u64>) -> Result<()> {
    match available {
        Some(available) if estimate.total() > available => Err(out_of_memory(name, estimate, Some(available), "")),
        _ => Ok(()),
    }
}

fn out_of_memory(name: &str, estimate: &MemoryEstimate, available: Option<u64>, reason: &str) -> Error {
    let MemoryEstimate { weights_bytes, kv_bytes, compute_bytes, context_size, max_resident: slots } = *estimate;
    let free = available.map_or_else(String::new, |bytes| format!(", {} free", human_bytes::format(bytes)));
    let needs = human_bytes::format(estimate.total());
    let detail = if slots == 0 {
        format!("could not load {name}: its weights need {needs}{free}{reason} - use a smaller quantization")
    } else {
        format!(
            "could not load {name}: needs {needs} (weights {}, KV {} for {slots} slots of {context_size} tokens, \
             compute {}){free}{reason} - use a smaller contextSize, a smaller maxResident or a smaller quantization",
            human_bytes::format(weights_bytes),
            human_bytes::format(kv_bytes),
            human_bytes::format(compute_bytes),
        )
    };
    Error::new(ErrorCode::OutOfMemory, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> ModelConfig {
        ModelConfig::new("model.gguf")
    }

    #[test]
    fn the_context_is_the_trained_one_up_to_4096_tokens() {
        for (trained, expected) in [(2_048, 2_048), (131_072, 4_096), (0, 1)] {
            assert_eq!(resolve(&config(), trained, 1_000).context_size, expected);
        }
        let asked = ModelConfig { context_size: Some(8_192), ..config() };
        assert_eq!(resolve(&asked, 2_048, 1_000).context_size, 8_192);
    }

    #[test]
    fn slots_are_what_the_budget_holds() {
        let per_token = 64 * 1024; // 256 MiB at 4,096 tokens
        let with_budget = |bytes| ModelConfig { kv_budget_bytes: Some(bytes), ..config() };
        for (config, expected) in [
            (config(), 2),
            (with_budget(1), 1),
            (with_budget(1 << 30), 4),
            (with_budget(1 << 40), 16),
            (ModelConfig { max_resident: Some(32), ..config() }, 32),
        ] {
            assert_eq!(resolve(&config, 4_096, per_token).slots, expected);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_numbers() {
        let estimate = MemoryEstimate {
            weights_bytes: 2_000_000_000,
            kv_bytes: 900_000_000,
            compute_bytes: 200_000_000,
            context_size: 4_096,
            max_resident: 4,
        };
        assert_eq!(check_fits("chat.gguf", &estimate, None), Ok(()));
        assert_eq!(check_fits("chat.gguf", &estimate, Some(3_100_000_000)), Ok(()));
        let error = check_fits("chat.gguf", &estimate, Some(2_200_000_000)).expect_err("2.2 of 3.1 GB");
        assert_eq!(error.code, ErrorCode::OutOfMemory);
        let expected = "could not load chat.gguf: needs 3.1 GB (weights 2.0 GB, KV 900.0 MB for 4 slots of 4096 \
                        tokens, compute 200.0 MB), 2.2 GB free - use a smaller contextSize, a smaller maxResident or a \
                        smaller quantization";
        assert_eq!(error.detail, expected);
    }

    #[test]
    fn an_encoder_that_does_not_fit_is_told_of_its_weights_alone() {
        let estimate = MemoryEstimate { weights_bytes: 300_000_000, context_size: 512, ..MemoryEstimate::default() };
        let error = check_fits("e5.gguf", &estimate, Some(200_000_000)).expect_err("200 of 300 MB");
        let expected = "could not load e5.gguf: its weights need 300.0 MB, 200.0 MB free - use a smaller quantization";
        assert_eq!(error.detail, expected);
    }

    #[test]
    fn a_model_without_known_kv_size_still_gets_slots() {
        assert_eq!(resolve(&config(), 4_096, 0).slots, 16);
    }
}
