use std::time::{Duration, Instant};

use super::*;
use crate::engine::Devices;
use crate::error::ErrorCode;
use crate::protocol::{
    Event, FinishReason, GenerationPhase, GenerationState, Logprob, Outcome, Timings, TokenLogprob, Usage,
};

const NOW: Duration = Duration::ZERO;
const SOON: Duration = Duration::from_secs(5);

fn queued(id: &str) -> Event {
    let generation = GenerationState {
        id: id.into(),
        scope: "s".into(),
        model: "m".into(),
        phase: GenerationPhase::Queued,
        text: String::new(),
        reasoning: String::new(),
        tool_calls: vec![],
        logprobs: vec![],
    };
    Event::GenerationQueued { generation }
}

fn finished(id: &str) -> Event {
    let outcome =
        Outcome { reason: FinishReason::Stop, error: None, usage: Usage::default(), timings: Timings::default() };
    Event::PhaseChanged { generation_id: id.into(), phase: GenerationPhase::Finished { outcome } }
}

fn events(pull: Pull) -> Vec<(u64, Event)> {
    match pull {
        Pull::Batch(batch) => batch.events.into_iter().map(|numbered| (numbered.seq, numbered.event)).collect(),
        other => panic!("wanted a batch, got {other:?}"),
    }
}

fn delta(id: &str, offset: u32, text: &str) -> Event {
    Event::TextDelta { generation_id: id.into(), offset, text: text.into() }
}

#[test]
fn every_client_numbers_its_own_events_without_a_gap() {
    let bus = Bus::new(Devices::default());
    let first = bus.connect();
    bus.publish(queued("a"));
    let second = bus.connect();
    bus.publish(finished("a"));

    assert_eq!(events(bus.pull(first, SOON)), [(1, queued("a")), (2, finished("a"))]);
    assert_eq!(events(bus.pull(second, SOON)), [(1, finished("a"))]);
    assert_eq!(bus.snapshot(second).seq, 1);
    assert_ne!(bus.snapshot(first).epoch, bus.snapshot(second).epoch);
}

#[test]
fn waiting_texts_of_one_generation_are_joined_across_those_of_others() {
    let bus = Bus::new(Devices::default());
    let client = bus.connect();
    bus.publish(queued("a"));
    bus.publish(queued("b"));
    let (a, b) = (bus.sink("a".into()), bus.sink("b".into()));
    a.text("1");
    b.text("x");
    a.text("2");
    b.text("y");

    let got = events(bus.pull(client, SOON));
    assert_eq!(got[2..], [(3, delta("a", 0, "12")), (4, delta("b", 0, "xy"))]);
}

#[test]
fn text_after_a_snapshot_is_never_joined_to_text_that_the_snapshot_holds() {
    let bus = Bus::new(Devices::default());
    let client = bus.connect();
    bus.publish(queued("a"));
    let sink = bus.sink("a".into());
    sink.text("in the snapshot");
    let snapshot = bus.snapshot(client);
    sink.text(" after");

    assert_eq!(snapshot.generations[0].text, "in the snapshot");
    let later: Vec<_> = events(bus.pull(client, SOON)).into_iter().filter(|(seq, _)| *seq > snapshot.seq).collect();
    assert_eq!(later, [(3, delta("a", 15, " after"))]);
}

#[test]
fn offsets_and_replays_count_utf_16_code_units() {
    let bus = Bus::new(Devices::default());
    let client = bus.connect();
    bus.publish(queued("a"));
    let sink = bus.sink("a".into());
    sink.text("a😀");
    bus.snapshot(client);
    sink.text("é!");

    assert_eq!(events(bus.pull(client, SOON))[2], (3, delta("a", 3, "é!")));
    assert_eq!(bus.replay("a", 3).as_deref(), Ok("é!"));
    assert_eq!(bus.replay("a", 0).as_deref(), Ok("a😀é!"));
    assert_eq!(bus.replay("a", 99).as_deref(), Ok(""));
    assert_eq!(bus.replay("b", 0).map_err(|error| error.code), Err(ErrorCode::GenerationNotFound));
}

#[test]
fn calls_that_were_cut_short_are_taken_out_and_those_behind_them_move_up() {
    let bus = Bus::new(Devices::default());
    let client = bus.connect();
    bus.publish(queued("a"));
    let sink = bus.sink("a".into());
    for (index, arguments) in ["{\"x\":", "{}", "[1]", "{\"y\": 1}"].into_iter().enumerate() {
        sink.tool_call(index, &format!("c{index}"), "look", arguments);
    }
    events(bus.pull(client, SOON));
    bus.drop_cut_calls("a");

    let dropped = |index| Event::ToolCallDropped { generation_id: "a".into(), index };
    assert_eq!(events(bus.pull(client, SOON)), [(6, dropped(2)), (7, dropped(0))]);
    let left = bus.snapshot(client).generations.remove(0).tool_calls;
    assert_eq!(left.iter().map(|call| call.id.as_str()).collect::<Vec<_>>(), ["c1", "c3"]);
    sink.tool_call(1, "c3", "look", " ");
    assert!(matches!(events(bus.pull(client, SOON))[0].1, Event::ToolCallDelta { offset: 8, .. }));
}

