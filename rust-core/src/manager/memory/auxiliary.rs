//! Memory of an auxiliary context on loaded weights: for embeddings, or for a bench.

use crate::engine::ModelLoader;
use crate::error::{Error, ErrorCode, Result};
use crate::human_bytes;
use crate::protocol::MemoryEstimate;

/// The memory of an auxiliary context. It is 0 if the file can no longer be estimated, because the model is loaded
/// already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::manager) struct AuxiliaryEstimate {
    pub(in crate::manager) bytes: u64,
    /// Bytes that the system has free.
    available: Option<u64>,
}

impl AuxiliaryEstimate {
    /// Blocks while the header of the model's file is read.
    pub(in crate::manager) fn of(
        loader: &dyn ModelLoader,
        estimate: impl FnOnce(&dyn ModelLoader) -> Result<MemoryEstimate>,
    ) -> Self {
        estimate(loader).map_or_else(
            |_| Self::default(),
            |estimate| Self { bytes: estimate.total(), available: loader.available_memory() },
        )
    }

    /// Whether the context may be made, when the budget leaves `budget_left` bytes and its predecessor frees `own`
    /// bytes.
    pub(in crate::manager) fn admit(
        &self,
        purpose: &str,
        advice: &str,
        (budget_left, own): (Option<u64>, u64),
        force: bool,
    ) -> Result<()> {
        let left = budget_left.into_iter().chain(self.available).min().map(|left| left.saturating_add(own));
        match left.filter(|left| self.bytes > *left && !force) {
            None => Ok(()),
            Some(left) => {
                let (bytes, left) = (human_bytes::format(self.bytes), human_bytes::format(left));
                let detail = format!(
                    "could not make room for {purpose}: {bytes} are needed, {left} are left - {advice}, unload another \
                     model, or set force"
                );
                Err(Error::new(ErrorCode::OutOfMemory, detail))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_memory_is_admitted_where_there_is_room_or_by_force() {
        for (budget_left, available, own, force, expected) in [
            (None, None, 0, false, true),
            (Some(100), None, 0, false, true),
            (Some(99), None, 0, false, false),
            (None, Some(99), 0, false, false),
            (Some(200), Some(99), 0, false, false),
            (Some(90), Some(200), 10, false, true),
            (Some(0), Some(0), 0, true, true),
        ] {
            let needed = AuxiliaryEstimate { bytes: 100, available };
            let admitted = needed.admit("a bench of a.gguf", "wait", (budget_left, own), force);
            assert_eq!(admitted.is_ok(), expected, "{budget_left:?}, {available:?}, {own}, {force}: {admitted:?}");
            assert!(admitted.err().is_none_or(|error| error.code == ErrorCode::OutOfMemory));
        }
    }
}
