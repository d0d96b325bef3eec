//! Files of this device become models of the store: a download of another kind, seen and ended as one.

use std::fs::File;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::downloading::{Report, begin};
use super::downloads::Orders;
use crate::engine::{ModelLoader, Opened};
use crate::error::{Error, ErrorCode, Result};
use crate::manager::effects::Effects;
use crate::manager::owners::Owners;
use crate::manager::ticket::Reply;
use crate::store::{ByteProgress, FileKind, FileName, ImportFile, ImportSource, ModelName, Phase, Progress, Store};

/// Ten events a second at most.
const EVENT_EVERY: Duration = Duration::from_millis(100);
/// Where neither the name nor the file has one that says more.
const UNNAMED: &str = "model.gguf";

/// What is to be imported, and as what.
struct Import {
    store: Store,
    loader: Arc<dyn ModelLoader>,
    path: String,
    name: ModelName,
}

/// Answers off this thread: it reads the whole file.
pub(in crate::manager) fn import_model(it: &mut Owners, fx: &Effects, path: String, name: &str, reply: Reply) {
    let import = importable(it, name).and_then(|name| {
        let (store, loader) = (it.library.fetcher()?.store().clone(), it.loader.clone());
        Ok(Import { store, loader, path, name })
    });
    match import {
        Ok(import) => {
            let (report, orders) = begin(it, fx, import.name.text(), reply);
            let task = it.runtime.spawn_blocking(move || import.run(orders, report));
            it.await_at_shutdown(task);
        }
        Err(error) => reply(Err(error)),
    }
}

fn importable(it: &Owners, name: &str) -> Result<ModelName> {
    let name = ModelName::parse(name)?;
    if matches!(name, ModelName::Path(_)) {
        let detail = format!("{name} means the file there - import it by another name, such as that of a hub");
        return Err(Error::new(ErrorCode::InvalidOptions, detail));
    }
    if it.library.downloads.is_running(&name.text()) {
        let detail = format!("{name} is on its way already - wait for it, or cancel its download first");
        return Err(Error::new(ErrorCode::Busy, detail));
    }
    Ok(name)
}

impl Import {
    fn run(self, mut orders: Orders, report: Report) {
        let mut told: Option<Instant> = None;
        let mut on_progress = |ByteProgress { done, total }| {
            if told.is_none_or(|at| at.elapsed() >= EVENT_EVERY) {
                report.progress(Progress { phase: Phase::Running, bytes: done, total_bytes: total, ..Progress::NONE });
                told = Some(Instant::now());
            }
            orders.may_go_on()
        };
        let imported = self.source().and_then(|(file, source, _open)| {
            let file = ImportFile { file, kind: FileKind::Weights, source };
            self.store.import(&self.name, vec![file], &mut on_progress)
        });
        report.ended(imported);
    }

    /// With what keeps it open.
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
