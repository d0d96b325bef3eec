//! Bytes that are read of a remote model to know whether it fits: its header, most of which is the vocabulary.

use std::path::Path;
use std::time::Instant;

use llama_rs_core::gguf::{PartialHeader, read_partial};

use super::{Bench, milliseconds};
use crate::Result;
use crate::download_setup::DownloadSetup;
use crate::table::Row;
use crate::web::Web;
use random_model::{Quantization, Shape, write_random_model};

#[path = "../../../rust-core/tests/llama_common/random_model.rs"]
#[allow(dead_code, unused_imports, reason = "the tests of the core use more of it")]
mod random_model;

const BAR_BYTES: u64 = 1_000_000;
/// A header does not contain its own length, so the last request may read this much too far.
const REQUEST_BYTES: u64 = 64 << 10;
/// A vocabulary as large as those of the largest model families, with hardly any weights.
const WORDY: Shape = Shape {
    layers: 2,
    width: 64,
    feed_forward: 128,
    heads: 2,
    kv_heads: 1,
    vocabulary: 151_936,
    quantization: Quantization::Q4_0,
};

pub fn measure(bench: &mut Bench) -> Result<Vec<Row>> {
    let wordy = std::env::temp_dir().join(format!("llama-rs-bench-wordy-{}.gguf", std::process::id()));
    write_random_model(&wordy, WORDY, 7);
    let measured = (of_file("canLoad from a server", Path::new(&bench.path)), of_file("with 152k words", &wordy));
    std::fs::remove_file(&wordy)?;
    Ok(vec![measured.0?, measured.1?])
}

fn of_file(name: &str, path: &Path) -> Result<Row> {
    let PartialHeader::Complete(_, model) = read_partial(path, u64::MAX)? else {
        return Err("the model has no complete header".into());
    };
    let setup = DownloadSetup::open("header", Web::start(std::fs::read(path)?, 1)?)?;
    let began = Instant::now();
    let headers = setup.runtime.block_on(async {
        let files = setup.fetcher.files(&setup.request(0)?).await?;
        Ok::<_, Box<dyn std::error::Error>>(setup.fetcher.headers(&files, &setup.directory().join("headers")).await?)
    })?;
    let took = milliseconds(began.elapsed());
    Ok(row(name, headers.read_bytes, model.tensors_at, model.size, took))
}

fn row(name: &str, read: u64, header: u64, file: u64, took: f64) -> Row {
    Row {
        name: name.into(),
        measured: format!("{:.3} MB read", megabytes(read)),
        bar: "<= 1 MB, or its header".into(),
        against: format!("{:.3} MB header of {:.0} MB; {took:.0} ms", megabytes(header), megabytes(file)),
        passed: read <= BAR_BYTES || read <= header + REQUEST_BYTES,
    }
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::row;

    #[test]
    fn little_may_be_read_or_a_header_with_what_its_last_request_brings() {
        for (read, header, passed) in [
            (1_000_000, 100, true),
            (1_000_001, 100, false),
            (3_065_536, 3_000_000, true),
            (3_065_537, 3_000_000, false),
        ] {
            assert_eq!(row("canLoad", read, header, 80_000_000, 5.0).passed, passed, "{read} of {header}");
        }
    }
}
