//! llama.cpp's process-wide state: its backends, and the destination of its log lines. Set up once, never torn down.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_char, c_void};
use std::sync::OnceLock;

use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_sys_2 as sys;

use super::refusal::Refusal;
use super::shim;

thread_local! {
    /// llama.cpp gives the reason of a failure only in its log. The first error line of this thread's call has it; the
    /// later lines come from callers that give up in turn.
    static REFUSAL: RefCell<Option<Refusal>> = const { RefCell::new(None) };

    /// This thread's calls are not logged.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Makes llama.cpp ready. Cheap after the first call; may be called from any thread.
pub(super) fn init() {
    static BACKEND: OnceLock<LlamaBackend> = OnceLock::new();
    BACKEND.get_or_init(|| {
        // SAFETY: the callback is a plain function that lives for ever and needs no user data; this closure runs once,
        // before any other call of llama.cpp, so no log line is under way.
        unsafe {
            sys::llama_log_set(Some(log_line), std::ptr::null_mut());
            shim::shim_quiet_common_log();
        }
        LlamaBackend::init().expect("only this closure initializes the backend, and it runs once")
    });
}

/// Runs `work`, and returns its result with the first error that llama.cpp logs on this thread meanwhile.
pub(super) fn with_logged_error<T>(work: impl FnOnce() -> T) -> (T, Option<Refusal>) {
    REFUSAL.with_borrow_mut(|refusal| *refusal = None);
    let result = work();
    (result, REFUSAL.with_borrow_mut(Option::take))
}

/// Like `with_logged_error`, but passes no line on to the log.
pub(super) fn quietly<T>(work: impl FnOnce() -> T) -> (T, Option<Refusal>) {
    QUIET.set(true);
    let result = with_logged_error(work);
    QUIET.set(false);
    result
}

/// Gives this thread's compute threads back, because no call follows soon. The next call gets new ones.
pub(super) fn rest() {
    // SAFETY: no parallel region is open on this thread, since it is not in a call of llama.cpp's.
    unsafe { shim::shim_rest() }
}

/// Passes a line on to tracing under the target `llama_cpp`. An "error" of llama.cpp is for its caller to judge, hence
/// at most a warning. Fragments and debug lines could hold text of a prompt, hence TRACE.
unsafe extern "C" fn log_line(level: sys::ggml_log_level, text: *const c_char, _: *mut c_void) {
    if text.is_null() {
        return;
    }
    // SAFETY: llama.cpp passes a NUL-terminated text that lives for the call.
    let line = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    let line = line.trim_end();
    match level {
        sys::GGML_LOG_LEVEL_ERROR => {
            REFUSAL.with_borrow_mut(|refusal| {
                refusal.get_or_insert_with(|| Refusal::of_log_line(line));
            });
            if !QUIET.get() {
                tracing::warn!(target: "llama_cpp", "{line}");
            }
        }
        _ if QUIET.get() => {}
        sys::GGML_LOG_LEVEL_WARN | sys::GGML_LOG_LEVEL_INFO => {
            tracing::debug!(target: "llama_cpp", "{line}")
        }
        _ => tracing::trace!(target: "llama_cpp", "{line}"),
    }
}
