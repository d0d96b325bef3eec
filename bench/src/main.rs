//! Measures llama-rs-core against a bare llama.cpp loop in the same process. `docs/benchmarks.md` explains each row.
//! Owns no policy, and uses the engine as a host does: in JSON.

mod bare;
mod busy;
mod dirty;
mod download_setup;
mod ours;
mod quiet;
mod rows;
mod scale;
mod stats;
mod table;
mod web;

use std::process::ExitCode;
use std::time::Duration;

use rows::Bench;
use scale::Scale;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "usage: llama-rs-bench [--quick] [--impatient] [--only TEXT] MODEL.gguf";

struct Arguments {
    scale: Scale,
    /// Selects groups whose name contains this.
    only: String,
    model: String,
}

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(busy::ARGUMENT) {
        busy::be_busy();
        return ExitCode::SUCCESS;
    }
    let Some(arguments) = arguments(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match measure(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the bench could not go on: {error}");
            ExitCode::FAILURE
        }
    }
}

fn arguments(mut given: impl Iterator<Item = String>) -> Option<Arguments> {
    let (mut scale, mut only, mut model) = (Scale::full(), String::new(), None);
    while let Some(argument) = given.next() {
        match argument.as_str() {
            "--quick" => scale = Scale::quick(),
            "--impatient" => scale.patience = Duration::ZERO,
            "--only" => only = given.next()?,
            _ if argument.starts_with('-') || model.is_some() => return None,
            _ => model = Some(argument),
        }
    }
    Some(Arguments { scale, only, model: model? })
}

fn measure(arguments: &Arguments) -> Result<()> {
    let mut bench = Bench::open(&arguments.model, arguments.scale)?;
    println!("{}", bench.title());
    println!("{}", table::head());
    let mut short = 0;
    for (_, measure) in rows::ALL.iter().filter(|(group, _)| group.contains(&arguments.only)) {
        for row in measure(&mut bench)? {
            println!("{}", row.line());
            short += u32::from(!row.passed);
        }
    }
    println!("{}", if short == 0 { "every row passes".into() } else { format!("rows that fall short: {short}") });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::arguments;

    fn parsed(line: &str) -> Option<(String, String)> {
        arguments(line.split_whitespace().map(str::to_owned)).map(|parsed| (parsed.model, parsed.only))
    }

    #[test]
    fn a_model_is_needed_and_options_may_stand_on_either_side() {
        assert_eq!(parsed("a.gguf"), Some(("a.gguf".into(), String::new())));
        assert_eq!(parsed("--only decode a.gguf --quick"), Some(("a.gguf".into(), "decode".into())));
        for wrong in ["", "--quick", "--only", "a.gguf b.gguf", "--fast a.gguf"] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
    }
}
