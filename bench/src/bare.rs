//! The bare llama.cpp loop as a reference: the same context parameters and thread count, greedy sampling,
//! `llama_decode` in a loop, nothing else.

use std::ffi::{CString, c_void};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use llama_cpp_sys_2 as sys;
use llama_rs_core::protocol::ModelInfo;

use crate::Result;

mod state;

/// Rows of a batch, as in the engine.
const MAX_ROWS: usize = 512;
/// The token that prompts consist of; every vocabulary has it.
const PROMPT_TOKEN: sys::llama_token = 40;

/// A model, a context and a greedy sampler, used on one thread.
pub struct Bare {
    model: NonNull<sys::llama_model>,
    context: NonNull<sys::llama_context>,
    sampler: NonNull<sys::llama_sampler>,
    batch: sys::llama_batch,
    /// Per sequence: the number of tokens it holds, and the token to decode next.
    streams: Vec<(usize, sys::llama_token)>,
}

/// Limits of a decode loop, which ends at the first one it reaches.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    pub tokens: u32,
    pub time: Duration,
}

impl Bare {
    /// Loads the weights a second time and creates the same context as the engine.
    pub fn open(path: &str, info: &ModelInfo) -> Result<Self> {
        let path = CString::new(path)?;
        let threads = i32::try_from(info.threads)?;
        // SAFETY: the engine initialized llama.cpp's backends before it returned `info`; the path outlives the call.
        let model = unsafe { sys::llama_model_load_from_file(path.as_ptr(), sys::llama_model_default_params()) };
        let model = NonNull::new(model).ok_or("llama.cpp did not load the model for the bare loop")?;
        // SAFETY: the function takes no arguments and has no preconditions.
        let mut params = unsafe { sys::llama_context_default_params() };
        params.n_ctx = info.context_size.next_multiple_of(256) * info.max_resident;
        params.n_seq_max = info.max_resident;
        params.n_batch = MAX_ROWS as u32;
        params.n_ubatch = MAX_ROWS as u32;
        params.n_outputs_max = info.max_resident;
        params.n_threads = threads;
        params.n_threads_batch = threads;
        params.flash_attn_type = sys::LLAMA_FLASH_ATTN_TYPE_ENABLED;
        params.kv_unified = false;
        params.no_perf = true;
        // SAFETY: the model was loaded above and is not used elsewhere.
        let context = unsafe { sys::llama_init_from_model(model.as_ptr(), params) };
        let context = NonNull::new(context).ok_or("llama.cpp made no context for the bare loop")?;
        // SAFETY: both functions only allocate; `drop` frees the results.
        let (sampler, batch) =
            unsafe { (sys::llama_sampler_init_greedy(), sys::llama_batch_init(MAX_ROWS as i32, 0, 1)) };
        let sampler = NonNull::new(sampler).ok_or("llama.cpp made no sampler for the bare loop")?;
        Ok(Self { model, context, sampler, batch, streams: vec![(0, PROMPT_TOKEN); info.max_resident as usize] })
    }

    pub fn set_threads(&mut self, threads: u32) {
        let threads = i32::try_from(threads).unwrap_or(1);
        // SAFETY: the context is alive and not decoding.
        unsafe { sys::llama_set_n_threads(self.context.as_ptr(), threads, threads) }
    }

    /// Clears a sequence.
    pub fn clear(&mut self, sequence: usize) {
        self.cut(sequence, 0);
    }

    /// Removes everything from `length` on from a sequence.
    pub fn cut(&mut self, sequence: usize, length: usize) {
        // SAFETY: the context is alive, and the sequence is one of its own.
        unsafe {
            let memory = sys::llama_get_memory(self.context.as_ptr());
            sys::llama_memory_seq_rm(memory, sequence as i32, length as i32, -1);
        }
        self.streams[sequence].0 = length;
    }

    /// Decodes a prompt of this many tokens in full batches and samples the answer's first token.
    pub fn prefill(&mut self, sequence: usize, tokens: usize) -> Result<()> {
        let read = self.read(sequence, tokens);
        rest();
        read
    }

    fn read(&mut self, sequence: usize, tokens: usize) -> Result<()> {
        let mut left = tokens;
        while left > 0 {
            let rows = left.min(MAX_ROWS);
            left -= rows;
            self.fill_prompt(sequence, rows, left == 0);
            self.run()?;
            self.streams[sequence].0 += rows;
            if left == 0 {
                self.streams[sequence].1 = self.sample(rows - 1);
            }
        }
        Ok(())
    }

    /// Decodes one token per sequence and step until the limit. Returns tokens per second and sequence, without the
    /// token that the prompt's logits gave.
    pub fn decode(&mut self, sequences: usize, limit: Limit) -> Result<f64> {
        let started = Instant::now();
        let mut steps = 0;
        while steps < limit.tokens && started.elapsed() < limit.time {
            for sequence in 0..sequences {
                let (position, token) = self.streams[sequence];
                self.set_row(sequence, token, position, sequence, true);
            }
            self.batch.n_tokens = sequences as i32;
            self.run()?;
            for sequence in 0..sequences {
                self.streams[sequence] = (self.streams[sequence].0 + 1, self.sample(sequence));
            }
            steps += 1;
        }
        let speed = f64::from(steps) / started.elapsed().as_secs_f64();
        rest();
        Ok(speed)
    }

