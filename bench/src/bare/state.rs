//! llama.cpp's own state calls, the reference for parking and saving.

use std::time::{Duration, Instant};

use llama_cpp_sys_2 as sys;

use super::Bare;
use crate::Result;

impl Bare {
    /// Copies a sequence's state into `memory`, resized to fit. Returns the time of the two calls.
    pub fn get_state(&mut self, sequence: usize, memory: &mut Vec<u8>) -> Result<Duration> {
        let (context, id) = (self.context.as_ptr(), i32::try_from(sequence)?);
        let began = Instant::now();
        // SAFETY: the context is alive and not decoding, and the sequence is one of its own.
        let size = unsafe { sys::llama_state_seq_get_size(context, id) };
        memory.resize(size, 0);
        // SAFETY: as above, and `memory` has `size` bytes.
        let written = unsafe { sys::llama_state_seq_get_data(context, memory.as_mut_ptr(), size, id) };
        let took = began.elapsed();
        if size > 0 && written == size { Ok(took) } else { Err("llama.cpp gave no state to the bare loop".into()) }
    }

    /// Clears a sequence and puts a state into it. Returns the time of the two calls.
    pub fn set_state(&mut self, sequence: usize, state: &[u8]) -> Result<Duration> {
        let (context, id) = (self.context.as_ptr(), i32::try_from(sequence)?);
        let began = Instant::now();
        self.clear(sequence);
        // SAFETY: the context is alive and not decoding, the sequence is one of its own, the state outlives the call.
        let read = unsafe { sys::llama_state_seq_set_data(context, state.as_ptr(), state.len(), id) };
        let took = began.elapsed();
        if read == state.len() { Ok(took) } else { Err("llama.cpp did not take a state back".into()) }
    }
}
