//! The numbers of a command, by their path in its JSON, with their ranges. They are checked before serde parses the
//! command: serde's errors for `-1`, `1.5` or `"1"` name neither the field nor the range. serde also takes `null`,
//! which JSON makes of `NaN` and `Infinity`, for a field that was left out.

use serde::Serialize;
use serde_json::Value;

use super::config::out_of_range;
use crate::error::Result;

/// The largest integer that a JavaScript number holds exactly.
const MAX_SAFE: i64 = (1 << 53) - 1;
const MAX_U32: i64 = u32::MAX as i64;
const MAX_I32: i64 = i32::MAX as i64;

#[derive(Debug, Clone, Copy)]
pub(super) enum Range {
    Whole(i64, i64),
    /// `null` has a meaning of its own.
    WholeOrNull(i64, i64),
    Real(f32, f32),
    /// Above 0, up to this.
    Positive(f32),
}

use Range::{Positive, Real, Whole, WholeOrNull};

/// Ranges by path; `[]` stands for every element of a list.
pub(super) const NUMBERS: &[(&str, Range)] = &[
    ("model.contextSize", Whole(16, 16_777_216)),
    ("model.maxResident", Whole(1, 256)),
    ("model.kvBudgetBytes", Whole(1, MAX_SAFE)),
    ("model.parkedBudgetBytes", Whole(0, MAX_SAFE)),
    ("model.threads", Whole(1, 512)),
    ("model.keepAliveMs", WholeOrNull(0, MAX_SAFE)),
    ("options.temperature", Real(0.0, 10.0)),
    ("options.topK", Whole(0, MAX_I32)),
    ("options.topP", Real(0.0, 1.0)),
    ("options.minP", Real(0.0, 1.0)),
    ("options.typicalP", Real(0.0, 1.0)),
    ("options.topNSigma", Real(0.0, 100.0)),
    ("options.xtcProbability", Real(0.0, 1.0)),
    ("options.xtcThreshold", Real(0.0, 1.0)),
    ("options.dryMultiplier", Real(0.0, 10.0)),
    ("options.dryBase", Real(1.0, 10.0)),
    ("options.dryAllowedLength", Whole(0, 1024)),
    ("options.dryPenaltyWindow", Whole(0, 4096)),
    ("options.mirostat", Whole(1, 2)),
    ("options.mirostatTau", Real(0.0, 100.0)),
    ("options.mirostatEta", Real(0.0, 1.0)),
    ("options.repeatPenalty", Positive(10.0)),
    ("options.frequencyPenalty", Real(-2.0, 2.0)),
    ("options.presencePenalty", Real(-2.0, 2.0)),
    ("options.penaltyWindow", Whole(0, 4096)),
    ("options.logitBias[].token", Whole(0, MAX_I32)),
    ("options.logitBias[].bias", Real(-100.0, 100.0)),
    ("options.seed", Whole(0, MAX_U32)),
    ("options.maxOutputTokens", Whole(1, MAX_I32)),
    ("options.logprobs", Whole(0, 20)),
    ("options.reasoningBudgetTokens", Whole(0, MAX_I32)),
    ("tokens[]", Whole(0, MAX_I32)),
    ("messageCount", Whole(0, MAX_U32)),
    ("messageIndex", Whole(0, MAX_U32)),
    ("offset", Whole(0, MAX_U32)),
    ("deadlineMs", Whole(0, MAX_U32)),
    ("memoryBudgetBytes", Whole(1, MAX_SAFE)),
    ("savedBudgetBytes", Whole(0, MAX_SAFE)),
    ("modelsBudgetBytes", Whole(0, MAX_SAFE)),
    ("resident.sizeBytes", Whole(0, MAX_SAFE)),
    ("promptTokens", Whole(0, 65_536)),
    ("generatedTokens", Whole(0, 65_536)),
    ("repetitions", Whole(1, 100)),
];

/// Checks a command's numbers; the error names the field and its range. serde checks all other fields.
pub(super) fn check_numbers(command: &Value) -> Result<()> {
    for (place, range) in NUMBERS {
        for value in at(command, place) {
            if !range.holds(value) {
                return Err(out_of_range(place, &format!("{}, got {}", range.in_words(value), shown(value))));
            }
        }
    }
    Ok(())
}

/// Checks the numbers in a part of a command that is a Rust value already.
pub(super) fn check_numbers_of(field: &str, part: &impl Serialize) -> Result<()> {
    let part = serde_json::to_value(part).expect("plain data with string keys");
    check_numbers(&Value::from_iter([(field, part)]))
}

fn at<'a>(command: &'a Value, place: &str) -> Vec<&'a Value> {
    place.split('.').fold(vec![command], |found, part| {
        let name = part.trim_end_matches("[]");
        let fields = found.into_iter().filter_map(|value| value.get(name));
        if name == part { fields.collect() } else { fields.filter_map(Value::as_array).flatten().collect() }
    })
}

impl Range {
    fn holds(self, value: &Value) -> bool {
        let real = || value.as_f64().map(|value| value as f32);
        match self {
            WholeOrNull(..) if value.is_null() => true,
            Whole(least, most) | WholeOrNull(least, most) => {
                value.as_i64().is_some_and(|value| (least..=most).contains(&value))
            }
            Real(least, most) => real().is_some_and(|value| (least..=most).contains(&value)),
            Positive(most) => real().is_some_and(|value| (f32::MIN_POSITIVE..=most).contains(&value)),
        }
    }

