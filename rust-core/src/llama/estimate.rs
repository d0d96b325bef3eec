//! The memory of a load, before it is allocated. llama.cpp lays out the buffers of the weights, the KV memory and a
//! step from the file's header. So repacked weights, sliding windows and architectures that this crate does not know
//! are counted correctly. Takes milliseconds, and logs nothing.

use std::ffi::CString;

use super::context_options::{self, ContextOptions};
use super::global;
use super::model_options::ModelOptions;
use super::refusal::Refusal;
use super::shim::{self, RawMemory, ShimError};
use crate::engine::Attention;
use crate::gguf::Metadata;
use crate::protocol::{DeviceKind, MemoryEstimate};

/// The most cells of KV memory in a layout, because llama.cpp allocates its lists of cells even for that. More are
/// counted in proportion.
const MAX_CELLS: u32 = 1 << 20;

/// Bytes that llama.cpp keeps for a token, or for a merge of two tokens, in its tables besides the text.
const VOCABULARY_ENTRY_BYTES: u64 = 200;

/// The memory of a context with these options and of its model, and the model's attention. The file's header has been
/// checked.
pub(super) fn estimate(
    path: &str,
    device: DeviceKind,
    metadata: &Metadata,
    options: ContextOptions,
) -> Result<(MemoryEstimate, Attention), Refusal> {
    let cells = options.cells();
    let simulated = within(options, MAX_CELLS);
    let memory = simulate(path, device, metadata, simulated)?;
    let simulated_cells = simulated.cells();
    let grown = |bytes: u64| bytes.saturating_mul(cells.div_ceil(simulated_cells.max(1)));
    // llama.cpp keeps the logits of each output in full.
    let outputs = metadata.vocabulary().0.saturating_mul(4).saturating_mul(options.outputs().into());
    let estimate = MemoryEstimate {
        weights_bytes: memory.weights.saturating_add(vocabulary_bytes(metadata)),
        kv_bytes: grown(memory.kv),
        compute_bytes: grown(memory.compute).saturating_add(outputs),
        context_size: options.context_size,
        max_resident: options.slots,
    };
    Ok((estimate, if memory.is_bidirectional { Attention::Bidirectional } else { Attention::Causal }))
}

/// The same options with fewer tokens of context, for at most `cells` cells, or one block for each slot.
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

fn simulate(
    path: &str,
    device: DeviceKind,
    metadata: &Metadata,
    options: ContextOptions,
) -> Result<RawMemory, Refusal> {
    let path = CString::new(path).map_err(|_| Refusal::other("the path holds a NUL character"))?;
    let key = metadata.own_key("vocab_size").and_then(|key| CString::new(key).ok());
    let key = key.ok_or_else(|| Refusal::other("it has no architecture"))?;
    let vocabulary = i64::try_from(metadata.vocabulary().0).map_err(|error| Refusal::other(error.to_string()))?;
    let model = ModelOptions::new(device);
    let too_many = || Refusal::out_of_memory("more than 4,294,967,295 tokens of context");
    let params = context_options::params(options).ok_or_else(too_many)?;
    let mut memory = RawMemory::default();
    let mut error = ShimError::new();
    // SAFETY: the texts, both sets of parameters and the result outlive the call; the shim frees what it makes.
    let (done, logged) = global::quietly(|| unsafe {
        let (model, params) = (&raw const *model.params(), &raw const params);
        shim::shim_simulate(path.as_ptr(), model, params, key.as_ptr(), vocabulary, &raw mut memory, error.slot())
    });
    if done { Ok(memory) } else { Err(error.refusal(logged)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llama::context_options::Purpose;

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
