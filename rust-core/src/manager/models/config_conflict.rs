//! Decides whether a loaded model serves a request, or would have to be reloaded. A pure rule: an omitted option
//! matches any loaded value, and a larger value than requested serves too.

use crate::error::{Error, ErrorCode};
use crate::protocol::{DeviceKind, DevicePreference, ModelConfig, ModelInfo};

/// The conflict between the requested options and the loaded ones, if there is one.
///
/// `threads` and `kvBudgetBytes` never conflict: the governor changes `threads`, and `kvBudgetBytes` only chooses a
/// default `maxResident`.
pub(in crate::manager) fn conflict(asked: &ModelConfig, loaded: &ModelInfo) -> Option<Error> {
    let differs = |option: &str, asked: String, loaded: String| {
        Some(Error::new(
            ErrorCode::OptionsConflict,
            format!(
                "the model is loaded with {option} {loaded}, {asked} was asked for - unload it first, or leave {option} \
                 out"
            ),
        ))
    };
    // A model that only embeds has no slots, and its texts are never longer than the context it was trained with.
    let (most_tokens, most_resident) =
        if loaded.holds_conversations() { (u32::MAX, u32::MAX) } else { (loaded.trained_context_size, 0) };
    if let Some(size) = asked.context_size.filter(|size| *size.min(&most_tokens) > loaded.context_size) {
        return differs("contextSize", size.to_string(), loaded.context_size.to_string());
    }
    if let Some(max_resident) =
        asked.max_resident.filter(|max_resident| *max_resident.min(&most_resident) > loaded.max_resident)
    {
        return differs("maxResident", max_resident.to_string(), loaded.max_resident.to_string());
    }
    match (asked.device, loaded.device) {
        (DevicePreference::Cpu, DeviceKind::Gpu | DeviceKind::Accelerator) => {
            differs("device", "cpu".into(), "gpu".into())
        }
        (DevicePreference::Gpu, DeviceKind::Cpu) => differs("device", "gpu".into(), "cpu".into()),
        (DevicePreference::Auto, _)
        | (DevicePreference::Cpu, DeviceKind::Cpu)
        | (DevicePreference::Gpu, DeviceKind::Gpu | DeviceKind::Accelerator) => None,
    }
}

#[cfg(test)]
pub(in crate::manager) mod tests {
    use super::*;

    /// A loaded model with a context of 2,048 tokens and 4 slots.
    pub(in crate::manager) fn loaded(device: DeviceKind) -> ModelInfo {
        ModelInfo {
            description: "test".into(),
            size_bytes: 1,
            parameter_count: 1,
            trained_context_size: 4096,
            context_size: 2048,
            max_resident: 4,
            threads: 2,
            device,
            devices: vec![],
            layers: 1,
            gpu_layers: 0,
            gpu_unavailable: None,
            has_chat_template: true,
        }
    }

    fn asked(change: impl FnOnce(&mut ModelConfig)) -> ModelConfig {
        let mut config = ModelConfig::new("a.gguf");
        change(&mut config);
        config
    }

    #[test]
    fn only_more_than_is_loaded_or_another_device_conflicts() {
        use DeviceKind::{Accelerator, Cpu, Gpu};
        let table: [(ModelConfig, DeviceKind, Option<&str>); 14] = [
            (asked(|_| {}), Cpu, None),
            (asked(|it| it.context_size = Some(2048)), Cpu, None),
            (asked(|it| it.context_size = Some(1024)), Cpu, None),
            (asked(|it| it.context_size = Some(2049)), Cpu, Some("contextSize 2048, 2049 was asked for")),
            (asked(|it| it.max_resident = Some(4)), Cpu, None),
            (asked(|it| it.max_resident = Some(5)), Cpu, Some("maxResident 4, 5 was asked for")),
            (asked(|it| it.threads = Some(64)), Cpu, None),
            (asked(|it| it.kv_budget_bytes = Some(1)), Cpu, None),
            (asked(|it| it.keep_alive_ms = Some(0)), Cpu, None),
            (asked(|it| it.device = DevicePreference::Cpu), Cpu, None),
            (asked(|it| it.device = DevicePreference::Cpu), Gpu, Some("device gpu, cpu was asked for")),
            (asked(|it| it.device = DevicePreference::Gpu), Cpu, Some("device cpu, gpu was asked for")),
            (asked(|it| it.device = DevicePreference::Gpu), Accelerator, None),
            (asked(|it| it.device = DevicePreference::Auto), Gpu, None),
        ];
        for (config, device, wanted) in table {
            let conflict = conflict(&config, &loaded(device));
            assert_eq!(conflict.is_some(), wanted.is_some(), "{config:?} on {device:?}: {conflict:?}");
            if let (Some(error), Some(wanted)) = (conflict, wanted) {
                assert_eq!(error.code, ErrorCode::OptionsConflict);
                assert!(error.detail.contains(wanted), "{}", error.detail);
            }
        }
    }

    #[test]
    fn an_embedding_model_serves_a_request_for_more_than_it_can_have() {
        let encoder = |context_size| ModelInfo {
            trained_context_size: 512,
            context_size,
            max_resident: 0,
            has_chat_template: false,
            ..loaded(DeviceKind::Cpu)
        };
        let many = asked(|it| (it.context_size, it.max_resident) = (Some(4096), Some(8)));
        assert_eq!(conflict(&many, &encoder(512)), None);
        assert_eq!(conflict(&asked(|it| it.context_size = Some(256)), &encoder(256)), None);
        let error = conflict(&many, &encoder(256)).expect("texts of 512 tokens are possible");
        assert!(error.detail.contains("contextSize 256, 4096 was asked for"), "{error}");
    }
}
