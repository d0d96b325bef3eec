//! A model's metadata: rejects values on which llama.cpp aborts instead of reporting an error, and derives what the
//! loader needs.

use std::collections::HashMap;

use super::types;

/// llama.cpp's own limits. It aborts beyond them.
const MAX_LAYERS: u64 = 512;
const MAX_EXPERTS: u64 = 1_024;

const F16_BYTES: u64 = 2;

/// The value of a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// An integer, or a boolean as 0 or 1.
    Integer(i128),
    /// A float of either size.
    Float(f64),
    /// A short text.
    Text(String),
    /// A short array of numbers.
    Array(Vec<Value>),
    /// An array of texts, which are not kept.
    Texts {
        /// Number of texts.
        count: u64,
        /// Total size of the texts.
        bytes: u64,
    },
    /// The vocabulary's token types, which are not kept.
    TokenTypes {
        /// Whether the vocabulary has byte tokens.
        bytes: bool,
    },
    /// A valid value that is too long to keep.
    Skipped,
}

/// The keys and values of a header.
#[derive(Debug, Clone, Default)]
pub struct Metadata {
    values: HashMap<String, Value>,
}

impl Metadata {
    /// Wraps the values that were read.
    pub(super) fn new(values: HashMap<String, Value>) -> Self {
        Self { values }
    }

    /// A non-negative integer.
    pub fn number(&self, key: &str) -> Option<u64> {
        match self.values.get(key) {
            Some(Value::Integer(value)) => u64::try_from(*value).ok(),
            _ => None,
        }
    }

    /// A text, if it is short enough to be kept.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.values.get(key) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The architecture's name.
    pub fn architecture(&self) -> Option<&str> {
        self.text("general.architecture")
    }

    /// Whether the file has a chat template.
    pub fn has_chat_template(&self) -> bool {
        self.values.contains_key("tokenizer.chat_template")
    }

