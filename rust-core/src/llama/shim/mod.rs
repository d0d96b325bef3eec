//! llama.cpp's C++ side, behind functions that catch every exception. The `.cpp` files beside this one implement
//! `shim.h`.

mod ffi;
mod owned;

pub(super) use self::ffi::*;
pub(super) use self::owned::{ShimError, Texts, Tokens};
