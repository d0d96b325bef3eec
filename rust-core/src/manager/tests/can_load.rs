//! `canLoad` says with numbers whether a model would fit, and makes no other request wait.

use serde_json::{Value, json};

use super::host::{Host, a, manager};
use crate::engine::scripted::{Needs, Point, Script};
use crate::error::ErrorCode;
use crate::protocol::{Event, FitVerdict, MemoryFit};

/// 1,000 bytes of weights, 10 of compute, 1 for each token of a slot.
const NEEDS: Needs = Needs { weights: 1_000, kv_per_token: 1, compute: 10 };

fn script(available: Option<u64>) -> Script {
    let script = Script::new();
    script.needs("a.gguf", NEEDS);
    if let Some(available) = available {
        script.has_memory(available);
    }
    script
}

impl Host {
    pub(super) fn fit(&mut self, model: Value) -> Result<MemoryFit, ErrorCode> {
        let asked = self.send(json!({ "type": "canLoad", "model": model }));
        self.until(|event| match event {
            Event::MemoryFit { request_id, fit } if *request_id == asked => Some(Ok(fit.clone())),
            Event::Failed { request_id, error } if *request_id == asked => Some(Err(error.code)),
            _ => None,
        })
    }

    /// Verdict, contextSize, maxResident, bytes of the estimate and available bytes.
    #[track_caller]
    fn verdict(&mut self, model: Value) -> (FitVerdict, u32, u32, u64, Option<u64>) {
        let fit = self.fit(model).expect("the file can be estimated");
        (fit.verdict, fit.estimate.context_size, fit.estimate.max_resident, fit.estimate.total(), fit.available_bytes)
    }
}

#[test]
fn each_verdict_comes_with_its_numbers() {
    use FitVerdict::{DoesNotFit, Fits, FitsSmaller};
    let model = json!({ "path": "a.gguf", "contextSize": 2048, "maxResident": 2 });
    for (available, expected) in [
        (None, (Fits, 2048, 2, 5_106, None)),
        (Some(5_106), (Fits, 2048, 2, 5_106, Some(5_106))),
        (Some(5_105), (FitsSmaller, 1792, 2, 4_594, Some(5_105))),
        (Some(2_033), (DoesNotFit, 2048, 2, 5_106, Some(2_033))),
    ] {
        let manager = manager(&script(available));
        assert_eq!(Host::on(&manager).verdict(model.clone()), expected);
    }
}

#[test]
fn an_automatic_max_resident_shrinks_before_the_context_does() {
    let manager = manager(&script(Some(9_202)));
    let chosen = Host::on(&manager).verdict(json!({ "path": "a.gguf" }));
    assert_eq!(chosen, (FitVerdict::FitsSmaller, 4096, 2, 9_202, Some(9_202)));
}

#[test]
fn a_model_that_fits_is_admitted_and_with_one_byte_less_it_is_not() {
    for (budget, admitted) in [(3_058, true), (3_057, false)] {
        let manager = manager(&script(Some(3_058)));
        let mut host = Host::on(&manager);
        let fit = host.fit(json!({ "path": "a.gguf" })).expect("the file can be estimated");
        assert_eq!((fit.verdict, fit.estimate.total()), (FitVerdict::FitsSmaller, 3_058));
        host.configure(budget);
        let model = json!({
            "path": "a.gguf", "contextSize": fit.estimate.context_size, "maxResident": fit.estimate.max_resident,
        });
        let acquired = host.acquire("l", model);
        assert_eq!(host.answer(&acquired).is_ok(), admitted);
    }
}

