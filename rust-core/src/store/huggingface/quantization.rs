//! Finds the quantization in a file's name. Pure.

/// Types without a family such as `Q4_K_M`'s or `IQ2_XXS`'s.
const WHOLE: [&str; 6] = ["BF16", "F16", "FP16", "F32", "MXFP4", "NVFP4"];

/// The quantization that a path names, in upper case: `Q4_K_M` for `models/chat-Q4_K_M.gguf`. The file's own name takes
/// precedence over its folders'.
pub fn quantization(path: &str) -> Option<String> {
    path.to_ascii_uppercase().rsplit('/').find_map(of_name)
}

fn of_name(name: &str) -> Option<String> {
    let stem = name.strip_suffix(".GGUF").unwrap_or(name);
    // The last one counts: `llama-F16-to-Q4_0` is Q4_0.
    let begins = |at: &usize| *at == 0 || !stem.as_bytes()[at - 1].is_ascii_alphanumeric();
    let starts = (0..stem.len()).rev().filter(|at| stem.is_char_boundary(*at)).filter(begins);
    starts.into_iter().find_map(|at| {
        let own = &stem[at..at + length(&stem[at..])?];
        let dynamic = if stem[..at].ends_with("UD-") { "UD-" } else { "" };
        Some(format!("{dynamic}{own}"))
    })
}

/// Length of the quantization's name at the start of a text.
fn length(text: &str) -> Option<usize> {
    let end =
        text.find(|character: char| !(character.is_ascii_alphanumeric() || character == '_')).unwrap_or(text.len());
    let word = &text[..end];
    let family = ["IQ", "TQ", "Q"].iter().find_map(|prefix| word.strip_prefix(prefix));
    let known = match family {
        Some(rest) => {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            (1..=2).contains(&digits) && (rest.len() == digits || rest.as_bytes()[digits] == b'_')
        }
        None => {
            WHOLE.iter().any(|name| word == *name || word.strip_prefix(name).is_some_and(|rest| rest.starts_with('_')))
        }
    };
    known.then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantization_is_part_of_a_name() {
        for (path, expected) in [
            ("Qwen2.5-0.5B-Instruct-Q4_K_M.gguf", Some("Q4_K_M")),
            ("qwen2.5-0.5b-instruct-q4_k_m.gguf", Some("Q4_K_M")),
            ("llama-2-7b.Q5_0.gguf", Some("Q5_0")),
            ("ggml-model-q8_0.gguf", Some("Q8_0")),
            ("model_Q4_0.gguf", Some("Q4_0")),
            ("gemma-3-1b-it-UD-Q4_K_XL.gguf", Some("UD-Q4_K_XL")),
            ("x-IQ2_XXS.gguf", Some("IQ2_XXS")),
            ("x-TQ1_0.gguf", Some("TQ1_0")),
            ("x-Q4_0_4_4.gguf", Some("Q4_0_4_4")),
            ("x-BF16.gguf", Some("BF16")),
            ("gpt-oss-20b-mxfp4.gguf", Some("MXFP4")),
            ("gpt-oss-20b-MXFP4_MOE.gguf", Some("MXFP4_MOE")),
            ("llama-F16-to-Q4_0.gguf", Some("Q4_0")),
            ("BF16/big-00001-of-00002.gguf", Some("BF16")),
            ("Q8_0/big-Q4_0-00001-of-00002.gguf", Some("Q4_0")),
            ("mmproj-model-f16.gguf", Some("F16")),
            ("chat.gguf", None),
            ("Q.gguf", None),
            ("Qwen-7b.gguf", None),
            ("F160.gguf", None),
            ("XQ4_0.gguf", None),
            ("模型-Q4_0.gguf", Some("Q4_0")),
        ] {
            assert_eq!(quantization(path).as_deref(), expected, "{path}");
        }
    }
}