    /// Generates whole answers on the first sequences concurrently, with `prompt` and `answer` tokens each.
    pub fn answer(&mut self, sequences: usize, prompt: usize, answer: u32) -> Result<Duration> {
        for sequence in 0..sequences {
            self.clear(sequence);
        }
        let started = Instant::now();
        for sequence in 0..sequences {
            self.prefill(sequence, prompt)?;
        }
        // The last token is sampled but not decoded.
        self.decode(sequences, Limit { tokens: answer.saturating_sub(1), time: Duration::MAX })?;
        Ok(started.elapsed())
    }

    /// Aborts a prefill after `after` and returns how long llama.cpp's own abort callback takes to stop it; `None` if
    /// the prefill was over by then.
    pub fn abort_prefill(&mut self, tokens: usize, after: Duration) -> Result<Option<Duration>> {
        let (flag, context) = (AtomicBool::new(false), self.context);
        // SAFETY: the context is alive, and the flag outlives the prefill, after which the callback is removed.
        unsafe {
            let data = (&raw const flag).cast_mut().cast::<c_void>();
            sys::llama_set_abort_callback(context.as_ptr(), Some(is_set), data);
        }
        let (ended, aborted_at) = std::thread::scope(|scope| {
            let aborter = scope.spawn(|| {
                std::thread::sleep(after);
                flag.store(true, Ordering::Release);
                Instant::now()
            });
            // An aborted prefill ends with an error.
            let outcome = self.prefill(0, tokens);
            (outcome.is_err().then(Instant::now), aborter.join())
        });
        // SAFETY: the context is alive and not decoding.
        unsafe { sys::llama_set_abort_callback(context.as_ptr(), None, std::ptr::null_mut()) }
        self.clear(0);
        let aborted_at = aborted_at.map_err(|_| "the aborting thread panicked")?;
        Ok(ended.map(|ended| ended.saturating_duration_since(aborted_at)))
    }

    fn fill_prompt(&mut self, sequence: usize, rows: usize, last: bool) {
        let begin = self.streams[sequence].0;
        for row in 0..rows {
            self.set_row(row, PROMPT_TOKEN + (row % 50) as i32, begin + row, sequence, last && row + 1 == rows);
        }
        self.batch.n_tokens = rows as i32;
    }

    fn set_row(&mut self, row: usize, token: sys::llama_token, position: usize, sequence: usize, logits: bool) {
        assert!(row < MAX_ROWS, "a batch has {MAX_ROWS} rows");
        // SAFETY: llama_batch_init made arrays of MAX_ROWS entries with room for one sequence id each.
        unsafe {
            *self.batch.token.add(row) = token;
            *self.batch.pos.add(row) = position as i32;
            *self.batch.n_seq_id.add(row) = 1;
            **self.batch.seq_id.add(row) = sequence as i32;
            *self.batch.logits.add(row) = i8::from(logits);
        }
    }

    fn run(&mut self) -> Result<()> {
        // SAFETY: the context is alive, and `n_tokens` rows of the batch are set.
        match unsafe { sys::llama_decode(self.context.as_ptr(), self.batch) } {
            0 => Ok(()),
            status => Err(format!("llama_decode returned {status} in the bare loop").into()),
        }
    }

    fn sample(&mut self, row: usize) -> sys::llama_token {
        // SAFETY: the row requested logits in the preceding decode.
        unsafe { sys::llama_sampler_sample(self.sampler.as_ptr(), self.context.as_ptr(), row as i32) }
    }
}

/// Pauses idle compute threads, as the engine does. Together with the engine's own they would slow both sides.
fn rest() {
    #[cfg(target_os = "linux")]
    // SAFETY: no parallel region is open on this thread.
    unsafe {
        const SOFT: std::ffi::c_int = 1;
        omp_pause_resource_all(SOFT);
    }
}

#[cfg(target_os = "linux")]
unsafe extern "C" {
    fn omp_pause_resource_all(kind: std::ffi::c_int) -> std::ffi::c_int;
}

unsafe extern "C" fn is_set(data: *mut c_void) -> bool {
    // SAFETY: `abort_prefill` passed a flag that outlives the decode.
    unsafe { &*data.cast::<AtomicBool>() }.load(Ordering::Acquire)
}

impl Drop for Bare {
    fn drop(&mut self) {
        // SAFETY: all were made by `open` and are freed here alone, the context before its model.
        unsafe {
            sys::llama_batch_free(self.batch);
            sys::llama_sampler_free(self.sampler.as_ptr());
            sys::llama_free(self.context.as_ptr());
            sys::llama_model_free(self.model.as_ptr());
        }
    }
}
