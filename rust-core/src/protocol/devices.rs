//! The devices that compute, and the reason why no GPU does.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A processor that computes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// llama.cpp's short name, such as "CPU" or "Vulkan0".
    pub name: String,
    /// The kind of device; `device` of a model's `info` has the same kinds.
    pub kind: DeviceKind,
    /// The manufacturer's name, as far as the system reports it.
    pub description: String,
    /// Total memory in bytes; the main memory for a CPU.
    #[ts(type = "number")]
    pub memory_bytes: u64,
    /// Instruction sets that this build uses on it, such as "AVX512_VNNI".
    pub features: Vec<String>,
}

/// A kind of device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum DeviceKind {
    /// The processor, in main memory.
    Cpu,
    /// A graphics processor, with memory of its own or shared.
    Gpu,
    /// Any other device: matrix libraries, NPUs.
    Accelerator,
}

/// Why no GPU computes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct GpuUnavailable {
    /// The reason for programs.
    pub reason: GpuUnavailableReason,
    /// The reason for people: what is missing, and what to do.
    pub detail: String,
}

/// Why no GPU computes, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum GpuUnavailableReason {
    /// This build has no code for any GPU.
    NotBuilt,
    /// This build has code for GPUs and finds none that it could use.
    NotFound,
    /// There is a GPU, and the caller asked for `device: 'cpu'`.
    NotWanted,
}
