//! Downloads interrupted by the network, by their callers, or by changes of the file. The arriving file is always
//! correct, and at most one block of good bytes is fetched twice.

mod seeded;
mod transfer_common;
mod transfer_server;

use llama_rs_core::error::ErrorCode;
use llama_rs_core::store::{Digest, DownloadRequest, NetworkOptions, Phase, RetryPolicy};
use seeded::Random;
use transfer_common::{
    content, expecting, fetch, fetch_by, fetcher, folder, folder_in_memory, impatient, stored, wanted,
};
use transfer_server::{Act, Cut, How, Protocol, Served, Server};

const PROTOCOLS: [Protocol; 3] = [Protocol::Plain, Protocol::Http1, Protocol::Http2];
const BLOCK: u64 = 1 << 20;
/// Overhead of a connection: handshake, headers, and the frames of TLS and HTTP/2.
const OVERHEAD: u64 = 16 << 10;

/// Enough attempts for any number of cuts.
fn persistent() -> NetworkOptions {
    let options = impatient();
    NetworkOptions { retry_policy: RetryPolicy { attempts: 100, ..options.retry_policy.clone() }, ..options }
}

#[tokio::test]
async fn five_hundred_cuts_anywhere_cost_less_than_a_block_each() {
    let mut most = 0;
    for seed in 0..500 {
        let mut random = Random(seed);
        let mut below = |end: u64| random.below(end as usize) as u64;
        let protocol = PROTOCOLS[below(3) as usize];
        let most_bytes = [1_000, 100_000, 3 << 20][below(3) as usize];
        let length = 1 + below(most_bytes);
        let server = Server::start(protocol).await;
        server.site.put("/a.gguf", Served::new(content(length)));
        // In the handshake and the headers, in the body, or in its last bytes.
        let after = match below(4) {
            0 => below(6_000),
            1 => (length + below(OVERHEAD)).saturating_sub(below(3_000)),
            _ => below(length + 4_000),
        };
        let how = if below(2) == 0 { How::End } else { How::Reset };
        server.cut([Cut { after, how }]);
        let folder = folder_in_memory();
        let fetcher = fetcher(folder.path(), persistent());
        let file = if below(2) == 0 {
            expecting(&server.url("/a.gguf"), &content(length))
        } else {
            wanted(&server.url("/a.gguf"))
        };
        let came = fetch_by(&fetcher, file).await.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert!(came == content(length), "seed {seed}");
        let connections = 2;
        let twice = server.bytes_on_the_wire().saturating_sub(length + length / 50 + connections * OVERHEAD);
        // A reset connection loses the bytes in flight.
        let on_its_way = if how == How::Reset { 3 * BLOCK } else { 0 };
        assert!(twice <= BLOCK + on_its_way, "seed {seed}, {protocol:?}, {how:?}: {twice} bytes more than needed");
        if how == How::End {
            most = most.max(twice);
        }
    }
    assert!(most < 64 << 10, "{most} bytes were fetched twice after one cut");
}

#[tokio::test]
async fn many_cuts_in_one_file_are_borne() {
    for protocol in PROTOCOLS {
        let length = 8 << 20;
        let server = Server::start(protocol).await;
        server.site.put("/a.gguf", Served::new(content(length)));
        let mut random = Random(7);
        server.cut((0..40).map(|_| Cut { after: random.below(300_000) as u64, how: How::End }));
        let folder = folder();
        let fetcher = fetcher(folder.path(), persistent());
        let file = expecting(&server.url("/a.gguf"), &content(length));
        assert!(fetch_by(&fetcher, file).await == Ok(content(length)));
        let from: Vec<u64> = server.site.seen().iter().filter_map(|seen| seen.from).collect();
        assert!(from.is_sorted() && from.len() > 10, "{from:?}");
        assert!(server.bytes_on_the_wire() < length + length / 50 + 41 * 2 * OVERHEAD);
    }
}

#[tokio::test]
async fn a_connection_that_is_lost_for_good_is_told_and_the_next_try_goes_on() {
    for protocol in PROTOCOLS {
        let server = Server::start(protocol).await;
        server.site.put("/a.gguf", Served::new(content(300_000)));
        let folder = folder();
        server.site.script("/a.gguf", vec![Act::BreakAfter(50_000); 5]);
        let error = fetch(folder.path(), wanted(&server.url("/a.gguf"))).await.expect_err("five times lost");
        assert_eq!(error.code, ErrorCode::ConnectionLost, "{error}");
        assert!(fetch(folder.path(), wanted(&server.url("/a.gguf"))).await == Ok(content(300_000)));
        let seen = server.site.seen();
        let last = seen.last().expect("asked");
        // An HTTP/2 reset may overtake bytes sent before it.
        assert!(last.from.is_some_and(|from| from > 100_000 && from <= 250_000), "{protocol:?} {:?}", last.from);
        assert_eq!(last.if_range.as_deref(), Some("\"1\""));
    }
}

