//! Language models and conversations whose lifetime is the process's, not the screen's.

pub mod engine;
pub mod error;
pub mod protocol;
