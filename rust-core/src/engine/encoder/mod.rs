//! Embeddings: the queue of texts that any engine has, and the loop of a model that makes embeddings and nothing else.

mod embeddings;
mod encoder_loop;
mod no_prompts;
mod pooling;

pub(super) use self::embeddings::EmbeddingQueue;
pub(super) use self::encoder_loop::EncoderLoop;
pub(super) use self::no_prompts::NoPrompts;