/// Interrupts a download, then serves another file at the same address.
async fn changed_in_between(before: Served, after: Served, sha256: Option<Digest>) -> (Vec<Option<u64>>, Vec<u8>) {
    let server = Server::start(Protocol::Http1).await;
    server.site.put("/a.gguf", before);
    server.site.script("/a.gguf", vec![Act::BreakAfter(100_000); 5]);
    let folder = folder();
    let file = || DownloadRequest { sha256, ..wanted(&server.url("/a.gguf")) };
    // Five breaks at the same place, so that only the first attempt makes progress.
    fetch(folder.path(), file()).await.expect_err("interrupted");
    let asked = server.site.seen().len();
    server.site.put("/a.gguf", after);
    let came = fetch(folder.path(), file()).await.expect("the file as it is now");
    (server.site.seen()[asked..].iter().map(|seen| seen.from).collect(), came)
}

#[tokio::test]
async fn a_file_that_changed_begins_anew() {
    let (old, new) = (content(2_000_000), content(2_000_001));
    let with =
        |content: &[u8], etag: Option<&str>| Served { etag: etag.map(str::to_owned), ..Served::new(content.to_vec()) };
    // Another ETag: the server itself sends the whole file.
    let (from, came) = changed_in_between(with(&old, Some("\"1\"")), with(&new, Some("\"2\"")), None).await;
    assert!(came == new && from == [Some(500_000)], "{from:?}");
    // The same ETag by mistake, and another length.
    let (from, came) = changed_in_between(with(&old, Some("\"1\"")), with(&new, Some("\"1\"")), None).await;
    assert!(came == new && from == [Some(500_000), None], "{from:?}");
    // The new file is shorter than what has arrived.
    let short = content(400_000);
    let (from, came) = changed_in_between(with(&old, Some("\"1\"")), with(&short, Some("\"1\"")), None).await;
    assert!(came == short && from == [Some(500_000), None], "{from:?}");
    // A weak ETag, or none, would not reveal a change.
    for etag in [None, Some("W/\"1\"")] {
        let (from, came) = changed_in_between(with(&old, etag), with(&new, etag), None).await;
        assert!(came == new && from == [None], "{from:?}");
    }
}

#[tokio::test]
async fn a_file_that_is_known_by_its_digest_needs_no_etag() {
    let old = content(2_000_000);
    let served = Served { etag: None, ..Served::new(old.clone()) };
    let (from, came) = changed_in_between(served.clone(), served, Some(Digest::of(&old))).await;
    assert!(came == old && from == [Some(500_000)], "{from:?}");
}

#[tokio::test]
async fn a_server_without_ranges_sends_all_of_it_again() {
    for protocol in PROTOCOLS {
        let server = Server::start(protocol).await;
        server.site.put("/a.gguf", Served::new(content(300_000)));
        server.site.script("/a.gguf", [Act::BreakAfter(100_000), Act::Whole]);
        assert!(
            fetch(folder().path(), expecting(&server.url("/a.gguf"), &content(300_000))).await == Ok(content(300_000))
        );
        assert_eq!(server.site.seen().len(), 2);
    }
}

#[tokio::test]
async fn a_range_that_was_not_asked_for_is_refused() {
    for range in
        ["bytes 0-299999/300000", "bytes 99999-299999/300000", "bytes 100000-300000/300000", "bytes 7-3/9", "none"]
    {
        let server = Server::start(Protocol::Http1).await;
        server.site.put("/a.gguf", Served::new(content(300_000)));
        server.site.script("/a.gguf", [Act::BreakAfter(100_000), Act::OtherRange(range.into())]);
        let error = fetch(folder().path(), wanted(&server.url("/a.gguf"))).await.expect_err("another part");
        assert_eq!(error.code, ErrorCode::ResponseInvalid, "{range}: {error}");
    }
}

