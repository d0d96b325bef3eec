//! File names from outside: one path component that is harmless in any folder, on any file system.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorCode, Result};

/// The limit of most file systems, in bytes.
const MAX_BYTES: usize = 255;
const MAX_PARTS: u32 = 1_000;

/// A name that stays in its folder: no separator, no `..`, nothing that a file system interprets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FileName(String);

impl FileName {
    /// Fails with `InvalidModelName`, which says what is wrong with the name.
    pub fn new(name: impl Into<String>) -> Result<Self> {
        let name = name.into();
        match fault(&name) {
            None => Ok(Self(name)),
            Some(fault) => {
                let shown: String = name.chars().take(64).collect();
                let detail = format!("the file name {shown:?} {fault} - give the file another name");
                Err(Error::new(ErrorCode::InvalidModelName, detail))
            }
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names of all parts of a split model, in order, from the name of any part: `NAME-00002-of-00003.gguf`. For
    /// any other file, its own name alone.
    pub fn parts(&self) -> Vec<Self> {
        match self.split() {
            None => vec![self.clone()],
            Some((prefix, count)) => {
                (1..=count).map(|part| Self(format!("{prefix}-{part:05}-of-{count:05}.gguf"))).collect()
            }
        }
    }

    /// The prefix before the part number, and the number of parts.
    fn split(&self) -> Option<(&str, u32)> {
        let (rest, count) = self.0.strip_suffix(".gguf")?.rsplit_once("-of-")?;
        let (prefix, part) = rest.rsplit_once('-')?;
        let number = |digits: &str| {
            let all_digits = digits.len() == 5 && digits.bytes().all(|digit| digit.is_ascii_digit());
            all_digits.then(|| digits.parse::<u32>().ok()).flatten()
        };
        let (part, count) = (number(part)?, number(count)?);
        (!prefix.is_empty() && 1 <= part && part <= count && count <= MAX_PARTS).then_some((prefix, count))
    }

    /// Equal for two names that a case-insensitive file system confuses.
    pub(super) fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

/// The fault of a name, which completes the error text "the file name … FAULT".
fn fault(name: &str) -> Option<&'static str> {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || ["COM", "LPT"].iter().any(|port| {
            stem.strip_prefix(port).is_some_and(|number| {
                let mut digits = number.chars();
                matches!((digits.next(), digits.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
            })
        });
    if name.is_empty() {
        Some("is empty")
    } else if name.len() > MAX_BYTES {
        Some("is longer than 255 bytes")
    } else if name.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|']) || name.chars().any(char::is_control) {
        Some("has a character that is not allowed in one")
    } else if name.starts_with(['.', ' ']) || name.ends_with(['.', ' ']) {
        Some("begins or ends with a dot or a space")
    } else if device {
        Some("is the name of a device on some systems")
    } else {
        None
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for FileName {
    type Error = Error;

    fn try_from(name: String) -> Result<Self> {
        Self::new(name)
    }
}

impl From<FileName> for String {
    fn from(name: FileName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_stay_in_their_folder_are_names() {
        let longest = "x".repeat(255);
        for name in ["a", "Qwen2.5-0.5B-Instruct-Q4_K_M.gguf", "模型.gguf", "a b(1)@x.gguf", "COM10.gguf", &longest] {
            assert_eq!(FileName::new(name).as_ref().map(FileName::as_str), Ok(name));
        }
        let too_long = "x".repeat(256);
        for name in [
            "",
            ".",
            "..",
            "../a",
            "a/b",
            "/a",
            "a\\b",
            "..\\a",
            "C:a",
            "a\0b",
            "a\nb",
            "\u{7f}",
            "\u{85}",
            ".hidden",
            " a",
            "a ",
            "a.",
            "a*",
            "a?",
            "a|b",
            "<a>",
            "a\"b",
            "CON",
            "nul.gguf",
            "aux.tar.gz",
            "com1",
            "LPT9.gguf",
            "COM¹",
            "con .gguf",
            &too_long,
        ] {
            let error = FileName::new(name).expect_err(name);
            assert_eq!(error.code, ErrorCode::InvalidModelName, "{name:?}");
        }
    }

    #[test]
    fn a_name_from_a_file_is_checked_as_well() {
        assert_eq!(serde_json::from_str::<FileName>("\"a.gguf\"").expect("allowed").as_str(), "a.gguf");
        assert!(serde_json::from_str::<FileName>("\"../a.gguf\"").is_err());
    }

    #[test]
    fn the_parts_of_a_split_model_are_named_by_any_of_them() {
        let name = |text: &str| FileName::new(text).expect("allowed");
        let parts = ["big-00001-of-00003.gguf", "big-00002-of-00003.gguf", "big-00003-of-00003.gguf"].map(name);
        for part in &parts {
            assert_eq!(part.parts(), parts);
        }
        for whole in [
            "big.gguf",
            "big-00000-of-00003.gguf",
            "big-00004-of-00003.gguf",
            "big-1-of-3.gguf",
            "big-00001-of-99999.gguf",
            "big-+0001-of-00003.gguf",
            "big-00001-of-00003.bin",
            "-00001-of-00003.gguf",
        ] {
            assert_eq!(name(whole).parts(), [name(whole)], "{whole}");
        }
    }
}
