//! The scripted loader: every path gives a model of its script.

use std::sync::Arc;

use super::context::ScriptedContext;
use super::encoder::ScriptedEncoder;
use super::{ENCODER_CONTEXT, Needs, Point, Script};
use crate::engine::backend::{
    Estimate, LoadProgress, Loaded, LoadedEncoder, LoadedModel, ModelLoader, OnLoad, Prompter,
};
use crate::engine::devices::{DeviceChoice, Devices};
use crate::error::{Error, ErrorCode, Result};
use crate::kv::Fingerprint;
use crate::protocol::{Device, DeviceKind, MemoryEstimate, ModelConfig, ModelInfo};

impl Script {
    fn estimate_load(&self, config: &ModelConfig) -> Result<MemoryEstimate> {
        // Tests only plan stops at this point; failures come from `fail_estimate`.
        let _ = self.pass(Point::Estimate);
        let context_size = self.context_size(config);
        let mut state = self.lock();
        if !state.failing_estimates.is_empty() {
            return Err(state.failing_estimates.remove(0));
        }
        let needs =
            state.needs.get(&config.path).copied().unwrap_or(Needs { weights: 1_000, kv_per_token: 0, compute: 0 });
        let encodes = state.encoders.contains(&config.path);
        let slots = if encodes { 0 } else { config.max_resident.unwrap_or(4) };
        Ok(MemoryEstimate {
            weights_bytes: needs.weights,
            kv_bytes: needs.kv_per_token * u64::from(context_size) * u64::from(slots),
            compute_bytes: if encodes { 0 } else { needs.compute },
            context_size,
            max_resident: slots,
        })
    }
}

impl ModelLoader for Script {
    fn load(&self, config: &ModelConfig, on_load: OnLoad<'_>) -> Result<Loaded> {
        self.lock().counts.loads += 1;
        for tenth in 0..=10 {
            let share = tenth as f32 / 10.0;
            if let Err(error) = self.pass(Point::Load(share)) {
                return Err(Error::new(
                    ErrorCode::InferenceFailed,
                    format!("could not load {}: {error:?}", config.name()),
                ));
            }
            if !on_load(LoadProgress::Reading(share)) {
                return Err(Error::new(ErrorCode::LoadCancelled, format!("loading {} was cancelled", config.name())));
            }
        }
        let (vocabulary, encodes) = {
            let mut state = self.lock();
            if !state.failing_loads.is_empty() {
                return Err(state.failing_loads.remove(0));
            }
            state.counts.live += 1;
            (state.vocabulary.clone(), state.encoders.contains(&config.path))
        };
        let DeviceChoice { device, gpu_unavailable } = self.devices().choose(config.device)?;
        let info = ModelInfo {
            description: "script".into(),
            size_bytes: 1_000,
            parameter_count: 1_000,
            trained_context_size: if encodes { ENCODER_CONTEXT } else { 4096 },
            context_size: self.context_size(config),
            max_resident: if encodes { 0 } else { config.max_resident.unwrap_or(4) },
            threads: config.threads.unwrap_or(1),
            device,
            devices: vec!["script".into()],
            layers: 1,
            gpu_layers: 0,
            gpu_unavailable,
            has_chat_template: !encodes,
        };
        if encodes {
            let model = Box::new(ScriptedEncoder::new(self.clone()));
            return Ok(Loaded::Encoder(LoadedEncoder { info, model, tokenizer: Arc::new(vocabulary), files: None }));
        }
        let context = Box::new(ScriptedContext::new(self.clone(), &info));
        let prompter: Arc<dyn Prompter> = Arc::new(vocabulary);
        Ok(Loaded::Chat(LoadedModel { info, fingerprint: Fingerprint(1), context, prompter, files: None }))
    }

    fn estimate(&self, config: &ModelConfig, what: Estimate) -> Result<MemoryEstimate> {
        match what {
            Estimate::Load => self.estimate_load(config),
            Estimate::Embeddings { text_size: tokens } | Estimate::Bench { tokens } => {
                let state = self.lock();
                let per_token = state.needs.get(&config.path).map_or(0, |needs| needs.kv_per_token);
                let kv_bytes = per_token * u64::from(tokens);
                Ok(MemoryEstimate { kv_bytes, context_size: tokens, max_resident: 1, ..MemoryEstimate::default() })
            }
        }
    }

    fn available_memory(&self) -> Option<u64> {
        self.lock().available_memory
    }

    fn devices(&self) -> Devices {
        let processor = Device {
            name: "script".into(),
            kind: DeviceKind::Cpu,
            description: "a scripted processor".into(),
            memory_bytes: 1 << 30,
            features: vec![],
        };
        Devices { found: vec![processor], gpu_backends: vec![] }
    }
}
