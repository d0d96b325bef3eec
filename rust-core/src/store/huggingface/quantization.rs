//! How the weights in a file are packed, by its name. Pure.

/// Names of single types besides the families of `Q4_K_M` and `IQ2_XXS`.
const WHOLE: [&str; 6] = ["BF16", "F16", "FP16", "F32", "MXFP4", "NVFP4"];

/// `Q4_K_M` of `models/chat-Q4_K_M.gguf`, in large letters; `None` where no part of the path is one. The file's own name
/// counts before its folders'.
pub fn quantization(path: &str) -> Option<String> {
    path.to_ascii_uppercase().rsplit('/').find_map(of_name)
}

fn of_name(name: &str) -> Option<String> {
    let stem = name.strip_suffix(".GGUF").unwrap_or(name);
    // The last one: `llama-F16-to-Q4_0` is packed as the latter.
    let begins = |at: &usize| *at == 0 || !stem.as_bytes()[at - 1].is_ascii_alphanumeric();
    let starts = (0..stem.len()).rev().filter(|at| stem.is_char_boundary(*at)).filter(begins);
    starts.into_iter().find_map(|at| {
        let own = &stem[at..at + length(&stem[at..])?];
        let dynamic = if stem[..at].ends_with("UD-") { "UD-" } else { "" };
        Some(format!("{dynamic}{own}"))
    })
}

/// How many bytes of a text are the name of a quantization that it begins with.
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
