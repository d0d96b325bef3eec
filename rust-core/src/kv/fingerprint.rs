//! Identifies which KV states a model accepts.

use std::fmt;

/// Equal for two loads whose saved states are interchangeable: same weights, architecture, KV types, adapters and state
/// format. Everything else that makes a state useless belongs in here too, because a wrong state may corrupt output
/// silently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub u128);

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}
