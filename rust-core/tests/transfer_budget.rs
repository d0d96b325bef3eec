//! `modelsBudgetBytes` for files whose length is unknown until their server reports it.

mod seeded;
mod transfer_common;
mod transfer_server;

use llama_rs_core::error::ErrorCode;
use llama_rs_core::store::{Fetcher, HuggingFace, Store, StoreOptions};
use transfer_common::{content, fetch_by, folder, impatient, network, wanted};
use transfer_server::{Act, Certificates, Protocol, Served, Server, put_repository};

const BUDGET: u64 = 1_000_000;

/// A store with a budget, and a server with files named after their lengths.
struct World {
    server: Server,
    fetcher: Fetcher,
    _folder: tempfile::TempDir,
}

impl World {
    async fn with(lengths: &[u64]) -> Self {
        let (server, folder) = (Server::start(Protocol::Http1).await, folder());
        for length in lengths {
            server.site.put(&path(*length), Served::new(content(*length)));
        }
        let options = StoreOptions { directory: folder.path().to_owned(), models_budget_bytes: Some(BUDGET) };
        let store = Store::open(options).expect("a folder");
        let fetcher = Fetcher::new(store, network(impatient(), Certificates::root()), HuggingFace::default());
        Self { server, fetcher, _folder: folder }
    }

    async fn bring(&self, length: u64) -> Result<(), ErrorCode> {
        let brought = fetch_by(&self.fetcher, wanted(&self.server.url(&path(length)))).await;
        brought.map(|bytes| assert_eq!(bytes, content(length))).map_err(|error| error.code)
    }

    /// Lengths of the complete models.
    fn whole(&self) -> Vec<u64> {
        let models = self.fetcher.store().list().expect("readable");
        let files = models.iter().filter(|model| model.is_complete).flat_map(|model| &model.files);
        let mut whole: Vec<_> = files.filter_map(|file| file.content.map(|(bytes, _)| bytes)).collect();
        whole.sort_unstable();
        whole
    }

    fn partial_bytes(&self) -> u64 {
        self.fetcher.store().disk_use().expect("measured").partial_bytes
    }
}

fn path(length: u64) -> String {
    format!("/{length}.gguf")
}

#[tokio::test]
async fn the_least_recently_used_makes_room_when_a_server_says_how_long_its_file_is() {
    let it = World::with(&[300_000, 400_000, 600_000]).await;
    for length in [300_000, 400_000, 600_000] {
        it.bring(length).await.expect("within the budget");
    }
    assert_eq!(it.whole(), [400_000, 600_000]);
}

#[tokio::test]
async fn a_file_beyond_the_budget_is_refused_before_its_bytes_and_nothing_goes_for_it() {
    let it = World::with(&[300_000, 1_000_001]).await;
    it.bring(300_000).await.expect("within the budget");
    assert_eq!(it.bring(1_000_001).await, Err(ErrorCode::DiskFull));
    assert_eq!(it.whole(), [300_000]);
    assert!(it.partial_bytes() < 100_000, "no more than what the transfer notes of itself");
    assert_eq!(it.server.site.seen().len(), 2, "another attempt would not help");
}

#[tokio::test]
async fn a_transfer_that_goes_on_needs_room_for_the_rest_alone() {
    let it = World::with(&[300_000, 700_000]).await;
    it.server.site.script(&path(700_000), [Act::BreakAfter(500_000)]);
    it.bring(300_000).await.expect("within the budget");
    it.bring(700_000).await.expect("both fit exactly");
    assert_eq!(it.server.site.seen().last().and_then(|seen| seen.from), Some(500_000));
    assert_eq!(it.whole(), [300_000, 700_000]);
}

#[tokio::test]
async fn what_has_come_needs_no_room_again_where_the_length_was_known_either() {
    let it = World::with(&[300_000]).await;
    let large = content(700_000);
    put_repository(&it.server, &it.server, "org/chat", "c0ffee", &[("chat.gguf", &large, false)]);
    it.server
        .site
        .script("/org/chat/resolve/c0ffee/chat.gguf", [Act::BreakAfter(500_000), Act::Status(404, Vec::new())]);
    it.fetcher.set_hub(HuggingFace::new(&it.server.url("/"), it.fetcher.network()).expect("an address"));
    it.bring(300_000).await.expect("within the budget");
    let hub = || wanted("hf:org/chat/chat.gguf");
    fetch_by(&it.fetcher, hub()).await.expect_err("it is gone in the middle");
    fetch_by(&it.fetcher, hub()).await.expect("both fit exactly");
    assert_eq!(it.whole(), [300_000, 700_000]);
}
