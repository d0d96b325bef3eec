//! Compares the table of tensor types with ggml's own.

use llama_cpp_sys_2 as sys;

use crate::gguf::block_of;

#[test]
fn every_tensor_type_is_the_one_of_llama_cpp() {
    for kind in 0..sys::GGML_TYPE_COUNT {
        // SAFETY: pure functions over a constant table, of which `kind` is an index.
        let (block, bytes) = unsafe { (sys::ggml_blck_size(kind), sys::ggml_type_size(kind)) };
        let expected = u64::try_from(block).ok().filter(|&block| block > 0).map(|block| (block, bytes as u64));
        assert_eq!(block_of(kind), expected, "{kind}");
    }
    assert_eq!(block_of(sys::GGML_TYPE_COUNT), None);
}
