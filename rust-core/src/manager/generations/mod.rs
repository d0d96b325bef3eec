//! Generations, from request to end: `table` holds them, `start` and `rendering` prepare them, `finish` and `cancel`
//! end them. Also the prefills that run ahead of them.

pub(super) mod cancel;
pub(super) mod finish;
mod generation;
pub(super) mod prefill_ahead;
mod prefills;
mod prompt_fitting;
#[cfg(test)]
mod prompt_fitting_tests;
pub(super) mod rendering;
pub(super) mod start;
mod table;

pub(super) use prefills::Prefills;
pub(super) use table::Generations;
