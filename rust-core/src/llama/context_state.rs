//! Saves a sequence to bytes and restores it: through the shim, in the form of `state_form.rs` where a context is known
//! to use it.

use llama_cpp_sys_2 as sys;

use super::context::LlamaContext;
use super::shim::{self, ShimError, Text};
use super::state_form::{self, Frame};
use crate::engine::Sequence;

impl LlamaContext {
    /// Everything that `sequence` holds.
    pub fn save(&mut self, sequence: Sequence) -> std::result::Result<Vec<u8>, String> {
        let id = self.seq_id(sequence).ok_or("there is no such sequence")?;
        if self.has_plain_states { self.save_plain(sequence, id) } else { self.save_opaque(id) }
    }

    /// Replaces everything that `sequence` holds.
    pub fn restore(&mut self, sequence: Sequence, state: &[u8]) -> std::result::Result<(), String> {
        let id = self.seq_id(sequence).ok_or("there is no such sequence")?;
        self.clear(sequence);
        if self.has_plain_states { self.restore_plain(sequence, id, state) } else { self.restore_opaque(id, state) }
    }

    /// The frame of this context's plain states.
    fn frame(&self, sequence: Sequence) -> Frame {
        Frame::new(self.options.slots, sequence)
    }

    fn save_plain(&mut self, sequence: Sequence, id: sys::llama_seq_id) -> std::result::Result<Vec<u8>, String> {
        let frame = self.frame(sequence);
        let inner = frame.inner(self.state_size(id)?).ok_or("its size is impossible")?;
        let mut state = vec![0; inner];
        let mut written = frame.blank();
        let pieces =
            [writable(&mut written.before), writable(&mut state[state_form::START..]), writable(&mut written.after)];
        self.write_state(id, &pieces)?;
        if written != frame {
            return Err("another sequence is in it".to_owned());
        }
        state_form::seal(&mut state)?;
        Ok(state)
    }

    fn save_opaque(&mut self, id: sys::llama_seq_id) -> std::result::Result<Vec<u8>, String> {
        let mut state = vec![0; self.state_size(id)?];
        self.write_state(id, &[writable(&mut state)])?;
        Ok(state_form::seal_opaque(state))
    }

    fn restore_plain(
        &mut self,
        sequence: Sequence,
        id: sys::llama_seq_id,
        state: &[u8],
    ) -> std::result::Result<(), String> {
        let held = state_form::check(state, self.options.context_size)?;
        let frame = self.frame(sequence);
        self.read_state(id, &[readable(&frame.before), readable(&state[state_form::START..]), readable(&frame.after)])?;
        // SAFETY: the memory lives as long as the context, and the id is in range.
        let first = unsafe { sys::llama_memory_seq_pos_min(self.memory, id) };
        if self.length(sequence) == held && (held == 0 || first == 0) {
            return Ok(());
        }
        Err(format!("it holds the tokens {first} to {} instead of {held} from 0 on", self.length(sequence)))
    }

    fn restore_opaque(&mut self, id: sys::llama_seq_id, state: &[u8]) -> std::result::Result<(), String> {
        self.read_state(id, &[readable(state_form::open_opaque(state)?)])
    }

    fn state_size(&mut self, id: sys::llama_seq_id) -> std::result::Result<usize, String> {
        let mut error = ShimError::new();
        // SAFETY: the context is alive and not decoding, since `&mut self`, and has a memory; the id is in range.
        let size = unsafe { shim::shim_state_size(self.raw.as_ptr(), id, error.slot()) };
        if size == 0 { Err(error.text("llama.cpp gave no size")) } else { Ok(size) }
    }

    /// Fills the pieces, made with `writable`, from first to last.
    fn write_state(&mut self, id: sys::llama_seq_id, pieces: &[Text]) -> std::result::Result<(), String> {
        let mut error = ShimError::new();
        // SAFETY: as in `state_size`; each piece is memory that its maker may write and that outlives the call.
        let written =
            unsafe { shim::shim_state_get(self.raw.as_ptr(), id, pieces.as_ptr(), pieces.len(), error.slot()) };
        let whole = written == total(pieces);
        if whole { Ok(()) } else { Err(error.text("llama.cpp wrote less than it said")) }
    }

    /// Reads all of the pieces, made with `readable`.
    fn read_state(&mut self, id: sys::llama_seq_id, pieces: &[Text]) -> std::result::Result<(), String> {
        let mut error = ShimError::new();
        // SAFETY: as in `state_size`; the pieces outlive the call and are only read.
        let read = unsafe { shim::shim_state_set(self.raw.as_ptr(), id, pieces.as_ptr(), pieces.len(), error.slot()) };
        let whole = read == total(pieces);
        if whole { Ok(()) } else { Err(error.text("llama.cpp read less than there is")) }
    }
}

/// Memory that the shim writes into.
fn writable(bytes: &mut [u8]) -> Text {
    Text { data: bytes.as_mut_ptr().cast(), length: bytes.len() }
}

fn total(pieces: &[Text]) -> usize {
    pieces.iter().map(|piece| piece.length).sum()
}

/// Memory that the shim reads.
fn readable(bytes: &[u8]) -> Text {
    Text { data: bytes.as_ptr().cast_mut().cast(), length: bytes.len() }
}
