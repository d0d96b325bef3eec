//! Models that only the host can open, such as the `content://` URIs of Android's file pickers. The path as given stays
//! the model's identity, and its name in errors.

use std::any::Any;
use std::fs::File;
use std::os::fd::AsRawFd;

use crate::error::Result;

/// Opens paths that only the host can open.
pub trait PathOpener: Send + Sync + 'static {
    /// Opens `path`, or gives None for an ordinary path. Called on the thread that loads or estimates; may block as
    /// long as opening a file does.
    fn open(&self, path: &str) -> Result<Option<Opened>>;
}

/// An open file, and the path that it can be read at while it is open. Dropping it closes the file.
pub struct Opened {
    path: String,
    _open: Box<dyn Any>,
}

impl Opened {
    /// A file that can be read at `path` until `open` is dropped.
    pub fn at(path: String, open: impl Any) -> Self {
        Self { path, _open: Box::new(open) }
    }

    /// The path that the file can be read at.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// A file that is read by its descriptor. Linux only: there, each opening of that path has a position of its own.
    pub fn descriptor(file: File) -> Self {
        Self::at(format!("/proc/self/fd/{}", file.as_raw_fd()), file)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_descriptor_is_read_from_the_beginning_each_time() {
        let mut file = tempfile::tempfile().expect("the system has room for a small file");
        file.write_all(b"words").expect("the system has room for a small file");
        let opened = Opened::descriptor(file);
        for _ in 0..2 {
            assert_eq!(std::fs::read_to_string(&opened.path).expect("it lies open"), "words");
        }
    }
}
