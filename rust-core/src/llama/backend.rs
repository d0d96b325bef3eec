//! llama.cpp's process-wide state: its backends, and where its log lines go. Set up once, never torn down.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_char, c_void};
use std::sync::OnceLock;

use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_sys_2 as sys;

use super::shim;

thread_local! {
    /// llama.cpp says why it failed in its log alone. The first error line of this thread's call is the cause; the lines
    /// after it are the callers' that give up in turn.
    static CAUSE: RefCell<Option<String>> = const { RefCell::new(None) };

    /// What this thread makes llama.cpp do is no news to anybody.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Makes llama.cpp ready. Cheap after the first call, from any thread.
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

/// Runs `work` and returns with it the first error that llama.cpp logged on this thread meanwhile.
pub(super) fn with_logged_error<T>(work: impl FnOnce() -> T) -> (T, Option<String>) {
    CAUSE.with_borrow_mut(|line| *line = None);
    let result = work();
    (result, CAUSE.with_borrow_mut(Option::take))
}

/// As `with_logged_error`, and passes no line on meanwhile.
pub(super) fn quietly<T>(work: impl FnOnce() -> T) -> (T, Option<String>) {
    QUIET.set(true);
    let result = with_logged_error(work);
    QUIET.set(false);
    result
}

/// Gives this thread's compute threads back: it computes nothing for a while. The next call gets them anew.
pub(super) fn rest() {
    // SAFETY: no parallel region is open on this thread, since it is not in a call of llama.cpp's.
    unsafe { shim::shim_rest() }
}

/// Passes a line on to tracing under the target `llama_cpp`. llama.cpp's "errors" are its caller's business, hence at
/// most a warning; fragments and debug lines could hold text of a prompt, hence TRACE.
unsafe extern "C" fn log_line(level: sys::ggml_log_level, text: *const c_char, _: *mut c_void) {
    if text.is_null() {
        return;
    }
    // SAFETY: llama.cpp passes a NUL-terminated text that lives for the call.
    let line = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    let line = line.trim_end();
    match level {
        sys::GGML_LOG_LEVEL_ERROR => {
            CAUSE.with_borrow_mut(|cause| {
                cause.get_or_insert_with(|| without_function_name(line).to_owned());
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

/// `llama_model_load: error loading model: …` tells a user nothing by its first word.
fn without_function_name(line: &str) -> &str {
    match line.split_once(": ") {
        Some((name, rest)) if name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric()) => rest,
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::without_function_name;

    #[test]
    fn the_function_name_is_cut_and_nothing_else() {
        assert_eq!(without_function_name("llama_model_load: error: no"), "error: no");
        assert_eq!(without_function_name("two words: no"), "two words: no");
        assert_eq!(without_function_name("no colon"), "no colon");
    }
}
