//! The loop of a model that holds conversations: continuous batching over scopes.

mod admit;
mod common_prefix;
mod decode;
mod finish;
mod prefill;
mod prefill_ahead;
mod prefix_reuse;
mod prefix_source;
mod running_prefill;
mod scheduler;
mod slots;
mod stream;
mod swap;

pub(super) use self::scheduler::Scheduler;
