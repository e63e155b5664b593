//! What the API server decodes besides JSON: quantities, base64, times.

/// Whether a text is a quantity: `0.5`, `500m`, `1Gi`, `1e3`.
pub(crate) fn is_quantity(text: &str) -> bool {
    let rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(rest);
    let rest = &rest[whole..];
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => {
            let fraction = digits(rest);
            (fraction, &rest[fraction..])
        }
        None => (0, rest),
    };
    if whole + fraction == 0 {
        return false;
    }
    match rest {
        "" | "n" | "u" | "m" | "k" | "M" | "G" | "T" | "P" | "E" | "Ki" | "Mi" | "Gi" | "Ti" | "Pi" | "Ei" => true,
        _ => rest.strip_prefix(['e', 'E']).is_some_and(|exponent| {
            let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            !exponent.is_empty() && digits(exponent) == exponent.len()
        }),
    }
}

/// Whether a text is standard base64 with its padding. Line breaks count for nothing.
pub(crate) fn is_base64(text: &str) -> bool {
    let (mut count, mut padding) = (0_usize, 0_usize);
    for byte in text.bytes() {
        match byte {
            b'\n' | b'\r' => continue,
            b'=' => padding += 1,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => {}
            _ => return false,
        }
        count += 1;
    }
    padding <= 2 && count % 4 == 0
}

/// Whether a text is a time as RFC 3339 has it; with `micro`, with just six digits behind the second.
pub(crate) fn is_time(text: &str, micro: bool) -> bool {
    parse_time(text.as_bytes(), micro).is_some()
}

fn parse_time(text: &[u8], micro: bool) -> Option<()> {
    let number = |from: usize, to: usize| -> Option<u32> {
        let digits = text.get(from..to)?;
        let number = |sum: u32, &digit: &u8| digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0'));
        digits.iter().try_fold(0, number)
    };
    let at = |index: usize, wanted: u8| (text.get(index) == Some(&wanted)).then_some(());
    at(4, b'-').and(at(7, b'-')).and(at(10, b'T'))?;
    at(13, b':').and(at(16, b':'))?;
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => return None,
    };
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if day == 0 || day > days || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut rest = 19;
    if matches!(text.get(rest), Some(b'.' | b',')) {
        let digits = text
            .get(rest + 1..)?
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if digits == 0 || micro && digits != 6 {
            return None;
        }
        rest += 1 + digits;
    } else if micro {
        return None;
    }
    match text.get(rest..)? {
        [b'Z'] => Some(()),
        [b'+' | b'-', _, _, b':', _, _] => {
            (number(rest + 1, rest + 3)? <= 24 && number(rest + 4, rest + 6)? < 60).then_some(())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities() {
        for text in [
            "0", "1", "-1", "+1.5", ".5", "1.", "500m", "1Gi", "1E", "1e3", "1E-3", "0.1Ki", "100n", "1e+10",
        ] {
            assert!(is_quantity(text), "{text}");
        }
        for text in [
            "", "m", ".", "1 Gi", "1gi", "1GB", "1mi", "1e", "1Ki ", "one", "1.2.3", "0x1", "--1", "1K", "1Mib",
        ] {
            assert!(!is_quantity(text), "{text}");
        }
    }

    #[test]
    fn base64() {
        for text in ["", "YQ==", "YWI=", "YWJj", "YW\nJj\r\n", "+/8=", "YR=="] {
            assert!(is_base64(text), "{text}");
        }
        for text in ["a", "YQ=", "YQ", "Y Q==", "_-8=", "Y=Q=", "=", "YWJj====", "é==="] {
            assert!(!is_base64(text), "{text}");
        }
    }

    #[test]
    fn times() {
        for text in [
            "2024-02-29T23:59:59Z",
            "2024-01-01T00:00:00.5Z",
            "2024-01-01T00:00:00+01:30",
            "2000-02-29T00:00:00.123456789-08:00",
        ] {
            assert!(is_time(text, false), "{text}");
        }
        for text in [
            "",
            "2024-01-01",
            "2023-02-29T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01 00:00:00Z",
            "2024-01-01T00:00:00",
            "2024-01-01T00:00:00.Z",
            "2024-01-01t00:00:00z",
            "20240101T000000Z",
        ] {
            assert!(!is_time(text, false), "{text}");
        }
        assert!(is_time("2024-01-01T00:00:00.000001Z", true));
        assert!(!is_time("2024-01-01T00:00:00Z", true));
    }
}
