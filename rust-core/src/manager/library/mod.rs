//! The models on this device, and how they come to it.

pub(super) mod downloading;
mod downloads;
pub(super) mod hub_catalog;
pub(super) mod imports;
pub(super) mod remote_headers;
pub(super) mod resolve;
mod state;
pub(super) mod stored_models;

pub(super) use state::Library;
