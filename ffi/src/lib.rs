//! The port for Kotlin and Swift: one native library that knows llama.cpp, and the classes that uniffi makes of it.
//! Translates, and decides nothing. Synchronous and pulled: foreign code never runs on a thread of ours, but where the
//! host opens a file.

// Allowed in `java` alone. What uniffi generates allows it for itself.
#![deny(unsafe_code)]

mod answer;
mod client;
mod error;
#[cfg(not(target_vendor = "apple"))]
mod java;
mod loader;
#[cfg(any(target_os = "android", test))]
mod logcat;
mod manager;
mod picked_files;

uniffi::setup_scaffolding!();
