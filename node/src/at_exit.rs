//! Runs our end when the process exits, and keeps llama.cpp's static destructors from running at all.
//!
//! C++ registers the destructor of a static when the static is first used, and the C library runs the newest first: what
//! an engine makes static after our handler was registered would be freed before our handler can stop that engine (seen:
//! a crash in a compute thread). A process that ends needs none of it freed, and this library is never unloaded
//! (`build.rs`), so the linker sends these registrations to `ignore`. Apple's linker cannot; there the compiler leaves
//! them out (`scripts/env.sh`).

#![allow(unsafe_code)]

use crate::ending::end_process;

#[cfg(target_os = "linux")]
pub(crate) fn register() {
    extern "C" fn handle(_: *mut c_void) {
        end_process();
    }
    // No library: the handler runs at the exit of the process only.
    register_handler(handle, ptr::null_mut(), ptr::null_mut());
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn register() {
    extern "C" fn handle() {
        end_process();
    }
    atexit(handle);
}

#[cfg(target_os = "linux")]
use std::{
    ffi::{c_int, c_void},
    ptr,
};

#[cfg(target_os = "linux")]
type Handler = extern "C" fn(*mut c_void);

// SAFETY: the C++ ABI's signature; a handler may do what any function may.
#[cfg(target_os = "linux")]
unsafe extern "C" {
    #[link_name = "__real___cxa_atexit"]
    safe fn register_handler(handler: Handler, argument: *mut c_void, library: *mut c_void) -> c_int;
}

// SAFETY: the linker's name for calls of `__cxa_atexit` from inside this library; nothing else bears it.
#[cfg(target_os = "linux")]
#[unsafe(export_name = "__wrap___cxa_atexit")]
extern "C" fn ignore(_: Handler, _: *mut c_void, _: *mut c_void) -> c_int {
    0
}

// SAFETY: the C standard's signature; a handler may do what any function may.
#[cfg(not(target_os = "linux"))]
unsafe extern "C" {
    safe fn atexit(handler: extern "C" fn()) -> std::ffi::c_int;
}
