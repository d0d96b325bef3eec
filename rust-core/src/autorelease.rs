//! Autorelease pools. Apple's frameworks release temporary objects when a thread's pool ends. Our threads have no pool
//! of their own, and llama.cpp calls Metal on them: without a pool, every step would leak its command buffers.

/// Runs `work` inside a pool, which is released when `work` returns or panics.
#[cfg(target_vendor = "apple")]
pub(crate) fn pooled<T>(work: impl FnOnce() -> T) -> T {
    let _pool = pool::Pool::new();
    work()
}

/// Runs `work`. Other systems need no pool.
#[cfg(not(target_vendor = "apple"))]
pub(crate) fn pooled<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[cfg(target_vendor = "apple")]
mod pool {
    #![allow(unsafe_code)]

    use std::ffi::c_void;

    // SAFETY: the signatures are those that clang documents for the Objective-C runtime, which every Apple system has.
    #[link(name = "objc")]
    unsafe extern "C" {
        fn objc_autoreleasePoolPush() -> *mut c_void;
        fn objc_autoreleasePoolPop(pool: *mut c_void);
    }

    /// An autorelease pool. It must not leave its thread, because a thread's pools form a stack.
    pub(super) struct Pool(*mut c_void);

    impl Pool {
        pub(super) fn new() -> Self {
            // SAFETY: the function may be called on any thread at any time.
            Self(unsafe { objc_autoreleasePoolPush() })
        }
    }

    impl Drop for Pool {
        fn drop(&mut self) {
            // SAFETY: only `pooled` creates pools, each in a scope, so this is the thread's newest pool and is popped
            // once.
            unsafe { objc_autoreleasePoolPop(self.0) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pools_may_lie_in_each_other_and_give_the_result() {
        assert_eq!(pooled(|| pooled(|| 7) + 1), 8);
    }
}