#[test]
fn a_second_batch_waits_for_the_frame_to_end() {
    let bus = Bus::new(Devices::default());
    let client = bus.connect();
    bus.publish(queued("a"));
    let started = Instant::now();
    events(bus.pull(client, SOON));
    bus.publish(queued("b"));
    events(bus.pull(client, SOON));
    assert!(started.elapsed() >= queue::BATCH_INTERVAL);
}

#[test]
fn a_pull_ends_by_timeout_and_by_close() {
    let bus = Bus::new(Devices::default());
    let client = bus.connect();
    assert_eq!(bus.pull(client, NOW), Pull::TimedOut);

    let pulling = std::thread::spawn({
        let bus = bus.clone();
        move || bus.pull(client, Duration::MAX / 1_000_000)
    });
    bus.disconnect(client);
    assert_eq!(pulling.join().expect("the pull does not panic"), Pull::Closed);
    bus.reply(client, Event::Done { request_id: "nobody hears this".into() });
    assert_eq!(bus.snapshot(client).models, []);
}

#[test]
fn a_client_that_never_pulls_loses_state_events_but_no_answer() {
    let bus = Bus::new(Devices::default());
    let client = bus.connect();
    bus.reply(client, Event::Done { request_id: "r".into() });
    for index in 0..5000 {
        bus.publish(queued(&index.to_string()));
        bus.publish(finished(&index.to_string()));
    }
    let got = events(bus.pull(client, SOON));
    assert_eq!(got[0], (1, Event::Done { request_id: "r".into() }));
    assert!(got.len() < 5000, "{}", got.len());
    assert!(got.windows(2).any(|pair| pair[1].0 > pair[0].0 + 1), "a gap tells the client to reread the snapshot");
    assert_eq!(got.last().map(|(seq, _)| *seq), Some(bus.snapshot(client).seq));
}

#[test]
fn log_probabilities_are_joined_apart_from_their_text() {
    let bus = Bus::new(Devices::default());
    let client = bus.connect();
    let sink = bus.sink("a".into());
    let logprob = |token| TokenLogprob { chosen: Logprob { token, text: "x".into(), logprob: -1.0 }, top: vec![] };
    sink.logprob(logprob(0));
    assert!(matches!(bus.pull(client, Duration::ZERO), Pull::TimedOut), "of a generation that nobody knows");
    bus.publish(queued("a"));
    for (token, text) in [(1, "one"), (2, " two"), (3, " three")] {
        sink.logprob(logprob(token));
        sink.text(text);
    }
    let generation_id = "a".to_owned();
    assert_eq!(
        events(bus.pull(client, SOON)),
        [
            (1, queued("a")),
            (
                2,
                Event::LogprobsDelta {
                    generation_id: generation_id.clone(),
                    offset: 0,
                    logprobs: [1, 2, 3].map(logprob).to_vec()
                }
            ),
            (3, Event::TextDelta { generation_id: generation_id.clone(), offset: 0, text: "one two three".into() }),
        ]
    );
    sink.logprob(logprob(4));
    let next = Event::LogprobsDelta { generation_id, offset: 3, logprobs: vec![logprob(4)] };
    assert_eq!(events(bus.pull(client, SOON)), [(4, next)]);
    assert_eq!(bus.snapshot(client).generations[0].logprobs, [1, 2, 3, 4].map(logprob));
}

#[test]
fn the_last_sixteen_finished_generations_stay_visible() {
    let bus = Bus::new(Devices::default());
    let client = bus.connect();
    bus.publish(queued("running"));
    for index in 0..20 {
        bus.publish(queued(&index.to_string()));
        bus.publish(finished(&index.to_string()));
    }
    let ids: Vec<_> = bus.snapshot(client).generations.into_iter().map(|generation| generation.id).collect();
    assert_eq!(ids.len(), 17);
    assert_eq!(ids[..2], ["running", "4"]);
}

#[test]
fn a_pull_may_wait_for_ever() {
    let bus = Bus::new(Devices::default());
    let client = bus.connect();
    bus.publish(queued("a"));
    assert_eq!(events(bus.pull(client, Duration::MAX)), [(1, queued("a"))]);
}
