//! The seam to a sampler.

/// The sampling state of one generation: options, random state, the window that penalties look back on.
pub trait Sampler: Send {
    /// For the implementation behind `InferenceContext::sample`, which knows its own samplers.
    fn as_any_mut(&mut self) -> &mut dyn std::any::Any;
}
