//! What a scalar means: YAML 1.1 as kubectl's parser knows it (go-yaml v2, then JSON).

use std::borrow::Cow;

use base64::Engine;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

use super::ReadError;
use super::number;

/// A scalar, resolved.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A whole number that only fits 64 bits without sign.
    Unsigned(u64),
    /// Any other number, infinities and NaN included.
    Float(f64),
    /// A text.
    Text(Cow<'a, str>),
}

/// What precedes the short names of YAML's own tags.
const TAG_PREFIX: &str = "tag:yaml.org,2002:";

/// A plain scalar without a tag.
pub(super) fn plain(text: &str) -> Value<'_> {
    let value = match text.as_bytes().first() {
        None => Some(Value::Null),
        Some(b'~' | b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O') => word(text),
        Some(b'.') => word(text).or_else(|| number::with_leading_point(text).map(Value::Float)),
        Some(b'0'..=b'9') => number::number(text),
        Some(b'+' | b'-') => word(text).or_else(|| number::number(text)),
        Some(_) => None,
    };
    value.unwrap_or(Value::Text(Cow::Borrowed(text)))
}

/// Texts that are no strings, whatever their case looks like.
fn word(text: &str) -> Option<Value<'static>> {
    Some(match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Value::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Value::Bool(false),
        "~" | "null" | "Null" | "NULL" => Value::Null,
        ".nan" | ".NaN" | ".NAN" => Value::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Value::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

/// A scalar with a tag, written out in full (`tag:yaml.org,2002:int`, `!custom`).
///
/// # Errors
/// When the text is not what the tag says.
pub(super) fn tagged<'a>(tag: &str, text: &'a str) -> Result<Value<'a>, ReadError> {
    let refuse = || ReadError::Value(format!("the text is not what its tag `!!{}` says", short(tag)));
    let value = plain(text);
    match short(tag) {
        "null" if matches!(value, Value::Null) => Ok(value),
        "bool" if matches!(value, Value::Bool(_)) => Ok(value),
        "int" if matches!(value, Value::Integer(_) | Value::Unsigned(_)) => Ok(value),
        "float" => match value {
            Value::Integer(whole) => Ok(Value::Float(whole as f64)),
            Value::Float(_) => Ok(value),
            _ => Err(refuse()),
        },
        "timestamp" if is_dated(text) => Ok(Value::Text(Cow::Borrowed(text))),
        "null" | "bool" | "int" | "timestamp" => Err(refuse()),
        "binary" => decoded(text)
            .map(|bytes| Value::Text(Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())))
            .ok_or_else(|| ReadError::Value("a `!!binary` text is not base64".into())),
        _ => Ok(Value::Text(Cow::Borrowed(text))),
    }
}

/// The name of one of YAML's own tags; empty for any other.
fn short(tag: &str) -> &str {
    tag.strip_prefix(TAG_PREFIX).unwrap_or("")
}

/// Whether a tag is that of merge keys.
pub(super) fn is_merge_tag(tag: &str) -> bool {
    short(tag) == "merge"
}

/// Whether a text starts as all timestamps do: four digits and a dash.
fn is_dated(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    digits == 4 && text.as_bytes().get(4) == Some(&b'-')
}

/// A scalar as the text of a key.
///
/// # Errors
/// For null and for numbers past 63 bits, which kubectl refuses.
pub(super) fn key(value: Value<'_>) -> Result<Cow<'_, str>, ReadError> {
    Ok(match value {
        Value::Text(text) => text,
        Value::Bool(true) => "true".into(),
        Value::Bool(false) => "false".into(),
        Value::Integer(whole) => whole.to_string().into(),
        Value::Float(float) => number::key(float).into(),
        Value::Null => return Err(ReadError::Value("a key that is null, which JSON cannot hold".into())),
        Value::Unsigned(_) => {
            return Err(ReadError::Value("a key that is a number of more than 63 bits".into()));
        }
    })
}

/// A float as kubectl's JSON has it: without a fraction where it has none.
pub(super) fn as_json(float: f64) -> Value<'static> {
    number::whole(float).map_or(Value::Float(float), Value::Integer)
}

/// Standard base64 as Go decodes it: line ends are passed over, bits that are left over may be set.
fn decoded(text: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    const ENGINE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);
    let text: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    ENGINE.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value<'_> {
        Value::Text(text.into())
    }

    #[test]
    fn booleans_have_three_cases() {
        for written in ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"] {
            assert_eq!(plain(written), Value::Bool(true));
        }
        for written in [
            "n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE",
        ] {
            assert_eq!(plain(written), Value::Bool(false));
        }
        for written in ["yEs", "oN", "tRUE", "yess", "nope", "o"] {
            assert_eq!(plain(written), text(written));
        }
    }

    #[test]
    fn nulls_and_strings() {
        for written in ["~", "null", "Null", "NULL", ""] {
            assert_eq!(plain(written), Value::Null);
        }
        for written in [
            "2024-01-01",
            "12:30:45",
            "=",
            "<<",
            "nUll",
            "~~",
            "-",
            "+",
            ".",
            "1.2.3",
            "0x",
            "1e400",
            "é",
        ] {
            assert_eq!(plain(written), text(written));
        }
    }

    #[test]
    fn what_json_has_no_number_for() {
        assert_eq!(plain(".inf"), Value::Float(f64::INFINITY));
        assert_eq!(plain("-.Inf"), Value::Float(f64::NEG_INFINITY));
        assert!(matches!(plain(".NaN"), Value::Float(nan) if nan.is_nan()));
    }

    #[test]
    fn tags_decide() {
        let yaml = |name: &str| format!("{TAG_PREFIX}{name}");
        assert_eq!(tagged(&yaml("str"), "12"), Ok(text("12")));
        assert_eq!(tagged(&yaml("int"), "0x10"), Ok(Value::Integer(16)));
        assert_eq!(tagged(&yaml("float"), "1"), Ok(Value::Float(1.0)));
        assert_eq!(tagged(&yaml("bool"), "on"), Ok(Value::Bool(true)));
        assert_eq!(tagged(&yaml("null"), ""), Ok(Value::Null));
        assert_eq!(tagged(&yaml("timestamp"), "2001-01-01"), Ok(text("2001-01-01")));
        assert_eq!(tagged("!custom", "12"), Ok(text("12")));
        assert_eq!(tagged("!", "yes"), Ok(text("yes")));
        for name in ["int", "float", "bool", "null", "timestamp"] {
            assert!(tagged(&yaml(name), "word").is_err());
        }
    }

    #[test]
    fn binary_is_decoded() {
        let tag = format!("{TAG_PREFIX}binary");
        for (written, read) in [
            ("aGVsbG8=", "hello"),
            ("aGVs\nbG8h", "hello!"),
            ("aA==", "h"),
            ("aB==", "h"),
            ("", ""),
        ] {
            assert_eq!(tagged(&tag, written), Ok(text(read)));
        }
        for written in ["aGVsbG8", "a", "a=", "====", "aA==aA==", "aA=x", "aG Vs"] {
            assert!(tagged(&tag, written).is_err(), "{written}");
        }
    }

    #[test]
    fn keys_are_texts() {
        for (written, read) in [
            ("no", "false"),
            ("on", "true"),
            ("0x10", "16"),
            ("1.10", "1.1"),
            ("name", "name"),
        ] {
            assert_eq!(key(plain(written)), Ok(Cow::Borrowed(read)));
        }
        assert!(key(plain("~")).is_err());
        assert!(key(plain("18446744073709551615")).is_err());
    }
}
