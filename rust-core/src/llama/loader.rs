//! From a path to a model that is ready.

use std::sync::Arc;

use super::backend;
use super::chat::LlamaPrompter;
use super::context::{ContextOptions, LlamaContext};
use super::devices;
use super::fingerprint::fingerprint;
use super::gguf::{self, Header};
use super::memory::available_bytes;
use super::metadata::Metadata;
use super::model::Model;
use super::shim;
use crate::engine::{LoadedModel, ModelLoader};
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::{Device, MemoryEstimate, ModelConfig, ModelInfo};
use crate::readable;

const DEFAULT_CONTEXT_SIZE: u32 = 4_096;
const DEFAULT_KV_BUDGET_BYTES: u64 = 512 << 20;
const DEFAULT_MAX_SLOTS: u64 = 16;

/// Opens GGUF files with llama.cpp.
#[derive(Debug, Clone, Copy, Default)]
pub struct LlamaLoader;

impl ModelLoader for LlamaLoader {
    fn load(&self, config: &ModelConfig, progress: &mut dyn FnMut(f32) -> bool) -> Result<LoadedModel> {
        config.validate()?;
        let Header { metadata, files } = gguf::read(&config.path)?;
        backend::init();
        let device = devices::choose(config.device)?;
        if !progress(0.0) {
            return Err(Error::new(ErrorCode::LoadCancelled, format!("the load of {} was cancelled", config.path)));
        }
        let model = Arc::new(Model::load(&config.path, device, progress)?);
        let prompter = LlamaPrompter::new(&model)?;
        let options = resolve(config, model.trained_context_size(), metadata.kv_bytes_per_token());
        let context = open_context(&config.path, &model, &metadata, options)?;
        let info = ModelInfo {
            description: model.description(),
            size_bytes: model.size_bytes(),
            parameter_count: model.parameter_count(),
            trained_context_size: model.trained_context_size(),
            context_size: options.context_size,
            slots: options.slots,
            threads: options.threads,
            device,
            has_chat_template: model.chat_template(None).is_some(),
        };
        let fingerprint = fingerprint(&files, &context.state_form())?;
        Ok(LoadedModel { info, fingerprint, context: Box::new(context), prompter: Arc::new(prompter) })
    }

    fn estimate(&self, config: &ModelConfig) -> Result<MemoryEstimate> {
        config.validate()?;
        let Header { metadata, .. } = gguf::read(&config.path)?;
        let options = resolve(config, DEFAULT_CONTEXT_SIZE, metadata.kv_bytes_per_token());
        let tokens = u64::from(options.allotted()).saturating_mul(options.slots.into());
        Ok(MemoryEstimate {
            weights_bytes: 0,
            kv_bytes: metadata.kv_bytes_per_token().saturating_mul(tokens),
            compute_bytes: 0,
            context_size: options.context_size,
            slots: options.slots,
        })
    }

    fn available_memory(&self) -> Option<u64> {
        available_bytes()
    }

    fn devices(&self) -> Vec<Device> {
        devices::list()
    }
}

/// Replaces every option left out by a choice.
fn resolve(config: &ModelConfig, trained: u32, kv_bytes_per_token: u64) -> ContextOptions {
    let context_size = config.context_size.unwrap_or(trained.clamp(1, DEFAULT_CONTEXT_SIZE));
    let mut options =
        ContextOptions { context_size, slots: 1, threads: config.threads.unwrap_or_else(default_threads) };
    let budget = config.kv_budget_bytes.unwrap_or(DEFAULT_KV_BUDGET_BYTES);
    let per_slot = kv_bytes_per_token.saturating_mul(options.allotted().into()).max(1);
    let affordable = (budget / per_slot).clamp(1, DEFAULT_MAX_SLOTS);
    options.slots = config.slots.unwrap_or_else(|| u32::try_from(affordable).unwrap_or(1));
    options
}

/// Performance cores that this process may use.
fn default_threads() -> u32 {
    // SAFETY: a plain function without arguments.
    let cores = u32::try_from(unsafe { shim::shim_performance_cores() }).unwrap_or(1);
    let allowed = std::thread::available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(1));
    cores.min(allowed).max(1)
}

fn open_context(path: &str, model: &Arc<Model>, metadata: &Metadata, options: ContextOptions) -> Result<LlamaContext> {
    let tokens = u64::from(options.allotted()).saturating_mul(options.slots.into());
    let needed = metadata.kv_bytes_per_token().saturating_mul(tokens);
    let available = available_bytes();
    let ContextOptions { context_size, slots, .. } = options;
    let out_of_memory = |reason: &str| {
        let free = available.map_or_else(String::new, |bytes| format!(", {} free", readable::bytes(bytes)));
        let detail = format!(
            "could not open {path}: {slots} slots of {context_size} tokens need {} of memory{free}{reason} - use a \
             smaller contextSize or fewer slots",
            readable::bytes(needed),
        );
        Error::new(ErrorCode::OutOfMemory, detail)
    };
    if available.is_some_and(|available| needed > available) {
        return Err(out_of_memory(""));
    }
    LlamaContext::new(model, options).map_err(|reason| {
        // llama.cpp names the failure in words only.
        if reason.contains("alloc") || reason.contains("tokens of context") {
            out_of_memory(&format!(" ({reason})"))
        } else {
            Error::new(ErrorCode::ModelUnsupported, format!("could not open {path}: {reason}"))
        }
    })
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
            (ModelConfig { slots: Some(32), ..config() }, 32),
        ] {
            assert_eq!(resolve(&config, 4_096, per_token).slots, expected);
        }
    }

    #[test]
    fn a_model_without_known_kv_size_still_gets_slots() {
        assert_eq!(resolve(&config(), 4_096, 0).slots, 16);
    }
}
