//! Loading through the backend traits: progress, cancel, limits, and devices.

#![cfg(feature = "llama")]

mod llama_common;

use llama_common::{config, load, load_error};
use llama_rs_core::engine::{LoadProgress, ModelLoader};
use llama_rs_core::error::ErrorCode;
use llama_rs_core::llama::LlamaLoader;
use llama_rs_core::protocol::{DeviceKind, DevicePreference, ModelConfig, ModelInfo};

#[test]
fn progress_rises_from_zero_to_one() {
    let mut seen = Vec::new();
    LlamaLoader
        .load(&config(), &mut |progress| {
            match progress {
                LoadProgress::Reading(share) => seen.push(share),
                LoadProgress::Downloading(_) => panic!("the model is on this device"),
            }
            true
        })
        .expect("the tiny model loads");
    assert_eq!((seen.first(), seen.last()), (Some(&0.0), Some(&1.0)));
    assert!(seen.is_sorted(), "{seen:?}");
}

#[test]
fn a_load_is_cancelled_at_any_report_of_progress() {
    let reports = {
        let mut count = 0;
        let counted = LlamaLoader.load(&config(), &mut |_| {
            count += 1;
            true
        });
        assert!(counted.is_ok());
        count
    };
    assert!(reports > 3, "only {reports} reports");
    for last in 1..reports {
        let mut count = 0;
        let result = LlamaLoader.load(&config(), &mut |_| {
            count += 1;
            count < last
        });
        assert_eq!(result.err().map(|error| error.code), Some(ErrorCode::LoadCancelled));
        assert_eq!(count, last, "nothing is reported after a refusal");
    }
}

#[test]
fn a_panic_in_the_progress_callback_reaches_the_caller() {
    let mut count = 0;
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        // The first report does not come from llama.cpp, so cancel at a later one.
        let _ = LlamaLoader.load(&config(), &mut |_| {
            count += 1;
            assert!(count < 3, "the callback gives up");
            true
        });
    }));
    assert!(outcome.is_err());
    load(&config());
}

#[test]
fn an_absurd_context_size_is_out_of_memory_with_the_numbers() {
    let absurd = ModelConfig { context_size: Some(16_777_216), max_resident: Some(256), ..config() };
    let error = load_error(&absurd);
    assert_eq!(error.code, ErrorCode::OutOfMemory);
    for part in ["256 slots", "16777216 tokens", "GB", "free", "smaller contextSize, a smaller maxResident"] {
        assert!(error.detail.contains(part), "{}", error.detail);
    }
}

#[test]
fn options_that_were_given_are_kept() {
    let model = load(&ModelConfig { context_size: Some(512), max_resident: Some(3), threads: Some(1), ..config() });
    assert_eq!((model.info.context_size, model.info.max_resident, model.info.threads), (512, 3, 1));
    assert_eq!(load(&ModelConfig { kv_budget_bytes: Some(1), ..config() }).info.max_resident, 1);
    assert_eq!(load(&ModelConfig { device: DevicePreference::Cpu, ..config() }).info.device, DeviceKind::Cpu);
}

#[test]
fn two_loads_at_once_are_two_models() {
    let answers: Vec<_> = std::thread::scope(|scope| {
        let loads: Vec<_> = (0..3).map(|_| scope.spawn(|| load(&config()).info)).collect();
        loads.into_iter().map(|load| load.join().expect("no panic")).collect()
    });
    assert!(answers.iter().all(|info| *info == answers[0]));
}

#[test]
fn a_model_says_where_it_is_and_why_no_gpu_computes() {
    let devices = LlamaLoader.devices();
    let ModelInfo { device, devices: held_by, layers, gpu_layers, gpu_unavailable, .. } = load(&config()).info;
    assert_eq!((layers, gpu_unavailable), (4, devices.gpu_unavailable()));
    assert_eq!(gpu_layers, if device == DeviceKind::Gpu { layers } else { 0 });
    let kinds = devices.found.iter().filter(|it| held_by.contains(&it.name)).map(|it| it.kind).collect::<Vec<_>>();
    assert!(!kinds.is_empty() && kinds.iter().all(|kind| *kind == device), "{held_by:?} of {:?}", devices.found);
    let asked = load(&ModelConfig { device: DevicePreference::Cpu, ..config() }).info;
    assert_eq!((asked.gpu_layers, asked.gpu_unavailable.is_some()), (0, true));
    let forced = LlamaLoader.load(&ModelConfig { device: DevicePreference::Gpu, ..config() }, &mut |_| true);
    assert_eq!(forced.err().map(|error| error.code), devices.gpu_unavailable().map(|_| ErrorCode::InvalidOptions));
}

#[test]
fn the_cpu_is_listed_with_its_instructions() {
    let devices = LlamaLoader.devices();
    let cpu =
        devices.found.iter().find(|device| device.kind == DeviceKind::Cpu).expect("every build computes on the CPU");
    assert!(!cpu.name.is_empty() && !cpu.description.is_empty());
    assert!(cpu.memory_bytes > 1 << 28);
    let expected = if cfg!(target_arch = "x86_64") { "SSE3" } else { "NEON" };
    assert!(cpu.features.iter().any(|feature| feature == expected), "{:?}", cpu.features);
}
