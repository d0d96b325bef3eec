//! A command with its request's id, parsed from JSON.

use serde::Serialize;
use ts_rs::TS;

use super::commands::Command;
use super::lone_surrogates::replace_lone_surrogates;
use super::numbers::check_numbers;
use crate::error::{Error, ErrorCode};

/// A command with the id that its answer carries.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// Made by the caller, unique in its client; the answer carries it.
    pub request_id: String,
    /// The command's fields, beside `requestId` in the same object.
    #[serde(flatten)]
    #[ts(flatten)]
    pub command: Command,
}

/// The refusal of a malformed command, with its `requestId` (empty if it had none).
#[derive(Debug)]
pub struct Malformed {
    /// The `requestId` of the refused command, so that the refusal reaches its caller.
    pub request_id: String,
    /// `invalidCommand` for the form, `invalidOptions` for a field out of range.
    pub error: Error,
}

impl Envelope {
    /// Parses and validates a command. The error keeps the `requestId`, so that the refusal reaches its caller. A lone
    /// surrogate in a text becomes U+FFFD, because a command that cannot be parsed cannot be answered either.
    pub fn parse(json: &str) -> std::result::Result<Self, Malformed> {
        let malformed = |request_id: &str, error: Error| Malformed { request_id: request_id.to_owned(), error };
        let invalid = |detail: String| Error::new(ErrorCode::InvalidCommand, detail);

        let mut value: serde_json::Value = serde_json::from_str(json)
            .or_else(|error| serde_json::from_str(&replace_lone_surrogates(json)).map_err(|_| error))
            .map_err(|error| malformed("", invalid(format!("the command is not JSON: {error}"))))?;
        let Some(fields) = value.as_object_mut() else {
            return Err(malformed("", invalid("the command is not a JSON object".into())));
        };
        let Some(serde_json::Value::String(request_id)) = fields.remove("requestId") else {
            return Err(malformed("", invalid("the command has no requestId of type string".into())));
        };
        check_numbers(&value).map_err(|error| malformed(&request_id, error))?;
        let command: Command =
            serde_json::from_value(value).map_err(|error| malformed(&request_id, invalid(error.to_string())))?;
        command.validate().map_err(|error| malformed(&request_id, error))?;
        Ok(Self { request_id, command })
    }
}
