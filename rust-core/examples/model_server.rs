//! The server of the store's tests, for a host's own: the `.gguf` files of a folder as the repository `local/models` of a hub.
//!
//! ```text
//! cargo run -p llama-rs-core --no-default-features --example model_server -- FOLDER
//! ```
//!
//! Says its address in one line, then reads what it is to do wrong, a line each, until its input ends. It says `done` when the next
//! request will meet it:
//!
//! ```text
//! halt FILE BYTES      the next request for the file comes to a halt there, until `go`
//! break FILE BYTES     its connection breaks there
//! drip FILE MS         it comes byte by byte, one in so many milliseconds
//! status FILE CODE     it is answered with this status
//! go                   what has halted, and will, goes on
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
