//! The Java virtual machine that this library was loaded into, on Android or for tests on a desktop: what only Java can
//! do there, a thread of ours asks of it. A thread is attached when it first asks, once, until it ends, so that threads
//! that never do are none of Java's business. On a desktop nothing here is called until Java loads the library itself.

#![allow(unsafe_code)]

mod content_uris;

use jni::JavaVM;
use jni::sys::{JNI_VERSION_1_6, jint};

pub(crate) use content_uris::ContentUris;

/// Called by `System.loadLibrary`. JNA opens libraries without this call, so a host loads the library before the first
/// call through uniffi.
// SAFETY: the name and the signature are JNI's; no other library that is linked here has one.
#[unsafe(no_mangle)]
extern "system" fn JNI_OnLoad(vm: *mut jni::sys::JavaVM, _reserved: *mut std::ffi::c_void) -> jint {
    // SAFETY: Java passes the pointer to its one virtual machine, which lives as long as the process. The crate keeps it
    // for every later `JavaVM::singleton`.
    let _kept = unsafe { JavaVM::from_raw(vm) };
    #[cfg(target_os = "android")]
    crate::logcat::start();
    JNI_VERSION_1_6
}
