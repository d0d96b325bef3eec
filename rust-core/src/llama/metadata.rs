//! What a model says of itself: the rules that llama.cpp asserts instead of reporting, and what the loader derives.

use std::collections::HashMap;

/// llama.cpp's own limits, past which it ends the process.
const MAX_LAYERS: u64 = 512;
const MAX_EXPERTS: u64 = 1_024;

const F16_BYTES: u64 = 2;

pub(super) enum Value {
    /// Booleans are 0 and 1.
    Integer(i128),
    Float(f64),
    Text(String),
    Array(Vec<Value>),
    /// Well-formed, but too long to keep.
    Skipped,
}

pub(super) struct Metadata {
    values: HashMap<String, Value>,
}

impl Metadata {
    pub fn new(values: HashMap<String, Value>) -> Self {
        Self { values }
    }

    /// A value that is an integer and not negative.
    pub fn number(&self, key: &str) -> Option<u64> {
        match self.values.get(key) {
            Some(Value::Integer(value)) => u64::try_from(*value).ok(),
            _ => None,
        }
    }

    fn architecture(&self) -> Option<&str> {
        match self.values.get("general.architecture") {
            Some(Value::Text(name)) => Some(name),
            _ => None,
        }
    }

    fn own(&self, key: &str) -> Option<u64> {
        self.number(&format!("{}.{key}", self.architecture()?))
    }

    /// One number per layer, whether the file gives one for all or one for each.
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

    /// Refuses what llama.cpp would end the process for. Everything else is left to llama.cpp, which knows more.
    pub fn check(&self) -> Result<(), String> {
        if self.architecture().is_none_or(str::is_empty) {
            return Err("it does not say which architecture it has".to_owned());
        }
        self.check_layers()?;
        self.check_experts()?;
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
        // Without a count llama.cpp refuses the file in words of its own.
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
        // llama.cpp reads a single expert as none for one family, and so do we for all: nothing depends on it.
        if experts <= 1 && used <= 1 && groups == 0 {
            return Ok(());
        }
        let grouped = groups <= 1 || (experts.is_multiple_of(groups) && groups_used > 0 && groups_used < groups);
        if experts > MAX_EXPERTS || used == 0 || used > experts || groups >= experts || !grouped {
            return Err(format!("it claims {used} of {experts} experts, {groups_used} of {groups} groups"));
        }
        Ok(())
    }

    /// Bytes that one token takes in f16 KV memory, over all layers. Zero if the file does not say.
    pub fn kv_bytes_per_token(&self) -> u64 {
        let layers = self.own("block_count").unwrap_or(0);
        let heads = self.per_layer("attention.head_count", layers).unwrap_or_default();
        let kv_heads = self.per_layer("attention.head_count_kv", layers).unwrap_or_else(|| heads.clone());
        // llama.cpp divides by the first layer's heads.
        let head_size = self.own("embedding_length").unwrap_or(0) / heads.first().copied().unwrap_or(0).max(1);
        let key = self.own("attention.key_length").unwrap_or(head_size);
        let value = self.own("attention.value_length").unwrap_or(head_size);
        let heads = kv_heads.iter().fold(0_u64, |sum, &heads| sum.saturating_add(heads));
        heads.saturating_mul(key.saturating_add(value)).saturating_mul(F16_BYTES)
    }
}
