//! What Apple's frameworks leave behind on a thread is freed at the end of a pool. Threads of ours have no pool of the
//! system's, and llama.cpp calls Metal on them: without one each step would keep its command buffers for ever.

/// Runs `work`; what it leaves behind is freed when it returns or panics. Elsewhere it only runs it.
#[cfg(target_vendor = "apple")]
pub(crate) fn pooled<T>(work: impl FnOnce() -> T) -> T {
    let _pool = pool::Pool::new();
    work()
}

/// Runs `work`.
#[cfg(not(target_vendor = "apple"))]
pub(crate) fn pooled<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[cfg(target_vendor = "apple")]
mod pool {
    #![allow(unsafe_code)]

    use std::ffi::c_void;

    // SAFETY: the signatures that clang documents for its runtime, which every Apple system has.
    #[link(name = "objc")]
    unsafe extern "C" {
        fn objc_autoreleasePoolPush() -> *mut c_void;
        fn objc_autoreleasePoolPop(pool: *mut c_void);
    }

    /// A pool of the thread that made it, which it must not leave: pools of a thread are a stack.
    pub(super) struct Pool(*mut c_void);

    impl Pool {
        pub(super) fn new() -> Self {
            // SAFETY: may be called on any thread at any time.
            Self(unsafe { objc_autoreleasePoolPush() })
        }
    }

    impl Drop for Pool {
        fn drop(&mut self) {
            // SAFETY: `pooled` alone makes pools, in a scope: this is the newest of this thread, and is popped once.
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
