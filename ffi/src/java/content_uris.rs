//! `content://` URIs, which Android's file pickers return instead of paths. Only a `ContentResolver` opens them.

use std::fs::File;
use std::os::fd::FromRawFd;
use std::sync::OnceLock;

use jni::errors::{Error as JavaError, ThrowRuntimeExAndDefault};
use jni::objects::{JClass, JObject, JValue};
use jni::refs::Global;
use jni::{Env, EnvUnowned, JavaVM, jni_sig, jni_str};
use llama_rs_core::engine::{Opened, PathOpener};
use llama_rs_core::error::{Error, ErrorCode, Result};

/// The application's resolver, which lives as long as the process.
static RESOLVER: OnceLock<Global<JObject<'static>>> = OnceLock::new();

/// Implements `com.llamars.NativeLibrary.openUrisWith(resolver: ContentResolver)`. Only the first call counts.
// SAFETY: name and signature are those that JNI prescribes for this method, and no other symbol has this name.
#[unsafe(no_mangle)]
extern "system" fn Java_com_llamars_NativeLibrary_openUrisWith<'local>(
    mut env: EnvUnowned<'local>,
    _class: JClass<'local>,
    resolver: JObject<'local>,
) {
    env.with_env(|env| -> std::result::Result<(), JavaError> {
        let resolver = env.new_global_ref(resolver)?;
        // Modules of later JavaScript runtimes set the application's resolver again.
        let _ = RESOLVER.set(resolver);
        Ok(())
    })
    .resolve::<ThrowRuntimeExAndDefault>();
}

/// Opens `content://` URIs for reading.
pub(crate) struct ContentUris;

impl PathOpener for ContentUris {
    fn open(&self, path: &str) -> Result<Option<Opened>> {
        if !path.starts_with("content://") {
            return Ok(None);
        }
        let resolver = RESOLVER.get().ok_or_else(|| not_opened(path, "this process has no ContentResolver"))?;
        let vm = JavaVM::singleton().map_err(|error| not_opened(path, &error.to_string()))?;
        let opened = vm.attach_current_thread(|env| descriptor(env, resolver, path));
        opened.map(|file| Some(Opened::descriptor(file))).map_err(|error| not_opened(path, &reason(&error)))
    }
}

/// Calls `resolver.openFileDescriptor(Uri.parse(uri), "r").detachFd()`.
fn descriptor(env: &mut Env<'_>, resolver: &JObject<'_>, uri: &str) -> std::result::Result<File, JavaError> {
    let uri = env.new_string(uri)?;
    let parse = jni_sig!("(Ljava/lang/String;)Landroid/net/Uri;");
    let uri =
        env.call_static_method(jni_str!("android/net/Uri"), jni_str!("parse"), parse, &[JValue::Object(&uri)])?.l()?;
    let mode = env.new_string("r")?;
    let open = jni_sig!("(Landroid/net/Uri;Ljava/lang/String;)Landroid/os/ParcelFileDescriptor;");
    let arguments = [JValue::Object(&uri), JValue::Object(&mode)];
    let opened = env.call_method(resolver, jni_str!("openFileDescriptor"), open, &arguments)?.l()?;
    if opened.is_null() {
        return Err(JavaError::NullPtr("its provider has crashed"));
    }
    let descriptor = env.call_method(&opened, jni_str!("detachFd"), jni_sig!("()I"), &[])?.i()?;
    // SAFETY: `detachFd` hands over ownership: the descriptor is open, and nothing else closes it.
    Ok(unsafe { File::from_raw_fd(descriptor) })
}

/// Formats an exception in one line. Its Java stack says nothing of our code.
fn reason(error: &JavaError) -> String {
    match error {
        JavaError::CaughtJavaException { name, msg, .. } => format!("{name}: {msg}"),
        other => other.to_string(),
    }
}

fn not_opened(uri: &str, reason: &str) -> Error {
    let detail = format!("could not open {uri}: {reason} - pick the file again, and keep the permission to read it");
    Error::new(ErrorCode::ModelNotFound, detail)
}
