//! Base64 as the API server takes it: the standard alphabet, padded, line breaks ignored.

/// The bytes, or `None` where the text is not Base64.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count, mut padding) = (0u32, 0, 0);
    for letter in text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')) {
        let value = match letter {
            b'=' => {
                padding += 1;
                continue;
            }
            _ if padding > 0 => return None,
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        count += 1;
        if count == 4 {
            bytes.extend([(bits >> 16) as u8, (bits >> 8) as u8, bits as u8]);
            (bits, count) = (0, 0);
        }
    }
    match (count, padding) {
        (0, 0) => {}
        (2, 2) => bytes.push((bits >> 4) as u8),
        (3, 1) => bytes.extend([(bits >> 10) as u8, (bits >> 2) as u8]),
        _ => return None,
    }
    Some(bytes)
}

/// The bytes of the alphabet that addresses use, without padding; `None` where the text is not of it.
#[must_use]
pub fn decode_url(text: &str) -> Option<Vec<u8>> {
    let mut standard: String = text
        .trim_end_matches('=')
        .chars()
        .map(|letter| match letter {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    while !standard.len().is_multiple_of(4) {
        standard.push('=');
    }
    decode(&standard)
}

#[cfg(test)]
mod tests {
    use super::{decode, decode_url};

    #[test]
    fn decodes_what_the_api_server_takes() {
        assert_eq!(decode("").as_deref(), Some(&b""[..]));
        assert_eq!(decode("YQ==").as_deref(), Some(&b"a"[..]));
        assert_eq!(decode("YWI=").as_deref(), Some(&b"ab"[..]));
        assert_eq!(decode("YWJj\nZGVm\r\n").as_deref(), Some(&b"abcdef"[..]));
        for text in ["YQ", "YQ=", "YWI", "Y", "YQ==YQ==", "Y-_=", "Y Q==", "===="] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    #[test]
    fn decodes_what_addresses_hold() {
        assert_eq!(decode_url("YQ").as_deref(), Some(&b"a"[..]));
        assert_eq!(decode_url("-_8=").as_deref(), Some(&[0xFB, 0xFF][..]));
        assert_eq!(decode_url("a"), None);
        assert_eq!(decode_url("a+b!"), None);
    }
}