    /// The quantization's name as repositories write it: `Q4_K_M`. `None` if the file does not say, or the type is
    /// unknown.
    pub fn quantization(&self) -> Option<&'static str> {
        self.number("general.file_type").and_then(types::quantization)
    }

    /// Number of layers; 0 if the file does not say.
    pub fn layers(&self) -> u64 {
        self.own("block_count").unwrap_or(0)
    }

    /// The full name of an architecture's own key.
    pub fn own_key(&self, key: &str) -> Option<String> {
        Some(format!("{}.{key}", self.architecture()?))
    }

    fn own(&self, key: &str) -> Option<u64> {
        self.number(&self.own_key(key)?)
    }

    /// Number of tokens in the vocabulary, and their total size in bytes.
    pub fn vocabulary(&self) -> (u64, u64) {
        self.texts("tokenizer.ggml.tokens")
    }

    /// Number of merges, and their total size in bytes.
    pub fn merges(&self) -> (u64, u64) {
        self.texts("tokenizer.ggml.merges")
    }

    fn texts(&self, key: &str) -> (u64, u64) {
        match self.values.get(key) {
            Some(Value::Texts { count, bytes }) => (*count, *bytes),
            _ => (0, 0),
        }
    }

    /// Context size that the model was trained with, in tokens; 0 if the file does not say.
    pub fn trained_context_size(&self) -> u32 {
        self.own("context_length").and_then(|length| u32::try_from(length).ok()).unwrap_or(0)
    }

    /// One number per layer. The file may give one for all layers, or one for each.
    fn per_layer(&self, key: &str, layers: u64) -> Option<Vec<u64>> {
        let value = self.values.get(&format!("{}.{key}", self.architecture()?))?;
        let number = |value: &Value| match value {
            Value::Integer(value) => u64::try_from(*value).ok(),
            _ => None,
        };
        match value {
            Value::Array(values) => values.iter().map(number).collect(),
            value => number(value).map(|value| vec![value; usize::try_from(layers).unwrap_or(0)]),
        }
    }

    /// Rejects values on which llama.cpp aborts. Everything else is left to llama.cpp, which knows more.
    pub fn check(&self) -> Result<(), String> {
        if self.architecture().is_none_or(str::is_empty) {
            return Err("it does not say which architecture it has".to_owned());
        }
        self.check_layers()?;
        self.check_experts()?;
        let bytes = self.values.get("tokenizer.ggml.token_type") == Some(&Value::TokenTypes { bytes: true });
        if bytes && self.text("tokenizer.ggml.model") == Some("bert") {
            return Err("its vocabulary of words has tokens of bytes".to_owned());
        }
        if self.own("context_length").is_some_and(|length| length == 0 || length > i32::MAX as u64) {
            return Err("its context length is impossible".to_owned());
        }
        for (key, value) in &self.values {
            match value {
                Value::Float(value) if key.ends_with("epsilon") && !(*value >= 0.0 && value.is_finite()) => {
                    return Err(format!("{key} is {value}"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn check_layers(&self) -> Result<(), String> {
        // llama.cpp itself reports a missing count.
        let Some(layers) = self.own("block_count") else {
            return Ok(());
        };
        if layers == 0 || layers > MAX_LAYERS {
            return Err(format!("it claims {layers} layers"));
        }
        for key in ["nextn_predict_layers", "posnet.block_count", "convnext.block_count"] {
            if self.own(key).is_some_and(|count| count > layers) {
                return Err(format!("{key} is more than its {layers} layers"));
            }
        }
        Ok(())
    }

    fn check_experts(&self) -> Result<(), String> {
        let layers = self.own("block_count").unwrap_or(0);
        let experts = self.own("expert_count").unwrap_or(0);
        let used = self.per_layer("expert_used_count", layers).and_then(|used| used.into_iter().max()).unwrap_or(0);
        let groups = self.own("expert_group_count").unwrap_or(0);
        let groups_used = self.own("expert_group_used_count").unwrap_or(0);
        // The hunyuan family writes one expert where others write none, and llama.cpp treats only that family so.
        let single_is_none = self.architecture().is_some_and(|name| name.starts_with("hunyuan"));
        let none = if experts == 1 { single_is_none } else { experts == 0 && (used == 0 || single_is_none) };
        if none && groups == 0 {
            return Ok(());
        }
        let grouped = groups <= 1 || (experts.is_multiple_of(groups) && groups_used > 0 && groups_used < groups);
        if experts > MAX_EXPERTS || used == 0 || used > experts || groups >= experts || !grouped {
            return Err(format!("it claims {used} of {experts} experts, {groups_used} of {groups} groups"));
        }
        Ok(())
    }

    /// KV memory of one token over all layers, in bytes, with f16; 0 if the file does not say.
    pub fn kv_bytes_per_token(&self) -> u64 {
        let layers = self.own("block_count").unwrap_or(0);
        let heads = self.per_layer("attention.head_count", layers).unwrap_or_default();
        let kv_heads = self.per_layer("attention.head_count_kv", layers).unwrap_or_else(|| heads.clone());
        // llama.cpp divides by the first layer's number of heads.
        let head_size = self.own("embedding_length").unwrap_or(0) / heads.first().copied().unwrap_or(0).max(1);
        let key = self.own("attention.key_length").unwrap_or(head_size);
        let value = self.own("attention.value_length").unwrap_or(head_size);
        let heads = kv_heads.iter().fold(0_u64, |sum, &heads| sum.saturating_add(heads));
        heads.saturating_mul(key.saturating_add(value)).saturating_mul(F16_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(architecture: &str, numbers: &[(&str, i128)]) -> Metadata {
        let mut values: HashMap<_, _> =
            numbers.iter().map(|(key, value)| (format!("{architecture}.{key}"), Value::Integer(*value))).collect();
        values.insert("general.architecture".to_owned(), Value::Text(architecture.to_owned()));
        values.insert(format!("{architecture}.block_count"), Value::Integer(4));
        Metadata::new(values)
    }

    #[test]
    fn experts_are_what_llama_cpp_asserts() {
        let all = "expert_count";
        let used = "expert_used_count";
        let groups = "expert_group_count";
        let groups_used = "expert_group_used_count";
        for (architecture, numbers, expected) in [
            ("llama", vec![], true),
            ("llama", vec![(all, 0), (used, 0)], true),
            ("llama", vec![(all, 8), (used, 2)], true),
            ("llama", vec![(all, 1), (used, 1)], true),
            ("llama", vec![(all, 8), (used, 2), (groups, 4), (groups_used, 2)], true),
            ("llama", vec![(all, 0), (used, 1)], false),
            ("llama", vec![(all, 1), (used, 0)], false),
            ("llama", vec![(all, 8), (used, 9)], false),
            ("llama", vec![(all, 8)], false),
            ("llama", vec![(all, 1_025), (used, 2)], false),
            ("llama", vec![(groups, 1)], false),
            ("llama", vec![(all, 8), (used, 2), (groups, 8), (groups_used, 2)], false),
            ("llama", vec![(all, 8), (used, 2), (groups, 3), (groups_used, 2)], false),
            ("llama", vec![(all, 8), (used, 2), (groups, 4), (groups_used, 4)], false),
            ("hunyuan-dense", vec![(all, 1), (used, 0)], true),
        ] {
            assert_eq!(model(architecture, &numbers).check().is_ok(), expected, "{architecture} {numbers:?}");
        }
    }

    #[test]
    fn kv_memory_follows_heads_and_their_size() {
        let shape = [("embedding_length", 128), ("attention.head_count", 4)];
        // 4 layers, 4 heads, 32 values for key and value each, 2 bytes a value.
        assert_eq!(model("llama", &shape).kv_bytes_per_token(), 4 * 4 * 64 * 2);
        let grouped = [&shape[..], &[("attention.head_count_kv", 1), ("attention.key_length", 48)]].concat();
        assert_eq!(model("llama", &grouped).kv_bytes_per_token(), 4 * (48 + 32) * 2);
        assert_eq!(model("llama", &[]).kv_bytes_per_token(), 0);
    }

    #[test]
    fn heads_may_be_given_for_each_layer() {
        let mut metadata = model("llama", &[("embedding_length", 128), ("attention.head_count", 4)]);
        let heads = [4, 0, 2, 0].map(Value::Integer).into_iter().collect();
        metadata.values.insert("llama.attention.head_count_kv".to_owned(), Value::Array(heads));
        assert_eq!(metadata.kv_bytes_per_token(), 6 * 64 * 2);
    }
}
