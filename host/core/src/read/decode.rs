//! From bytes to text.

use std::sync::Arc;

use super::{Encoding, ReadError};

/// The text of a file and how it was stored. UTF-16 needs its byte order mark: without one kubectl's parser takes every
/// text for UTF-8 and stops at the first NUL.
///
/// # Errors
/// [`ReadError::Encoding`] for what is neither UTF-8 nor UTF-16, and for NUL characters, which no manifest holds.
pub(super) fn decode(bytes: &[u8]) -> Result<(Arc<str>, Encoding), ReadError> {
    let (text, encoding) = match bytes {
        [0xFF, 0xFE, rest @ ..] => (utf16(rest, u16::from_le_bytes)?, Encoding::Utf16Le),
        [0xFE, 0xFF, rest @ ..] => (utf16(rest, u16::from_be_bytes)?, Encoding::Utf16Be),
        [0xEF, 0xBB, 0xBF, rest @ ..] => (utf8(rest)?, Encoding::Utf8Bom),
        _ => (utf8(bytes)?, Encoding::Utf8),
    };
    if memchr::memchr(0, text.as_bytes()).is_some() {
        return Err(ReadError::Encoding);
    }
    Ok((text, encoding))
}

fn utf8(bytes: &[u8]) -> Result<Arc<str>, ReadError> {
    std::str::from_utf8(bytes)
        .map(Arc::from)
        .map_err(|_| ReadError::Encoding)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Arc<str>, ReadError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(ReadError::Encoding);
    }
    char::decode_utf16(pairs.iter().map(|&pair| unit(pair)))
        .collect::<Result<String, _>>()
        .map(Arc::from)
        .map_err(|_| ReadError::Encoding)
}

/// The first character that kubectl's YAML parser refuses wherever it stands: a control character other than tab and
/// line ends, or one of the last two of the basic plane.
pub(super) fn control(text: &str) -> Option<usize> {
    // A pass without branches over what is almost always fine.
    let suspect = text
        .as_bytes()
        .chunks(256)
        .any(|chunk| chunk.iter().fold(false, |found, &byte| found | is_suspect(byte)));
    if !suspect {
        return None;
    }
    text.char_indices().find(|&(_, c)| is_refused(c)).map(|(at, _)| at)
}

/// Whether a byte is refused or may start a refused character.
fn is_suspect(byte: u8) -> bool {
    (byte < 0x20) & (byte != b'\t') & (byte != b'\n') & (byte != b'\r')
        | (byte == 0x7F)
        | (byte == 0xC2)
        | (byte == 0xEF)
}

fn is_refused(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' | '\u{85}' => false,
        c => c < ' ' || ('\u{7F}'..'\u{A0}').contains(&c) || matches!(c, '\u{FFFE}' | '\u{FFFF}'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16_bytes(mark: [u8; 2], text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        mark.into_iter().chain(text.encode_utf16().flat_map(bytes)).collect()
    }

    #[test]
    fn every_encoding_gives_the_same_text() {
        let text = "a: ü𝄞\n";
        let marked = [b"\xEF\xBB\xBF", text.as_bytes()].concat();
        let little = utf16_bytes([0xFF, 0xFE], text, u16::to_le_bytes);
        let big = utf16_bytes([0xFE, 0xFF], text, u16::to_be_bytes);
        for (bytes, encoding) in [
            (text.as_bytes(), Encoding::Utf8),
            (&marked, Encoding::Utf8Bom),
            (&little, Encoding::Utf16Le),
            (&big, Encoding::Utf16Be),
        ] {
            assert_eq!(decode(bytes), Ok((Arc::from(text), encoding)));
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for bytes in [
            &b"a: \xFF\xFE"[..],
            b"\xFF\xFEa",
            b"\xFF\xFE\x00\xD8",
            b"a\0:\0 \0b\0",
            b"\x7FELF\0\0\0",
        ] {
            assert_eq!(decode(bytes), Err(ReadError::Encoding));
        }
    }

    #[test]
    fn control_characters_are_found() {
        assert_eq!(control("a: b\tc\r\n\u{85}\u{FEFF}é"), None);
        assert_eq!(control("ab\u{7}"), Some(2));
        assert_eq!(control("é\u{80}"), Some(2));
        assert_eq!(control(&format!("{}\u{FFFF}", "x".repeat(600))), Some(600));
    }
}
