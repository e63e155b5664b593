//! Numbers as Go reads and writes them, which is what kubectl does with those of a YAML text.

use super::scalar::Value;

/// A plain scalar that starts with a digit or sign, if it is a number: with `_` between digits, in base 2, 8 (`0777`,
/// `0o777`), 16 or 10, or with a fraction or exponent.
pub(super) fn number(text: &str) -> Option<Value<'static>> {
    let without;
    let text = if text.contains('_') {
        without = text.replace('_', "");
        &without
    } else {
        text
    };
    if let Some(whole) = signed(text, None) {
        return Some(Value::Integer(whole));
    }
    if let Some(whole) = unsigned(text, None) {
        return Some(Value::Unsigned(whole));
    }
    if let Some(float) = decimal(text) {
        return Some(Value::Float(float));
    }
    // A sign behind the prefix is taken, too.
    let digits = text.strip_prefix("0b")?;
    signed(digits, Some(2))
        .map(Value::Integer)
        .or_else(|| unsigned(digits, Some(2)).map(Value::Unsigned))
}

/// A whole number with an optional sign; the base by its prefix where none is given.
fn signed(text: &str, base: Option<u32>) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let magnitude = unsigned(digits, base)?;
    if negative {
        0i64.checked_sub_unsigned(magnitude)
    } else {
        i64::try_from(magnitude).ok()
    }
}

fn unsigned(text: &str, base: Option<u32>) -> Option<u64> {
    let bytes = text.as_bytes();
    let (base, digits) = match (base, bytes) {
        (Some(base), _) => (base, bytes),
        (None, [b'0', b'b' | b'B', rest @ ..]) if !rest.is_empty() => (2, rest),
        (None, [b'0', b'o' | b'O', rest @ ..]) if !rest.is_empty() => (8, rest),
        (None, [b'0', b'x' | b'X', rest @ ..]) if !rest.is_empty() => (16, rest),
        (None, [b'0']) => return Some(0),
        (None, [b'0', rest @ ..]) => (8, rest),
        (None, _) => (10, bytes),
    };
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |sum, &byte| {
        let digit = (byte as char).to_digit(base)?;
        sum.checked_mul(u64::from(base))?.checked_add(u64::from(digit))
    })
}

/// A decimal number with an optional sign, fraction and exponent.
fn decimal(text: &str) -> Option<f64> {
    let bare = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match bare.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (bare, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let some = !whole.is_empty() || !fraction.is_empty();
    let exponent = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    let valid = some && digits(whole) && digits(fraction) && exponent;
    valid
        .then(|| text.parse().ok())
        .flatten()
        .filter(|float: &f64| float.is_finite())
}

/// A number that starts with its point. Go takes underscores between digits here, too.
pub(super) fn with_leading_point(text: &str) -> Option<f64> {
    if !text.contains('_') {
        return decimal(text);
    }
    let bytes = text.as_bytes();
    let between = |at: usize| {
        let digit = |at: Option<usize>| {
            at.and_then(|at| bytes.get(at))
                .is_some_and(|byte| byte.is_ascii_digit())
        };
        digit(at.checked_sub(1)) && digit(at.checked_add(1))
    };
    let fine = (0..bytes.len()).all(|at| bytes.get(at) != Some(&b'_') || between(at));
    fine.then(|| decimal(&text.replace('_', ""))).flatten()
}

/// The whole number that JSON has for a float, if Go writes it without fraction and exponent.
pub(super) fn whole(float: f64) -> Option<i64> {
    if float.fract() != 0.0 || float.abs() >= 1e21 || (float == 0.0 && float.is_sign_negative()) {
        return None;
    }
    // The shortest digits, filled up with zeros, as Go does.
    float.to_string().parse().ok()
}

/// Whether a whole number is written as JSON writes it.
pub(super) fn is_canonical(written: &str) -> bool {
    let digits = written.strip_prefix('-').unwrap_or(written);
    match digits.as_bytes() {
        [b'0'] => written.len() == 1,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// A float as a key: Go's shortest form of a 32-bit float (`%g`).
pub(super) fn key(float: f64) -> String {
    let float = float as f32;
    if float.is_nan() {
        return ".nan".into();
    }
    if float.is_infinite() {
        return if float > 0.0 { ".inf" } else { "-.inf" }.into();
    }
    let scientific = format!("{float:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{mantissa}e{sign}{:02}", exponent.abs())
        }
        _ => float.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers() {
        for (written, read) in [
            ("0777", 511),
            ("0o777", 511),
            ("0x1F", 31),
            ("0b11", 3),
            ("1_000", 1000),
            ("+1", 1),
            ("-0x10", -16),
            ("0", 0),
            ("-0", 0),
            ("00", 0),
            ("0b-11", -3),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(number(written), Some(Value::Integer(read)), "{written}");
        }
        assert_eq!(number("18446744073709551615"), Some(Value::Unsigned(u64::MAX)));
    }

    #[test]
    fn other_numbers() {
        for (written, read) in [
            ("1e3", 1000.0),
            ("1.10", 1.1),
            ("08", 8.0),
            ("-1.", -1.0),
            ("+18446744073709551616", 2f64.powi(64)),
        ] {
            assert_eq!(number(written), Some(Value::Float(read)), "{written}");
        }
        for (written, read) in [(".5", 0.5), (".5e1", 5.0), (".2_5", 0.25)] {
            assert_eq!(with_leading_point(written), Some(read), "{written}");
        }
        for written in ["._5", ".5_", ".", ".e1", "..5", ".5_e1"] {
            assert_eq!(with_leading_point(written), None, "{written}");
        }
        for written in [
            "1.2.3",
            "1e",
            "1e+",
            "0xg",
            "0x",
            "0b",
            "1e400",
            "1d",
            "+",
            "-",
            "1-2",
            "2024-01-01",
        ] {
            assert_eq!(number(written), None, "{written}");
        }
    }

    #[test]
    fn floats_that_json_writes_whole() {
        assert_eq!(whole(1000.0), Some(1000));
        assert_eq!(whole(-3.0), Some(-3));
        assert_eq!(whole(2f64.powi(60)), Some(1_152_921_504_606_847_000));
        for float in [0.5, -0.0, 1e21, 1e19, f64::NAN, f64::INFINITY] {
            assert_eq!(whole(float), None);
        }
    }

    #[test]
    fn keys_as_go_writes_them() {
        for (float, key_) in [
            (1.1, "1.1"),
            (1000.0, "1000"),
            (1e21, "1e+21"),
            (1_234_567.5, "1.2345675e+06"),
            (0.00001, "1e-05"),
            (f64::INFINITY, ".inf"),
            (1e300, ".inf"),
        ] {
            assert_eq!(key(float), key_);
        }
    }

    #[test]
    fn canonical_is_as_json_writes() {
        for written in ["0", "-1", "42"] {
            assert!(is_canonical(written));
        }
        for written in ["00", "-0", "+1", "1.0", "0x1", "", "-", "1_0"] {
            assert!(!is_canonical(written));
        }
    }
}
