//! Quantities of resources (`500m`, `1.5Gi`), compared exactly.
//!
//! Source: Kubernetes API reference, `Quantity`: decimal and binary suffixes, decimal exponents; nothing is more precise than
//! a billionth (rounded away from zero) or larger than 2⁶³ − 1.

use crate::{Kind, Node, Value};

/// Billionths in one.
const NANO: i128 = 1_000_000_000;
/// The largest number that a quantity holds, in billionths.
const MAX: i128 = (i64::MAX as i128) * NANO;

/// An amount of a resource, as the API server understands it: exact to a billionth.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Quantity {
    nanos: i128,
}

impl Quantity {
    /// Nothing.
    pub const ZERO: Quantity = Quantity { nanos: 0 };

    /// A whole number.
    #[must_use]
    pub fn whole(number: i64) -> Self {
        Quantity {
            nanos: i128::from(number) * NANO,
        }
    }

    /// Reads a quantity as the API server does; none for what it refuses.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.as_bytes().first()? {
            b'-' => (true, text.get(1..)?),
            b'+' => (false, text.get(1..)?),
            _ => (false, text),
        };
        let end = unsigned
            .bytes()
            .position(|byte| !byte.is_ascii_digit() && byte != b'.')
            .unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at_checked(end)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return None;
        }
        let nanos = scale(whole, fraction, Unit::of(suffix)?);
        Some(Quantity {
            nanos: if negative { -nanos } else { nanos },
        })
    }

    /// What a field of a manifest says: a text or a number. Absent where that is no quantity.
    #[must_use]
    pub fn of(node: Node<'_>) -> Value<Self> {
        if !node.is_final() {
            return Value::Unknown;
        }
        if let Some(text) = node.original() {
            return Self::parse(text).into();
        }
        match node.kind() {
            Kind::Integer => node.integer().map(Self::whole),
            Kind::Float => match node.tree().float(node.index()) {
                Some(number) if number.is_finite() => Self::parse(&number.to_string()).into(),
                _ => Value::Absent,
            },
            _ => node.text().and_then(|text| Self::parse(text).into()),
        }
    }

    /// In whole units (bytes, cores), rounded away from zero.
    #[must_use]
    pub fn units(self) -> i64 {
        self.rounded(NANO)
    }

    /// In thousandths (millicores), rounded away from zero; the ends of the range where it is beyond them.
    #[must_use]
    pub fn thousandths(self) -> i64 {
        self.rounded(NANO / 1000)
    }

    fn rounded(self, step: i128) -> i64 {
        let magnitude = self.nanos.abs();
        let steps = magnitude / step + i128::from(magnitude % step != 0);
        let steps = i64::try_from(steps).unwrap_or(i64::MAX);
        if self.nanos < 0 { -steps } else { steps }
    }
}

/// What a suffix multiplies by.
#[derive(Clone, Copy)]
enum Unit {
    /// 1024 to this power.
    Binary(u32),
    /// Ten to this power.
    Decimal(i64),
}

impl Unit {
    fn of(suffix: &str) -> Option<Unit> {
        Some(match suffix {
            "" => Unit::Decimal(0),
            "n" => Unit::Decimal(-9),
            "u" => Unit::Decimal(-6),
            "m" => Unit::Decimal(-3),
            "k" => Unit::Decimal(3),
            "M" => Unit::Decimal(6),
            "G" => Unit::Decimal(9),
            "T" => Unit::Decimal(12),
            "P" => Unit::Decimal(15),
            "E" => Unit::Decimal(18),
            "Ki" => Unit::Binary(1),
            "Mi" => Unit::Binary(2),
            "Gi" => Unit::Binary(3),
            "Ti" => Unit::Binary(4),
            "Pi" => Unit::Binary(5),
            "Ei" => Unit::Binary(6),
            _ => {
                let exponent = suffix.strip_prefix(['e', 'E'])?;
                Unit::Decimal(exponent.parse().ok()?)
            }
        })
    }
}

