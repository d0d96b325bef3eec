//! The devices that this build computes on, and their instructions.

use std::ffi::{CStr, c_char};

use llama_cpp_2::{LlamaBackendDeviceType, list_llama_ggml_backend_devices};
use llama_cpp_sys_2 as sys;

use super::global;
use crate::engine::Devices;
use crate::protocol::{Device, DeviceKind};

/// The devices found, and the GPU backends of the build. A backend that finds no device may not even register itself,
/// so the names come from llama.cpp's own build.
pub(super) fn devices() -> Devices {
    let gpu_backends = env!("LLAMA_GPU_BACKENDS").split_whitespace().map(str::to_owned).collect();
    Devices { found: list(), gpu_backends }
}

/// The name of the processor, which holds all weights that no other device holds.
pub(super) fn processor() -> Option<String> {
    list().into_iter().find(|device| device.kind == DeviceKind::Cpu).map(|device| device.name)
}

/// The name of a device.
///
/// # Safety
///
/// `device` is one that ggml gave.
pub(super) unsafe fn name(device: sys::ggml_backend_dev_t) -> String {
    // SAFETY: as the caller promises; ggml's devices and their names live for ever.
    unsafe { text(sys::ggml_backend_dev_name(device)) }
}

fn list() -> Vec<Device> {
    global::init();
    list_llama_ggml_backend_devices()
        .into_iter()
        .map(|device| Device {
            kind: match device.device_type {
                LlamaBackendDeviceType::Cpu => DeviceKind::Cpu,
                LlamaBackendDeviceType::Gpu | LlamaBackendDeviceType::IntegratedGpu => DeviceKind::Gpu,
                LlamaBackendDeviceType::Accelerator | LlamaBackendDeviceType::Unknown => DeviceKind::Accelerator,
            },
            name: device.name,
            description: device.description,
            memory_bytes: device.memory_total as u64,
            features: features(device.index),
        })
        .collect()
}

/// The features that a device's backend reports as in use, such as "AVX512_VNNI".
fn features(device: usize) -> Vec<String> {
    let mut found = Vec::new();
    // SAFETY: `device` is an index that ggml counted, and devices are never removed. ggml documents the function under
    // this name with this type; it returns an array that lives for ever, ended by a null name.
    unsafe {
        let registry = sys::ggml_backend_dev_backend_reg(sys::ggml_backend_dev_get(device));
        let address = sys::ggml_backend_reg_get_proc_address(registry, c"ggml_backend_get_features".as_ptr());
        let get: sys::ggml_backend_get_features_t = std::mem::transmute(address);
        let Some(get) = get else { return found };
        let mut feature = get(registry);
        while !feature.is_null() && !(*feature).name.is_null() {
            if text((*feature).value) != "0" {
                found.push(text((*feature).name));
            }
            feature = feature.add(1);
        }
    }
    found
}

/// # Safety
///
/// `pointer` is null or points to a NUL-terminated text.
unsafe fn text(pointer: *const c_char) -> String {
    if pointer.is_null() {
        return String::new();
    }
    // SAFETY: as the caller promises.
    unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned()
}
