//! Durations as the APIs write them, in nanoseconds.
//!
//! Sources: Go's `time.ParseDuration` (every `metav1.Duration`), the Prometheus configuration page (`<duration>`), Gateway API
//! enhancement 2257.

/// Nanoseconds in a second.
const SECOND: i64 = 1_000_000_000;

/// A duration as Go writes it: `1h30m`, `1.5s`, `-20ms`, `0`. None for what Go refuses.
#[must_use]
pub fn go(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let (number, after) = split(rest, |byte| byte.is_ascii_digit() || byte == b'.')?;
        let (unit, after) = split(after, |byte| !byte.is_ascii_digit() && byte != b'.')?;
        let nanos: i64 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1000,
            "ms" => 1_000_000,
            "s" => SECOND,
            "m" => 60 * SECOND,
            "h" => 3600 * SECOND,
            _ => return None,
        };
        total = total.checked_add(times(number, nanos)?)?;
        rest = after;
    }
    i64::try_from(if negative { -total } else { total }).ok()
}

/// `number.fraction` times a unit; what is below a nanosecond is cut off.
fn times(number: &str, nanos: i64) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let nanos = i128::from(nanos);
    // Digits past the 18th are worth less than a nanosecond, whatever the unit.
    let part = fraction
        .bytes()
        .take(18)
        .try_fold((0_i128, 1_i128), |(value, scale), byte| {
            byte.is_ascii_digit()
                .then(|| (value * 10 + i128::from(byte - b'0'), scale * 10))
        })?;
    Some(i128::from(whole) * nanos + part.0 * nanos / part.1)
}

/// The longest start of bytes of one sort, and the rest. None where it is empty.
fn split(text: &str, belongs: impl Fn(u8) -> bool) -> Option<(&str, &str)> {
    let end = text.bytes().position(|byte| !belongs(byte)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at_checked(end)).flatten()
}

/// A duration as Prometheus writes it: whole numbers, the larger units first, each once (`1h30m`, `7d`, `0`). Years have 365
/// days.
#[must_use]
pub fn prometheus(text: &str) -> Option<i64> {
    const UNITS: [(&str, i64); 7] = [
        ("y", 365 * 24 * 3600 * SECOND),
        ("w", 7 * 24 * 3600 * SECOND),
        ("d", 24 * 3600 * SECOND),
        ("h", 3600 * SECOND),
        ("m", 60 * SECOND),
        ("s", SECOND),
        ("ms", 1_000_000),
    ];
    if text == "0" {
        return Some(0);
    }
    let mut units = UNITS.iter();
    parts(text, usize::MAX, |unit| {
        units.find(|(name, _)| *name == unit).map(|&(_, nanos)| nanos)
    })
}

/// A duration as Gateway API writes it: up to four parts, each of up to five digits and `h`, `m`, `s` or `ms`.
#[must_use]
pub fn gateway(text: &str) -> Option<i64> {
    let mut rest = text;
    for _ in 0..5 {
        if rest.is_empty() {
            break;
        }
        let (digits, after) = split(rest, |byte| byte.is_ascii_digit())?;
        if digits.len() > 5 {
            return None;
        }
        rest = split(after, |byte| !byte.is_ascii_digit())?.1;
    }
    parts(text, 4, |unit| match unit {
        "ms" => Some(1_000_000),
        "s" => Some(SECOND),
        "m" => Some(60 * SECOND),
        "h" => Some(3600 * SECOND),
        _ => None,
    })
}

/// The sum of up to `most` parts, each a whole number and a unit.
fn parts(text: &str, most: usize, mut unit: impl FnMut(&str) -> Option<i64>) -> Option<i64> {
    let (mut total, mut rest, mut count) = (0_i64, text, 0_usize);
    while count == 0 || !rest.is_empty() {
        count += 1;
        if count > most {
            return None;
        }
        let (number, after) = split(rest, |byte| byte.is_ascii_digit())?;
        let (name, after) = split(after, |byte| !byte.is_ascii_digit())?;
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(unit(name)?)?)?;
        rest = after;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go_reads_them() {
        for (text, expected) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("1s", Some(SECOND)),
            ("1.5h", Some(5400 * SECOND)),
            ("1h30m", Some(5400 * SECOND)),
            ("-20ms", Some(-20_000_000)),
            (".5s", Some(SECOND / 2)),
            ("1.s", Some(SECOND)),
            ("3µs", Some(3000)),
            ("3μs", Some(3000)),
            ("0.100000000000000000000h", Some(360 * SECOND)),
            ("30m1h", Some(5400 * SECOND)),
            ("2562048h", None),
            ("", None),
            ("3", None),
            ("s", None),
            (".s", None),
            ("1.1.1s", None),
            ("1d", None),
            ("1 s", None),
            ("+", None),
            ("99999999999999999999s", None),
        ] {
            assert_eq!(go(text), expected, "{text}");
        }
    }

    #[test]
    fn as_prometheus_reads_them() {
        for (text, expected) in [
            ("0", Some(0)),
            ("15s", Some(15 * SECOND)),
            ("1d12h", Some(36 * 3600 * SECOND)),
            ("1y", Some(365 * 24 * 3600 * SECOND)),
            ("1s500ms", Some(1_500_000_000)),
            ("12h1d", None),
            ("1m1m", None),
            ("1.5m", None),
            ("", None),
            ("5", None),
            ("-5m", None),
            ("9999y", None),
        ] {
            assert_eq!(prometheus(text), expected, "{text}");
        }
    }

    #[test]
    fn as_gateways_read_them() {
        for (text, expected) in [
            ("10s", Some(10 * SECOND)),
            ("0s", Some(0)),
            ("1m30s", Some(90 * SECOND)),
            ("1h1m1s1ms", Some(3_661_001_000_000)),
            ("1s1s1s1s1s", None),
            ("100000s", None),
            ("1.5s", None),
            ("", None),
        ] {
            assert_eq!(gateway(text), expected, "{text}");
        }
    }
}
