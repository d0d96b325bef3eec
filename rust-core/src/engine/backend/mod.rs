//! The seam between scheduling and inference, as traits. `llama` implements them on llama.cpp, `scripted` on a script,
//! so that every policy is tested without C++. No file of the engine knows llama.cpp.

mod answer;
mod answer_format;
mod bench_context;
mod context;
mod encoder;
mod loader;
mod prompter;
mod row;
mod sampler;
mod tokenizer;

pub use self::answer::Answer;
pub use self::answer_format::{AnswerFormat, Format};
pub use self::bench_context::BenchContext;
pub use self::context::InferenceContext;
pub(crate) use self::encoder::text_size_for;
pub use self::encoder::{Attention, EMBEDDING_ROWS, EMBEDDING_TEXTS, EmbeddingContext, EmbeddingModel};
pub use self::loader::{Estimate, LoadProgress, Loaded, LoadedEncoder, LoadedModel, ModelLoader, OnLoad};
pub use self::prompter::{Prompt, Prompter};
pub use self::row::{DecodeError, Row, Sequence, Token};
pub use self::sampler::Sampler;
pub use self::tokenizer::Tokenizer;
#[cfg(any(test, feature = "llama"))]
pub(crate) use self::tokenizer::check_tokens;
