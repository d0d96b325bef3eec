//! Every conversation: its transcript, its commands, and its end.

pub(super) mod commands;
pub(super) mod context_usage;
pub(super) mod disposal;
mod scope;
mod table;
mod unanswered_tool_calls;

pub(super) use scope::{Input, Kv, KvFile, Scope, Stamp, Undo, system_messages};
pub(super) use table::{ScopeTable, Transcript, no_scope};