/// `whole.fraction` times the unit, in billionths: rounded up, and no more than [`MAX`]. Both hold decimal digits alone.
fn scale(whole: &str, fraction: &str, unit: Unit) -> i128 {
    let (weight, exponent) = match unit {
        Unit::Binary(power) => (1024_i128.pow(power) * NANO, 0),
        Unit::Decimal(exponent) => (NANO, exponent),
    };
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|byte| byte - b'0').collect();
    if digits.iter().all(|&digit| digit == 0) {
        return 0;
    }
    // Where the point stands among the digits once the exponent has moved it.
    let point = i64::try_from(whole.len()).unwrap_or(i64::MAX).saturating_add(exponent);
    let split = usize::try_from(point).unwrap_or(0).min(digits.len());
    let (before, after) = digits.split_at(split);
    let mut value = before.iter().fold(0_i128, |value, &digit| {
        value.saturating_mul(10).saturating_add(i128::from(digit)).min(MAX)
    });
    // Zeros that the point jumped over; past 40 of them nothing changes any more.
    let length = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    for _ in 0..point.saturating_sub(length).clamp(0, 40) {
        value = value.saturating_mul(10).min(MAX);
    }
    // Rounding down at each step is rounding down once; any remainder rounds the whole up.
    let mut rest = 0_i128;
    let mut lost = false;
    let mut tenth = |sum: i128| {
        lost |= sum % 10 != 0;
        sum / 10
    };
    for &digit in after.iter().rev() {
        rest = tenth(rest + i128::from(digit) * weight);
    }
    for _ in 0..point.saturating_neg().clamp(0, 40) {
        rest = tenth(rest);
    }
    value
        .saturating_mul(weight)
        .saturating_add(rest + i128::from(lost))
        .min(MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos(text: &str) -> Option<i128> {
        Quantity::parse(text).map(|quantity| quantity.nanos)
    }

    #[test]
    fn forms() {
        for (text, expected) in [
            ("0", 0),
            ("1", NANO),
            ("+1", NANO),
            ("-1", -NANO),
            ("500m", NANO / 2),
            (".5", NANO / 2),
            ("1.", NANO),
            ("0.5Gi", 512 * 1024 * 1024 * NANO),
            ("1.5Ki", 1536 * NANO),
            ("1e3", 1000 * NANO),
            ("1E3", 1000 * NANO),
            ("1E", 1_000_000_000_000_000_000 * NANO),
            ("12e-1", 1_200_000_000),
            ("1e+2", 100 * NANO),
            ("3n", 3),
            ("2u", 2000),
            // Below a billionth: up, away from zero.
            ("0.1n", 1),
            ("-0.1n", -1),
            ("1.0000000001", NANO + 1),
            ("0.0000000001Ki", 103),
            ("1e-999999999999999999", 1),
            // Above 2^63 - 1: the largest.
            ("9223372036854775808", MAX),
            ("8Ei", MAX),
            ("1e99999", MAX),
            ("0e99999", 0),
            ("-99E", -MAX),
        ] {
            assert_eq!(nanos(text), Some(expected), "{text}");
        }
        let long = format!("0.{}1Ei", "0".repeat(100_000));
        assert_eq!(nanos(&long), Some(1));
    }

    #[test]
    fn refused() {
        for text in [
            "", ".", "+", "-", "m", "1.1.M", "1+1.0M", "0.1mi", "0.1am", "aoeu", ".5i", "1i", "-3.01i", "-3.01e-",
            " 1", "1 ", "1e", "1Mb", "1GB", "1ki", "500mm", "++1", "1,5", "½",
        ] {
            assert_eq!(nanos(text), None, "{text}");
        }
    }

    #[test]
    fn comparison_and_rounding() {
        let of = |text| Quantity::parse(text).expect("it is one");
        assert_eq!(of("1000m"), of("1"));
        assert_eq!(of("1024Mi"), of("1Gi"));
        assert!(of("1G") < of("1Gi"));
        assert!(of("999m") < Quantity::whole(1));
        assert_eq!(of("1.5Gi").units(), 1_610_612_736);
        assert_eq!(of("100m").units(), 1);
        assert_eq!(of("-100m").units(), -1);
        assert_eq!(of("0.1m").thousandths(), 1);
        assert_eq!(of("2").thousandths(), 2000);
        assert_eq!(of("8Ei").thousandths(), i64::MAX);
        assert_eq!(Quantity::whole(0), Quantity::ZERO);
    }
}
