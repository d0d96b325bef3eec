//! Which states fit which model.

use std::fmt;

/// Equal for two loads whose saved states are interchangeable: same weights, architecture, KV types, adapters and form of
/// the state. Anything else that differs makes a state useless, at worst silently, so it belongs in here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub u128);

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}
