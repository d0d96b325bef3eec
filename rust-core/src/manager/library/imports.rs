//! Imports files of this device into the store. Clients see and end an import like a download.

use std::fs::File;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::downloading::{DownloadReporter, begin};
use super::downloads::Orders;
use crate::engine::{ModelLoader, Opened};
use crate::error::{Error, ErrorCode, Result};
use crate::manager::effects::Effects;
use crate::manager::owners::Owners;
use crate::manager::ticket::Reply;
use crate::store::{ByteProgress, FileKind, FileName, ImportFile, ImportSource, ModelName, Phase, Progress, Store};

/// Shortest time between two progress events.
const EVENT_EVERY: Duration = Duration::from_millis(100);
/// The file's name if neither the model's name nor the path has one.
const UNNAMED: &str = "model.gguf";

/// A file to import, and the name of the model that it becomes.
struct Import {
    store: Store,
    loader: Arc<dyn ModelLoader>,
    path: String,
    name: ModelName,
}

/// Runs on the blocking pool, because it reads the whole file.
pub(in crate::manager) fn import_model(it: &mut Owners, fx: &Effects, path: String, name: &str, reply: Reply) {
    let import = importable(it, name).and_then(|name| {
        let (store, loader) = (it.library.fetcher()?.store().clone(), it.loader.clone());
        Ok(Import { store, loader, path, name })
    });
    match import {
        Ok(import) => {
            let (reporter, orders) = begin(it, fx, import.name.text(), reply);
            let task = it.runtime.spawn_blocking(move || import.run(orders, reporter));
            it.await_at_shutdown(task);
        }
        Err(error) => reply(Err(error)),
    }
}

fn importable(it: &Owners, name: &str) -> Result<ModelName> {
    let name = ModelName::parse(name)?;
    if matches!(name, ModelName::Path(_)) {
        let detail = format!("{name} names the file itself - import it under another name, such as a hub name");
        return Err(Error::new(ErrorCode::InvalidOptions, detail));
    }
    if it.library.downloads.is_running(&name.text()) {
        let detail =
            format!("{name} is being downloaded or imported already - wait for it, or cancel its download first");
        return Err(Error::new(ErrorCode::Busy, detail));
    }
    Ok(name)
}

impl Import {
    fn run(self, mut orders: Orders, reporter: DownloadReporter) {
        let mut last_event: Option<Instant> = None;
        let mut on_progress = |ByteProgress { done, total }| {
            if last_event.is_none_or(|at| at.elapsed() >= EVENT_EVERY) {
                reporter.progress(Progress {
                    phase: Phase::Running,
                    bytes: done,
                    total_bytes: total,
                    ..Progress::NONE
                });
                last_event = Some(Instant::now());
            }
            orders.may_go_on()
        };
        let imported = self.source().and_then(|(file, source, _open)| {
            let file = ImportFile { file, kind: FileKind::Weights, source };
            self.store.import(&self.name, vec![file], &mut on_progress)
        });
        reporter.ended(imported);
    }

    /// The file's name, its content, and a guard that keeps it open.
    fn source(&self) -> Result<(FileName, ImportSource, Option<Opened>)> {
        let given = ModelName::parse(&self.path)?;
        let named = self.name.file_name().or_else(|| given.file_name());
        let file = named.map_or_else(|| FileName::new(UNNAMED), Ok)?;
        if let Some(path) = given.path() {
            return Ok((file, ImportSource::Path(path), None));
        }
        let Some(opened) = self.loader.open(&self.path)? else {
            let detail = format!("{given} is no file that can be opened here - give a path, or download it");
            return Err(Error::new(ErrorCode::InvalidOptions, detail));
        };
        let unreadable = |error: std::io::Error| {
            let detail = format!("could not read {given}: {error} - pick the file again");
            Error::new(ErrorCode::ModelNotFound, detail)
        };
        let reader = File::open(opened.path()).map_err(unreadable)?;
        let bytes = Some(reader.metadata().map_err(unreadable)?.len());
        Ok((file, ImportSource::Reader { reader: Box::new(reader), bytes }, Some(opened)))
    }
}
