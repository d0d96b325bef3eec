//! Compute threads that stay from one graph to the next. Without OpenMP, as on Android, llama.cpp would otherwise start
//! and end threads for every token. With OpenMP the threads are its own, and the pool only holds a graph's state.

use std::ptr::NonNull;

use llama_cpp_sys_2 as sys;

/// An owner of a `ggml_threadpool`. Must outlive the contexts that it is attached to.
pub(super) struct Threadpool(NonNull<sys::ggml_threadpool>);

impl Threadpool {
    /// A pool for graphs of at most `threads` threads. None if there is no memory for it.
    pub fn new(threads: u32) -> Option<Self> {
        let threads = i32::try_from(threads.max(1)).unwrap_or(i32::MAX);
        // SAFETY: a plain function; the parameters are a value.
        let mut params = unsafe { sys::ggml_threadpool_params_default(threads) };
        // SAFETY: the parameters outlive the call, which copies them.
        NonNull::new(unsafe { sys::ggml_threadpool_new(&raw mut params) }).map(Self)
    }

    /// # Safety
    ///
    /// `context` is alive and not computing, and is freed before this is dropped.
    pub unsafe fn attach(&self, context: NonNull<sys::llama_context>) {
        // SAFETY: the caller's promise; a null batch pool means the same one.
        unsafe { sys::llama_attach_threadpool(context.as_ptr(), self.0.as_ptr(), std::ptr::null_mut()) }
    }
}

impl Drop for Threadpool {
    fn drop(&mut self) {
        // SAFETY: the pointer came from ggml_threadpool_new and is freed here alone; nothing computes with it any more.
        unsafe { sys::ggml_threadpool_free(self.0.as_ptr()) }
    }
}