    fn in_words(self, refused: &Value) -> String {
        match self {
            Whole(least, most) | WholeOrNull(least, most) if refused.is_f64() => {
                format!("whole numbers, {least} to {most}")
            }
            Whole(least, most) | WholeOrNull(least, most) => format!("{least} to {most}"),
            Real(least, most) => format!("{least} to {most}"),
            Positive(most) => format!("more than 0, at most {most}"),
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null, which JSON makes of NaN and Infinity".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(_) => "a string".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::ErrorCode;
    use crate::protocol::Envelope;

    fn commands() -> Vec<Value> {
        let fixture = include_str!("../../../fixtures/contract/commands.json");
        let commands: Vec<Value> = serde_json::from_str(fixture).expect("a list");
        commands.into_iter().map(|named| named["command"].clone()).collect()
    }

    /// A command of the contract, with `value` in every place of that name.
    fn with(place: &str, value: &Value) -> Value {
        let mut command = commands()
            .into_iter()
            .find(|command| !at(command, place).is_empty())
            .expect("the contract has every number");
        let mut found = vec![&mut command];
        for part in place.split('.') {
            let name = part.trim_end_matches("[]");
            let fields = found.into_iter().map(|value| &mut value[name]);
            found = match name == part {
                true => fields.collect(),
                false => fields.flat_map(|list| list.as_array_mut().into_iter().flatten()).collect(),
            };
        }
        found.into_iter().for_each(|place| *place = value.clone());
        command
    }

    #[test]
    fn a_number_out_of_range_is_refused_by_name_and_range() {
        for (place, range) in NUMBERS {
            let (least, most) = match range {
                Whole(least, most) | WholeOrNull(least, most) => (*least as f64, *most as f64),
                Real(least, most) => (f64::from(*least), f64::from(*most)),
                Positive(most) => (0.0, f64::from(*most)),
            };
            let whole = |number: f64| json!(number as i64);
            let mut wrong = vec![json!("1"), json!(true), json!([1]), json!({}), json!(1e300), json!(-1e300)];
            wrong.extend([whole(least - 1.0), whole(most + 1.0)]);
            match range {
                Whole(..) => wrong.extend([json!(null), json!(least + 0.5), json!(u64::MAX)]),
                WholeOrNull(..) => wrong.extend([json!(least + 0.5), json!(u64::MAX)]),
                Real(..) => wrong.push(json!(null)),
                Positive(_) => wrong.extend([json!(null), json!(0), json!(1e-60)]),
            }
            for value in wrong {
                let refused = Envelope::parse(&with(place, &value).to_string()).expect_err("it is out of range").error;
                assert_eq!(refused.code, ErrorCode::InvalidOptions, "{place} = {value}: {}", refused.detail);
                let start = format!("{place} is out of range - use ");
                assert!(refused.detail.starts_with(&start), "{place} = {value}: {}", refused.detail);
                assert!(refused.detail.contains(&most.to_string()), "{place} = {value}: {}", refused.detail);
            }
            let right = if matches!(range, Positive(_)) { vec![most] } else { vec![least, most] };
            for value in right {
                let value = if matches!(range, Whole(..) | WholeOrNull(..)) { whole(value) } else { json!(value) };
                Envelope::parse(&with(place, &value).to_string())
                    .unwrap_or_else(|it| panic!("{place}: {:?}", it.error));
            }
        }
        Envelope::parse(&with("model.keepAliveMs", &Value::Null).to_string()).expect("null: never");
    }

    #[test]
    fn a_refusal_says_what_was_there() {
        for (place, value, words) in [
            ("options.seed", json!(-1), "use 0 to 4294967295, got -1"),
            ("options.seed", json!(1.5), "use whole numbers, 0 to 4294967295, got 1.5"),
            ("options.topP", json!(null), "use 0 to 1, got null, which JSON makes of NaN and Infinity"),
            ("options.topK", json!("40"), "use 0 to 2147483647, got a string"),
            ("options.repeatPenalty", json!(0), "use more than 0, at most 10, got 0"),
            ("options.logitBias[].bias", json!([]), "use -100 to 100, got a list"),
        ] {
            let refused = Envelope::parse(&with(place, &value).to_string()).expect_err("it is out of range").error;
            assert_eq!(refused.detail, format!("{place} is out of range - {words}"));
        }
    }

    #[test]
    fn every_number_of_the_contract_has_its_range() {
        fn places(value: &Value, place: &str, found: &mut Vec<String>) {
            match value {
                Value::Number(_) => found.push(place.to_owned()),
                Value::Array(list) => list.iter().for_each(|one| places(one, &format!("{place}[]"), found)),
                Value::Object(fields) => fields.iter().for_each(|(name, one)| {
                    // A schema describes a tool or an answer; its numbers are no options.
                    if !["parameters", "schema"].contains(&name.as_str()) {
                        places(one, format!("{place}.{name}").trim_start_matches('.'), found);
                    }
                }),
                Value::Null | Value::Bool(_) | Value::String(_) => {}
            }
        }
        let mut found = Vec::new();
        commands().iter().for_each(|command| places(command, "", &mut found));
        let unknown: Vec<_> = found.iter().filter(|place| NUMBERS.iter().all(|(known, _)| known != *place)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