#[tokio::test]
async fn a_file_that_changes_each_time_is_given_up() {
    let server = Server::start(Protocol::Http1).await;
    server.site.put("/a.gguf", Served::new(content(300_000)));
    let other = || Act::OtherRange("bytes 100000-299999/300001".into());
    server.site.script("/a.gguf", (0..8).flat_map(|_| [Act::BreakAfter(100_000), other()]));
    let folder = folder();
    let fetcher = fetcher(folder.path(), persistent());
    let error = fetcher.fetch(wanted(&server.url("/a.gguf"))).finished().await.expect_err("it never ends");
    assert!(error.code == ErrorCode::ResponseInvalid && error.detail.contains("changed"), "{error}");
}

#[tokio::test]
async fn a_damaged_block_is_fetched_again_and_no_other() {
    let length = 5 * BLOCK;
    let server = Server::start(Protocol::Http1).await;
    server.site.put("/a.gguf", Served::new(content(length)));
    server.site.script("/a.gguf", vec![Act::BreakAfter(900_000); 5]);
    let folder = folder();
    let file = || wanted(&server.url("/a.gguf"));
    let fetcher = fetcher(folder.path(), impatient());
    fetcher.fetch(file()).finished().await.expect_err("interrupted");
    let partial = std::fs::read_dir(folder.path().join("partial")).expect("it is there");
    let data =
        partial.map(|entry| entry.expect("readable").path().join("data")).find(|data| data.is_file()).expect("data");
    let mut bytes = std::fs::read(&data).expect("readable");
    bytes[3_000_000] ^= 1;
    std::fs::write(&data, &bytes).expect("writable");
    assert!(fetch(folder.path(), file()).await == Ok(content(length)));
    let from = server.site.seen().last().and_then(|seen| seen.from).expect("a range");
    assert!(from <= 3_000_000 && from > 3_000_000 - BLOCK, "{from}");
}

#[tokio::test]
async fn two_callers_join_one_transfer_and_it_stops_when_the_last_one_leaves() {
    for protocol in PROTOCOLS {
        let server = Server::start(protocol).await;
        server.site.put("/a.gguf", Served::new(content(3 << 20)));
        server.site.script("/a.gguf", [Act::HaltAfter(2 << 20)]);
        let folder = folder();
        let fetcher = fetcher(folder.path(), impatient());
        let file = || expecting(&server.url("/a.gguf"), &content(3 << 20));
        let (mut one, two) = (fetcher.fetch(file()), fetcher.fetch(file()));
        while one.progress().bytes < 2 << 20 {
            one.next_progress().await.expect("it runs");
        }
        // One caller leaves; the other's transfer goes on.
        drop(two);
        let three = fetcher.fetch(file());
        assert_eq!(three.progress().bytes, 2 << 20);
        assert_eq!(server.site.seen().len(), 1);
        let removed = fetcher.store().remove(&file().name);
        assert_eq!(removed.map_err(|error| error.code), Err(ErrorCode::ModelInUse));
        // The last caller leaves, and a new one comes before the transfer has ended.
        drop(one);
        three.pause();
        drop(three);
        let mut four = fetcher.fetch(file());
        four.finished().await.expect("it goes on");
        assert!(stored(fetcher.store(), &file().name) == Ok(content(3 << 20)));
        let seen = server.site.seen();
        assert_eq!((seen.len(), seen[1].from), (2, Some(2 << 20)));
        // The model is stored now, so the server is asked nothing.
        assert_eq!(fetcher.fetch(file()).finished().await, Ok(()));
        assert_eq!(server.site.seen().len(), 2);
    }
}

#[tokio::test]
async fn all_who_joined_hear_of_one_failure() {
    let server = Server::start(Protocol::Http2).await;
    let folder = folder();
    let fetcher = fetcher(folder.path(), impatient());
    let (mut one, mut two) =
        (fetcher.fetch(wanted(&server.url("/none.gguf"))), fetcher.fetch(wanted(&server.url("/none.gguf"))));
    let error = one.finished().await.expect_err("there is none");
    assert_eq!(two.finished().await, Err(error));
    assert_eq!(server.site.seen().len(), 1);
    // A request after a failure starts again.
    server.site.put("/none.gguf", Served::new(content(1_000)));
    assert!(fetcher.fetch(wanted(&server.url("/none.gguf"))).finished().await.is_ok());
}

