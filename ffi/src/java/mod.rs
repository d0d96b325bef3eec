//! The Java virtual machine that loaded this library, on Android or in tests on a desktop. Our threads call it for what
//! only Java can do. Each calling thread is attached at its first call, until it ends; other threads stay unknown to
//! Java. On a desktop nothing here runs unless Java loads the library.

#![allow(unsafe_code)]

mod content_uris;

use jni::JavaVM;
use jni::sys::{JNI_VERSION_1_6, jint};

pub(crate) use content_uris::ContentUris;

/// Called by `System.loadLibrary`. JNA opens libraries without this call, so a host loads the library before its first
/// call through uniffi.
// SAFETY: name and signature are JNI's, and no other linked library has this symbol.
#[unsafe(no_mangle)]
extern "system" fn JNI_OnLoad(vm: *mut jni::sys::JavaVM, _reserved: *mut std::ffi::c_void) -> jint {
    // SAFETY: Java passes the pointer to its only virtual machine, which lives as long as the process. The jni crate
    // keeps it for every later `JavaVM::singleton`.
    let _kept = unsafe { JavaVM::from_raw(vm) };
    #[cfg(target_os = "android")]
    crate::logcat::start();
    JNI_VERSION_1_6
}
