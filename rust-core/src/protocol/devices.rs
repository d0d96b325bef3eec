//! What computes here, and why no GPU does.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Something that computes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// llama.cpp's short name, such as "CPU" or "Vulkan0".
    pub name: String,
    /// What sort of device; `device` of a model's `info` names the same sorts.
    pub kind: DeviceKind,
    /// The name that its maker gave it, as far as the system tells.
    pub description: String,
    /// Its memory in all, in bytes; the main memory for a CPU.
    #[ts(type = "number")]
    pub memory_bytes: u64,
    /// Instruction sets that this build uses here, such as "AVX512_VNNI".
    pub features: Vec<String>,
}

/// What sort of device computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum DeviceKind {
    /// The processor, in main memory.
    Cpu,
    /// A graphics processor, with memory of its own or shared.
    Gpu,
    /// Anything else: matrix libraries, NPUs.
    Accelerator,
}

/// Why no GPU computes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct GpuUnavailable {
    /// For a program.
    pub reason: GpuUnavailableReason,
    /// For a person: what is missing, and what could be done.
    pub detail: String,
}

/// Why no GPU computes, for a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum GpuUnavailableReason {
    /// This build has no code for any GPU.
    NotBuilt,
    /// This build has code for GPUs, and finds none that it could use.
    NotFound,
    /// There is one, and `device: 'cpu'` was asked for.
    NotWanted,
}
