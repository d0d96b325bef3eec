//! The port for Node: jest, the demo, servers. Translates between JavaScript and `llama_rs_core::client`, and decides
//! one thing only: when a process or a worker thread ends, its ports close first and the engines stop after them.

// Allowed in `at_exit` only.
#![deny(unsafe_code)]

mod at_exit;
mod connection;
mod ending;
mod port;
