//! The store's test server for tests of the app's hosts: serves a folder's `.gguf` files as the Hugging Face repository
//! `local/models`.
//!
//! ```text
//! cargo run -p llama-rs-core --no-default-features --example model_server -- FOLDER
//! ```
//!
//! Prints its address in one line, then reads scripted misbehaviour, one command per line, until its input ends. Prints
//! `done` when a command applies to the next request:
//!
//! ```text
//! halt FILE BYTES      the next response with the file halts there, until `go`
//! break FILE BYTES     its connection breaks there
//! drip FILE MS         it comes byte by byte, one per this many milliseconds
//! status FILE CODE     it has this status
//! go                   halted responses, present and future ones, go on
//! ```

#[path = "../tests/transfer_server/mod.rs"]
mod transfer_server;

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use tokio::sync::mpsc;
use transfer_server::{Act, File, Protocol, Server, put_repository};

const NAME: &str = "local/models";
const COMMIT: &str = "c0ffee";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name a folder of .gguf files")?;
    let models = read(Path::new(&folder))?;
    let server = Server::start(Protocol::Plain).await;
    let files: Vec<File<'_>> = models.iter().map(|(name, content)| (name.as_str(), &content[..], false)).collect();
    put_repository(&server, &server, NAME, COMMIT, &files);
    println!("{}", server.url(""));
    let (say, mut lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if say.send(line).is_err() {
                return;
            }
        }
    });
    while let Some(line) = lines.recv().await {
        match obey(&server, &line) {
            Ok(()) => println!("done"),
            Err(reason) => eprintln!("{line}: {reason}"),
        }
    }
    Ok(())
}

fn read(folder: &Path) -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut models = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.ends_with(".gguf") {
            models.push((name, std::fs::read(path)?));
        }
    }
    Ok(models)
}

fn obey(server: &Server, line: &str) -> Result<(), Box<dyn Error>> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (file, act) = match words[..] {
        ["go"] => {
            server.site.go_on();
            return Ok(());
        }
        ["halt", file, bytes] => (file, Act::HaltAfter(bytes.parse()?)),
        ["break", file, bytes] => (file, Act::BreakAfter(bytes.parse()?)),
        ["drip", file, ms] => (file, Act::Drip(Duration::from_millis(ms.parse()?))),
        ["status", file, code] => (file, Act::Status(code.parse()?, Vec::new())),
        _ => return Err("not a command".into()),
    };
    server.site.script(&format!("/{NAME}/resolve/{COMMIT}/{file}"), [act]);
    Ok(())
}
