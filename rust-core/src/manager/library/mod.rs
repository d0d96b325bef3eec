//! The models of this device: found on the hub, downloaded, imported, stored, resolved by name.

pub(super) mod downloading;
mod downloads;
pub(super) mod hub_catalog;
pub(super) mod imports;
pub(super) mod remote_headers;
pub(super) mod resolve;
mod state;
pub(super) mod stored_models;

pub(super) use state::Library;