#[test]
fn the_budget_leaves_what_models_parked_scopes_and_residents_do_not_take() {
    let script = script(Some(100_000));
    script.needs("b.gguf", Needs { weights: 2_000, kv_per_token: 1, compute: 0 });
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.configure(20_000);
    assert_eq!(host.fit(a()).map(|fit| fit.available_bytes), Ok(Some(20_000)));

    let acquired = host.acquire("l", json!({ "path": "b.gguf", "contextSize": 1024, "maxResident": 1 }));
    host.done(&acquired);
    assert_eq!(host.fit(a()).map(|fit| fit.available_bytes), Ok(Some(20_000 - 3_024)));

    host.set_resident("speech", 500, true);
    assert_eq!(host.fit(a()).map(|fit| fit.available_bytes), Ok(Some(20_000 - 3_524)));

    for (generation, scope) in [("g1", "one"), ("g2", "another")] {
        host.say_with(generation, scope, "hi", json!({ "path": "b.gguf" }), json!({}));
        host.answered(generation);
    }
    let parked = host.parked_bytes("one");
    assert!(parked > 0);
    assert_eq!(host.fit(a()).map(|fit| fit.available_bytes), Ok(Some(20_000 - 3_524 - parked)));

    let unloaded = host.send(json!({ "type": "unload", "path": "b.gguf" }));
    host.done(&unloaded);
    assert_eq!(host.fit(a()).map(|fit| fit.available_bytes), Ok(Some(20_000 - 500)));
}

#[test]
fn a_loaded_model_fits_what_it_has_and_gives_it_back_for_more() {
    let script = script(Some(10_000));
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.configure(4_000);
    let acquired = host.acquire("l", json!({ "path": "a.gguf", "contextSize": 1024, "maxResident": 2 }));
    host.done(&acquired);
    script.has_memory(0);
    use FitVerdict::{DoesNotFit, Fits, FitsSmaller};
    let asked = |context, slots| json!({ "path": "a.gguf", "contextSize": context, "maxResident": slots });
    // A reload frees the model's KV and buffers first. The system counts its weights itself.
    assert_eq!(host.verdict(a()), (Fits, 1024, 2, 3_058, Some(2_058)));
    assert_eq!(host.verdict(asked(512, 1)), (Fits, 1024, 2, 3_058, Some(2_058)));
    assert_eq!(host.verdict(asked(2048, 1)), (FitsSmaller, 1024, 1, 2_034, Some(2_058)));
    assert_eq!(host.verdict(asked(2048, 3)), (DoesNotFit, 2048, 3, 7_154, Some(2_058)));
    // A reload frees the model's whole share of the budget.
    script.has_memory(10_000);
    assert_eq!(host.verdict(asked(2048, 2)), (FitsSmaller, 1280, 2, 3_570, Some(4_000)));
}

#[test]
fn a_file_that_cannot_be_estimated_fails_as_its_load_would() {
    let script = script(None);
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    for code in [ErrorCode::ModelNotFound, ErrorCode::ModelInvalid] {
        script.fail_estimate(code);
        assert_eq!(host.fit(a()), Err(code));
    }
    let malformed = host.fit(json!({ "path": "a.gguf", "contextSize": 1 }));
    assert_eq!(malformed, Err(ErrorCode::InvalidOptions));
    assert!(host.fit(a()).is_ok());
}

#[test]
fn a_load_does_not_need_an_estimate() {
    let script = script(None);
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.configure(1);
    script.fail_estimate(ErrorCode::ModelUnsupported);
    let acquired = host.acquire("l", a());
    host.done(&acquired);
}

#[test]
fn no_request_waits_while_a_file_is_read() {
    let script = script(Some(1_000_000));
    let reading = script.gate(Point::Estimate);
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let asked = host.send(json!({ "type": "canLoad", "model": a() }));
    reading.wait();
    let acquired = host.acquire("l", json!({ "path": "b.gguf" }));
    host.done(&acquired);
    reading.open();
    let verdict = host.until(|event| match event {
        Event::MemoryFit { request_id, fit } if *request_id == asked => Some(fit.verdict),
        _ => None,
    });
    assert_eq!(verdict, FitVerdict::Fits);
}
