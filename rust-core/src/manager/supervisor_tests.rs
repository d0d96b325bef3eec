//! The manager as a host sees it: commands in, events out, on a scripted model. Races are made by gates in the script.

mod browsing;
mod budget;
mod by_hand;
mod can_load;
mod downloads;
mod embedding;
mod encoding;
mod errands;
mod guessing;
mod heat;
mod host;
mod importing;
mod lifetime;
mod memory;
mod overflow;
mod parking;
mod phases;
mod races;
mod random;
mod residents;
mod saving;
mod scopes;
mod suspending;
mod trim;
mod turns;
mod web;
