//! Lone surrogates in JSON. A JavaScript string may end in the middle of a character, for example when it was cut to a
//! length. It is then written with an escape that no UTF-8 text can hold.

/// `json` with U+FFFD in place of every escaped surrogate without a partner. All other text stays.
pub(super) fn replace_lone_surrogates(json: &str) -> String {
    let mut whole = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(place) = rest.find('\\') {
        whole.push_str(&rest[..place]);
        rest = &rest[place..];
        let (written, length) = match (unit(rest), rest.get(6..).and_then(unit)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (&rest[..12], 12),
            (Some(0xD800..=0xDFFF), _) => ("\\ufffd", 6),
            _ => {
                // A backslash that is escaped itself begins no escape.
                let length = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
                (&rest[..length], length)
            }
        };
        whole.push_str(written);
        rest = &rest[length..];
    }
    whole.push_str(rest);
    whole
}

/// The UTF-16 code unit of the escape at the beginning of `text`.
fn unit(text: &str) -> Option<u16> {
    u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()
}