#[tokio::test]
async fn a_paused_transfer_asks_for_nothing_and_goes_on_where_it_was() {
    for protocol in PROTOCOLS {
        let server = Server::start(protocol).await;
        server.site.put("/a.gguf", Served::new(content(3 << 20)));
        server.site.script("/a.gguf", [Act::HaltAfter(1_500_000), Act::HaltAfter(1_000_000)]);
        let folder = folder();
        let fetcher = fetcher(folder.path(), impatient());
        let mut joined = fetcher.fetch(expecting(&server.url("/a.gguf"), &content(3 << 20)));
        while joined.progress().bytes < 1_500_000 {
            joined.next_progress().await.expect("it runs");
        }
        joined.pause();
        while joined.progress().phase != Phase::Paused {
            joined.next_progress().await.expect("it runs");
        }
        // Suspended as well: the transfer resumes only when both are over.
        fetcher.suspend();
        joined.resume();
        joined.pause();
        fetcher.resume();
        assert_eq!((joined.progress().phase, server.site.seen().len()), (Phase::Paused, 1));
        joined.resume();
        while joined.progress().bytes < 2_500_000 {
            joined.next_progress().await.expect("it runs");
        }
        // The process is suspended, and no caller has paused.
        fetcher.suspend();
        while joined.progress().phase != Phase::Paused {
            joined.next_progress().await.expect("it runs");
        }
        fetcher.resume();
        joined.finished().await.expect("it goes on");
        let from: Vec<_> = server.site.seen().iter().map(|seen| seen.from).collect();
        assert_eq!(from, [None, Some(1_500_000), Some(2_500_000)]);
    }
}

#[tokio::test]
async fn what_has_come_goes_on_request() {
    let server = Server::start(Protocol::Http1).await;
    server.site.put("/a.gguf", Served::new(content(300_000)));
    server.site.script("/a.gguf", vec![Act::BreakAfter(50_000); 5]);
    let folder = folder();
    let fetcher = fetcher(folder.path(), impatient());
    let file = || wanted(&server.url("/a.gguf"));
    fetcher.fetch(file()).finished().await.expect_err("interrupted");
    fetcher.store().remove(&file().name).expect("nobody waits for it");
    fetcher.fetch(file()).finished().await.expect("it comes");
    assert_eq!(server.site.seen().last().map(|seen| seen.from), Some(None));
}

#[tokio::test]
async fn progress_comes_ten_times_a_second_at_most_and_ends_with_the_file() {
    let length = 40 << 20;
    let server = Server::start(Protocol::Http1).await;
    server.site.put("/a.gguf", Served::new(content(length)));
    let folder = folder();
    let fetcher = fetcher(folder.path(), impatient());
    let before = std::time::Instant::now();
    let mut joined = fetcher.fetch(expecting(&server.url("/a.gguf"), &content(length)));
    let mut events = Vec::new();
    while let Some(progress) = joined.next_progress().await {
        events.push(progress);
    }
    let tenths = before.elapsed().as_millis() as usize / 100;
    assert!(events.len() <= tenths + 1, "{} events in {tenths} tenths of a second", events.len());
    assert!(events.is_sorted_by_key(|progress| progress.bytes));
    let last = events.last().expect("at least one");
    assert_eq!((last.phase, last.bytes, last.total_bytes), (Phase::Verifying, length, Some(length)));
    joined.finished().await.expect("it came");
}

#[tokio::test]
async fn a_wait_for_the_next_attempt_is_told() {
    let server = Server::start(Protocol::Http1).await;
    server.site.put("/a.gguf", Served::new(content(1_000)));
    server.site.script("/a.gguf", [Act::Status(503, vec![("retry-after", "1".into())])]);
    let folder = folder();
    let fetcher = fetcher(folder.path(), impatient());
    let mut joined = fetcher.fetch(wanted(&server.url("/a.gguf")));
    loop {
        let progress = joined.next_progress().await.expect("it waits");
        if let Phase::Waiting { code, wait_ms } = progress.phase {
            assert_eq!((code, wait_ms), (ErrorCode::HttpStatus, 1_000));
            break;
        }
    }
    joined.finished().await.expect("it came");
}

#[tokio::test]
async fn two_stores_on_one_folder_fetch_a_file_once() {
    let server = Server::start(Protocol::Http1).await;
    server.site.put("/a.gguf", Served::new(content(300_000)));
    server.site.script("/a.gguf", [Act::HaltAfter(100_000)]);
    let folder = folder();
    let (one, other) = (fetcher(folder.path(), impatient()), fetcher(folder.path(), impatient()));
    let file = || expecting(&server.url("/a.gguf"), &content(300_000));
    let mut first = one.fetch(file());
    server.site.has_seen(1).await;
    let mut second = other.fetch(file());
    server.site.go_on();
    let (first, second) = tokio::join!(first.finished(), second.finished());
    assert_eq!((first.is_ok(), first == second, server.site.seen().len()), (true, true, 1));
}
