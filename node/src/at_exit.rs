//! Runs our shutdown when the process exits, and keeps llama.cpp's static destructors from running.
//!
//! C++ registers a static's destructor when the static is first used, and the C library runs the newest destructors
//! first. So statics that an engine creates after our handler was registered would be freed before our handler stops
//! that engine, which has crashed compute threads. An ending process need not free them, and this library is never
//! unloaded (`build.rs`). So the linker redirects these registrations to `ignore`. Apple's linker cannot do that; there
//! the compiler leaves them out (`scripts/env.sh`).

#![allow(unsafe_code)]

use crate::ending::end_process;

#[cfg(target_os = "linux")]
pub(crate) fn register() {
    extern "C" fn handle(_: *mut c_void) {
        end_process();
    }
    // Without a library argument the handler runs only when the process exits.
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

// SAFETY: this is the C++ ABI's signature; a handler may do what any function may.
#[cfg(target_os = "linux")]
unsafe extern "C" {
    #[link_name = "__real___cxa_atexit"]
    safe fn register_handler(handler: Handler, argument: *mut c_void, library: *mut c_void) -> c_int;
}

// SAFETY: this is the linker's name for `__cxa_atexit` calls within this library, and no other symbol has it.
#[cfg(target_os = "linux")]
#[unsafe(export_name = "__wrap___cxa_atexit")]
extern "C" fn ignore(_: Handler, _: *mut c_void, _: *mut c_void) -> c_int {
    0
}

// SAFETY: this is the C standard's signature; a handler may do what any function may.
#[cfg(not(target_os = "linux"))]
unsafe extern "C" {
    safe fn atexit(handler: extern "C" fn()) -> std::ffi::c_int;
}
