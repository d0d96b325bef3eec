//! What a load would take, before anything of its size is allocated. llama.cpp lays out the buffers of the weights, the KV
//! memory and a step from the file's header, so that repacked weights, sliding windows and architectures that this crate
//! has never heard of are counted rightly. Milliseconds; nothing is logged.

use std::ffi::CString;

use super::backend;
use super::context::{self, ContextOptions};
use super::model::ModelOptions;
use super::shim::{self, ErrorText, RawMemory};
use crate::engine::Reading;
use crate::gguf::Metadata;
use crate::protocol::{DeviceKind, MemoryEstimate};

/// Cells of KV memory that a layout is made for: llama.cpp allocates its lists of them even then. What is beyond is
/// counted by proportion.
const MAX_CELLS: u32 = 1 << 20;

/// What llama.cpp keeps of a token, or of a pair that tokens are merged from, besides its text: the places in its tables.
const VOCABULARY_ENTRY_BYTES: u64 = 200;

/// What a context with these options takes, on a file whose header was checked, and how its model reads a text. The error is
/// llama.cpp's reason.
pub(super) fn estimate(
    path: &str,
    device: DeviceKind,
    metadata: &Metadata,
    options: ContextOptions,
) -> Result<(MemoryEstimate, Reading), String> {
    let cells = options.cells();
    let simulated = within(options, MAX_CELLS);
    let memory = simulate(path, device, metadata, simulated)?;
    let simulated_cells = simulated.cells();
    let grown = |bytes: u64| bytes.saturating_mul(cells.div_ceil(simulated_cells.max(1)));
    // A choice for each output, written down in full.
    let outputs = metadata.vocabulary().0.saturating_mul(4).saturating_mul(options.outputs().into());
    let estimate = MemoryEstimate {
        weights_bytes: memory.weights.saturating_add(vocabulary_bytes(metadata)),
        kv_bytes: grown(memory.kv),
        compute_bytes: grown(memory.compute).saturating_add(outputs),
        context_size: options.context_size,
        max_resident: options.slots,
    };
    Ok((estimate, if memory.whole { Reading::Whole } else { Reading::Pieces }))
}

/// The same options with fewer tokens of context, so that there are at most `cells`, or one block for each slot.
fn within(options: ContextOptions, cells: u32) -> ContextOptions {
    let most = (cells / options.slots.max(1)).max(1);
    ContextOptions { context_size: options.context_size.min(most), ..options }
}

fn vocabulary_bytes(metadata: &Metadata) -> u64 {
    let texts = [metadata.vocabulary(), metadata.merges()];
    texts.iter().fold(0, |sum, (count, bytes)| {
        sum.saturating_add(count.saturating_mul(VOCABULARY_ENTRY_BYTES)).saturating_add(bytes.saturating_mul(3))
    })
}

fn simulate(path: &str, device: DeviceKind, metadata: &Metadata, options: ContextOptions) -> Result<RawMemory, String> {
    let path = CString::new(path).map_err(|_| "the path holds a NUL character")?;
    let key = metadata.own_key("vocab_size").and_then(|key| CString::new(key).ok()).ok_or("it has no architecture")?;
    let vocabulary = i64::try_from(metadata.vocabulary().0).map_err(|error| error.to_string())?;
    let model = ModelOptions::new(device);
    let params = context::params(options).ok_or("more than 4,294,967,295 tokens of context")?;
    let mut memory = RawMemory::default();
    let mut error = ErrorText::new();
    // SAFETY: the texts, both sets of parameters and the result outlive the call; the shim frees what it makes.
    let (done, logged) = backend::quietly(|| unsafe {
        let (model, params) = (&raw const *model.params(), &raw const params);
        shim::shim_simulate(path.as_ptr(), model, params, key.as_ptr(), vocabulary, &raw mut memory, error.slot())
    });
    if done { Ok(memory) } else { Err(error.take(logged.as_deref().unwrap_or("llama.cpp gave no reason"))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llama::context::Purpose;

    #[test]
    fn a_layout_has_a_bounded_number_of_cells() {
        let options =
            |context_size, slots| ContextOptions { context_size, slots, threads: 1, purpose: Purpose::Conversations };
        for ((context_size, slots), expected) in
            [((4_096, 4), 4_096), ((1 << 20, 1), 1 << 20), ((1 << 24, 256), 4_096), ((u32::MAX, 1), 1 << 20)]
        {
            assert_eq!(within(options(context_size, slots), MAX_CELLS).context_size, expected);
        }
    }
}
