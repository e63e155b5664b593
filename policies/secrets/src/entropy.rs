//! Does a value look random? Asked only where a name merely hints at a credential.

/// Shannon entropy in bits per byte; 0 for the empty text.
#[must_use]
pub fn bits(text: &str) -> f64 {
    let mut counts = [0u32; 256];
    for &byte in text.as_bytes() {
        counts[usize::from(byte)] += 1;
    }
    #[allow(clippy::cast_precision_loss, reason = "a text's length is far below 2^52")]
    let length = text.len() as f64;
    counts
        .iter()
        .filter(|&&count| count > 0)
        .map(|&count| {
            let share = f64::from(count) / length;
            -share * share.log2()
        })
        .sum()
}

/// Whether a value looks like a generated credential: 16 characters or more with 3.5 bits each (hexadecimal: 32 with 3),
/// and neither words, nor a sequence, a version, a digest, or a name of the kind that Kubernetes gives.
#[must_use]
pub fn looks_random(value: &str) -> bool {
    // Credentials are short; whole files are judged by what they hold.
    if !(16..=512).contains(&value.len()) || !value.is_ascii() || value.contains(char::is_whitespace) {
        return false;
    }
    let bits = bits(value);
    let hex = value.bytes().all(|byte| byte.is_ascii_hexdigit());
    let enough = if hex {
        value.len() >= 32 && bits >= 3.0
    } else {
        bits >= 3.5
    };
    enough && !is_digest(value) && !is_sequence(value) && !is_words(value)
}

/// `sha256:…` and the like.
fn is_digest(value: &str) -> bool {
    value.split_once(':').is_some_and(|(name, rest)| {
        matches!(name, "sha1" | "sha256" | "sha384" | "sha512" | "md5")
            && rest.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// `abcdefgh…`, `0123456789…`: most characters follow their neighbour.
fn is_sequence(value: &str) -> bool {
    let bytes = value.as_bytes();
    let next = bytes
        .windows(2)
        .filter(|pair| matches!(pair, [a, b] if a.wrapping_add(1) == *b || a == b))
        .count();
    next * 2 > bytes.len()
}

/// Words, resource names, versions, addresses: cut at separators and humps, most of it can be spoken or counted.
fn is_words(value: &str) -> bool {
    let mut spoken = 0;
    let mut pieces = 0;
    let mut letters = 0;
    for piece in value.split(|letter: char| !letter.is_ascii_alphanumeric()) {
        for word in humps(piece) {
            letters += word.len();
            pieces += 1;
            if is_word(word) || word.bytes().all(|byte| byte.is_ascii_digit()) {
                spoken += word.len();
            }
        }
    }
    // One case and no digit, or two words and more that make up most of it.
    let plain = !value.bytes().any(|byte| byte.is_ascii_digit())
        && (!value.bytes().any(|byte| byte.is_ascii_uppercase())
            || !value.bytes().any(|byte| byte.is_ascii_lowercase()));
    plain || letters == 0 || (pieces >= 2 && spoken * 10 >= letters * 6)
}

/// Cuts before each capital that follows a small letter, and between letters and digits.
fn humps(piece: &str) -> impl Iterator<Item = &str> {
    let mut rest = piece;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest
            .as_bytes()
            .windows(2)
            .position(|pair| match pair {
                [a, b] => {
                    (a.is_ascii_lowercase() && b.is_ascii_uppercase()) || (a.is_ascii_digit() != b.is_ascii_digit())
                }
                _ => false,
            })
            .map_or(rest.len(), |at| at + 1);
        let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        rest = after;
        Some(word)
    })
}

/// Whether it can be spoken: three letters or more, of one case but for the first, with vowels, and never four consonants
/// in a row.
fn is_word(word: &str) -> bool {
    let mut run = 0;
    let mut vowels = 0;
    for (at, byte) in word.bytes().enumerate() {
        if !byte.is_ascii_alphabetic()
            || (at > 1 && byte.is_ascii_uppercase() != word.as_bytes()[1].is_ascii_uppercase())
        {
            return false;
        }
        if matches!(byte.to_ascii_lowercase(), b'a' | b'e' | b'i' | b'o' | b'u' | b'y') {
            vowels += 1;
            run = 0;
        } else {
            run += 1;
        }
        if run > 4 {
            return false;
        }
    }
    word.len() >= 3 && vowels * 5 >= word.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_counts_bits_per_character() {
        assert!(bits("") == 0.0);
        assert!(bits("aaaa") == 0.0);
        assert!((bits("abab") - 1.0).abs() < 1e-9);
        assert!((bits("0123456789abcdef") - 4.0).abs() < 1e-9);
    }

    #[test]
    fn generated_values_look_random() {
        for value in [
            "q7Vx2LmZp0RtYw8K",
            "Zk3-9dQx_41Lw.8sTb7Vh2",
            "9f8b1c3d7e2a4f60b5d8c9e1a7f3402b",
            "dGVzdC1ub3QtcmVhbC1rZXktMDAwMQ==",
        ] {
            assert!(looks_random(value), "{value}");
        }
    }

    #[test]
    fn words_names_versions_and_sequences_do_not() {
        for value in [
            "",
            "short",
            "/var/lib/app/cache",
            "orders-database-primary",
            "ordersDatabasePrimaryReplica",
            "app.kubernetes.io/name",
            "release-2024.11.03-build7",
            "abcdefghijklmnopqrstuvwxyz0123456789",
            "sha256:9f8b1c3d7e2a4f60b5d8c9e1a7f3402b9f8b1c3d7e2a4f60b5d8c9e1a7f3402b",
            "9f8b1c3d7e2a4f60",
            "some words that make a sentence",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "correcthorsebatterystaple",
            "registry.example.com/shop/web",
        ] {
            assert!(!looks_random(value), "{value}");
        }
    }
}
