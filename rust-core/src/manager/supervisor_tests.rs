//! The manager as a host sees it: commands in, events out, on a scripted model. Races are made by gates in the script.

mod host;
mod lifetime;
mod memory;
mod parking;
mod random;
mod scopes;
mod turns;
