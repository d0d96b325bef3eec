//! Writes Rust's log to Android's: one line per event, with its level.

use std::io::{self, Write};

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::fmt::MakeWriter;

/// Sends everything from `info` up to logcat, for the rest of the process. Does nothing if a subscriber exists already.
#[cfg(target_os = "android")]
pub(crate) fn start() {
    // A subscriber of another library takes precedence.
    let _ = tracing::subscriber::set_global_default(subscriber(android::write));
}

/// Leaves out time, level and thread, which logcat adds itself.
fn subscriber(write: fn(Level, &str)) -> impl Subscriber + Send + Sync {
    tracing_subscriber::fmt()
        .with_max_level(Level::INFO)
        .with_ansi(false)
        .with_level(false)
        .without_time()
        .with_writer(Lines(write))
        .finish()
}

struct Lines(fn(Level, &str));

struct Line {
    level: Level,
    write: fn(Level, &str),
}

impl MakeWriter<'_> for Lines {
    type Writer = Line;

    fn make_writer(&self) -> Line {
        Line { level: Level::INFO, write: self.0 }
    }

    fn make_writer_for(&self, about: &Metadata<'_>) -> Line {
        Line { level: *about.level(), write: self.0 }
    }
}

/// The formatter writes each event in one call.
impl Write for Line {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        (self.write)(self.level, String::from_utf8_lossy(event).trim_end());
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(target_os = "android")]
mod android {
    #![allow(unsafe_code)]

    use std::ffi::{CString, c_char, c_int};

    use super::Level;

    // SAFETY: this is the signature in Android's <android/log.h>.
    #[link(name = "log")]
    unsafe extern "C" {
        fn __android_log_write(priority: c_int, tag: *const c_char, text: *const c_char) -> c_int;
    }

    pub(super) fn write(level: Level, line: &str) {
        let Ok(text) = CString::new(line.replace('\0', " ")) else { return };
        // SAFETY: both texts end in NUL and outlive the call, which copies them.
        unsafe { __android_log_write(priority(level), c"llama".as_ptr(), text.as_ptr()) };
    }

    /// The `android_LogPriority` of a level.
    fn priority(level: Level) -> c_int {
        match level {
            Level::TRACE => 2,
            Level::DEBUG => 3,
            Level::INFO => 4,
            Level::WARN => 5,
            Level::ERROR => 6,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn an_event_is_one_line_with_its_level() {
        static WRITTEN: Mutex<Vec<(Level, String)>> = Mutex::new(Vec::new());
        let write = |level, line: &str| WRITTEN.lock().expect("nothing panics here").push((level, line.to_owned()));
        tracing::subscriber::with_default(subscriber(write), || {
            let _model = tracing::info_span!("model", path = "chat.gguf").entered();
            tracing::warn!(slots = 4, "parked");
            tracing::debug!("not written");
        });
        let expected = r#"model{path="chat.gguf"}: llama_rs::logcat::tests: parked slots=4"#;
        assert_eq!(*WRITTEN.lock().expect("nothing panics here"), [(Level::WARN, expected.to_owned())]);
    }
}
