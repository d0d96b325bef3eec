//! A loader that has the host open models that the engine cannot open by path.

use std::sync::Arc;

use super::backend::{Estimate, Loaded, ModelLoader, OnLoad};
use super::devices::Devices;
use super::file_opener::{Opened, PathOpener};
use crate::error::Result;
use crate::protocol::{MemoryEstimate, ModelConfig};

/// A loader that asks a `PathOpener` first.
pub struct OpeningLoader {
    opener: Arc<dyn PathOpener>,
    loader: Arc<dyn ModelLoader>,
}

impl OpeningLoader {
    /// Opens with `opener`, loads with `loader`.
    pub fn new(opener: Arc<dyn PathOpener>, loader: Arc<dyn ModelLoader>) -> Self {
        Self { opener, loader }
    }

    /// Keeps the file open until `read` returns. That is long enough: a model's mapping outlives the opening that it
    /// was made from.
    fn opened<T>(&self, config: &ModelConfig, read: impl FnOnce(&ModelConfig) -> Result<T>) -> Result<T> {
        let Some(opened) = self.opener.open(&config.path)? else { return read(config) };
        read(&config.read_as(opened.path(), config.name()))
    }
}

impl ModelLoader for OpeningLoader {
    fn load(&self, config: &ModelConfig, on_load: OnLoad<'_>) -> Result<Loaded> {
        self.opened(config, |config| self.loader.load(config, on_load))
    }

    fn estimate(&self, config: &ModelConfig, what: Estimate) -> Result<MemoryEstimate> {
        self.opened(config, |config| self.loader.estimate(config, what))
    }

    fn available_memory(&self) -> Option<u64> {
        self.loader.available_memory()
    }

    fn devices(&self) -> Devices {
        self.loader.devices()
    }

    fn open(&self, path: &str) -> Result<Option<Opened>> {
        self.opener.open(path)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::error::{Error, ErrorCode};

    /// Opens `picked://` and nothing else.
    struct Picker;

    impl PathOpener for Picker {
        fn open(&self, path: &str) -> Result<Option<Opened>> {
            let Some(text) = path.strip_prefix("picked://") else { return Ok(None) };
            if text == "gone" {
                return Err(Error::new(ErrorCode::ModelNotFound, "it was deleted"));
            }
            let mut file = tempfile::NamedTempFile::new().expect("the system has room for a small file");
            file.write_all(text.as_bytes()).expect("the system has room for a small file");
            Ok(Some(Opened::at(file.path().display().to_string(), file)))
        }
    }

    /// Fails with the content of the file, under the name that it was given.
    struct Reader;

    impl ModelLoader for Reader {
        fn load(&self, config: &ModelConfig, _: OnLoad<'_>) -> Result<Loaded> {
            let text = std::fs::read_to_string(&config.path).unwrap_or_else(|error| error.to_string());
            Err(Error::new(ErrorCode::ModelInvalid, format!("{} holds: {text}", config.name())))
        }

        fn estimate(&self, config: &ModelConfig, _: Estimate) -> Result<MemoryEstimate> {
            self.load(config, &mut |_| true).map(|_| unreachable!("it always fails"))
        }

        fn available_memory(&self) -> Option<u64> {
            Some(7)
        }

        fn devices(&self) -> Devices {
            Devices { found: Vec::new(), gpu_backends: vec!["Metal".to_owned()] }
        }
    }

    fn loader() -> OpeningLoader {
        OpeningLoader::new(Arc::new(Picker), Arc::new(Reader))
    }

    fn load(path: &str) -> Error {
        loader().load(&ModelConfig::new(path), &mut |_| true).err().expect("the reader always fails")
    }

    fn estimate(path: &str, what: Estimate) -> Error {
        loader().estimate(&ModelConfig::new(path), what).expect_err("the reader always fails")
    }

    #[test]
    fn an_opened_file_is_read_and_named_as_it_was_given() {
        let estimates = [Estimate::Load, Estimate::Embeddings { text_size: 256 }, Estimate::Bench { tokens: 256 }]
            .map(|what| estimate("picked://words", what));
        for error in [load("picked://words")].into_iter().chain(estimates) {
            assert_eq!(error, Error::new(ErrorCode::ModelInvalid, "picked://words holds: words"));
        }
    }

    #[test]
    fn a_path_is_left_alone() {
        for error in [load("/no/such/file"), estimate("/no/such/file", Estimate::Load)] {
            assert!(error.detail.starts_with("/no/such/file holds: No such file"), "{error}");
        }
    }

    #[test]
    fn what_cannot_be_opened_is_not_loaded() {
        for error in [load("picked://gone"), estimate("picked://gone", Estimate::Load)] {
            assert_eq!(error, Error::new(ErrorCode::ModelNotFound, "it was deleted"));
        }
    }

    #[test]
    fn everything_else_is_asked_of_the_loader() {
        assert_eq!((loader().available_memory(), loader().devices()), (Some(7), Reader.devices()));
    }
}
