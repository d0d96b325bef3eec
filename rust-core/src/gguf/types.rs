//! Tensor types: values per block, and bytes per block, as in ggml's `ggml.c`. A test with llama.cpp compares every
//! one.

/// Indexed by the type's number in a file; `None` for removed types.
const BLOCKS: [Option<(u64, u64)>; 43] = [
    Some((1, 4)),     // F32
    Some((1, 2)),     // F16
    Some((32, 18)),   // Q4_0
    Some((32, 20)),   // Q4_1
    None,             // Q4_2
    None,             // Q4_3
    Some((32, 22)),   // Q5_0
    Some((32, 24)),   // Q5_1
    Some((32, 34)),   // Q8_0
    Some((32, 36)),   // Q8_1
    Some((256, 84)),  // Q2_K
    Some((256, 110)), // Q3_K
    Some((256, 144)), // Q4_K
    Some((256, 176)), // Q5_K
    Some((256, 210)), // Q6_K
    Some((256, 292)), // Q8_K
    Some((256, 66)),  // IQ2_XXS
    Some((256, 74)),  // IQ2_XS
    Some((256, 98)),  // IQ3_XXS
    Some((256, 50)),  // IQ1_S
    Some((32, 18)),   // IQ4_NL
    Some((256, 110)), // IQ3_S
    Some((256, 82)),  // IQ2_S
    Some((256, 136)), // IQ4_XS
    Some((1, 1)),     // I8
    Some((1, 2)),     // I16
    Some((1, 4)),     // I32
    Some((1, 8)),     // I64
    Some((1, 8)),     // F64
    Some((256, 56)),  // IQ1_M
    Some((1, 2)),     // BF16
    None,             // Q4_0_4_4
    None,             // Q4_0_4_8
    None,             // Q4_0_8_8
    Some((256, 54)),  // TQ1_0
    Some((256, 66)),  // TQ2_0
    None,             // IQ4_NL_4_4
    None,             // IQ4_NL_4_8
    None,             // IQ4_NL_8_8
    Some((32, 17)),   // MXFP4
    Some((64, 36)),   // NVFP4
    Some((128, 18)),  // Q1_0
    Some((64, 18)),   // Q2_0
];

/// Values per block, and bytes per block, of a known tensor type.
pub(crate) fn block_of(kind: u32) -> Option<(u64, u64)> {
    BLOCKS.get(usize::try_from(kind).ok()?).copied().flatten()
}

/// The name of a file's quantization, as repositories write it, from its number in `general.file_type`.
pub(super) fn quantization(file_type: u64) -> Option<&'static str> {
    Some(match file_type {
        0 => "F32",
        1 => "F16",
        2 => "Q4_0",
        3 => "Q4_1",
        7 => "Q8_0",
        8 => "Q5_0",
        9 => "Q5_1",
        10 => "Q2_K",
        11 => "Q3_K_S",
        12 => "Q3_K_M",
        13 => "Q3_K_L",
        14 => "Q4_K_S",
        15 => "Q4_K_M",
        16 => "Q5_K_S",
        17 => "Q5_K_M",
        18 => "Q6_K",
        19 => "IQ2_XXS",
        20 => "IQ2_XS",
        21 => "Q2_K_S",
        22 => "IQ3_XS",
        23 => "IQ3_XXS",
        24 => "IQ1_S",
        25 => "IQ4_NL",
        26 => "IQ3_S",
        27 => "IQ3_M",
        28 => "IQ2_S",
        29 => "IQ2_M",
        30 => "IQ4_XS",
        31 => "IQ1_M",
        32 => "BF16",
        36 => "TQ1_0",
        37 => "TQ2_0",
        38 => "MXFP4",
        39 => "NVFP4",
        40 => "Q1_0",
        41 => "Q2_0",
        _ => return None,
    })
}
