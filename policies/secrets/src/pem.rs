//! Private keys, in the forms they are kept in: PEM and OpenSSH, PGP, PuTTY, age, JWK, and PEM in Base64.
//!
//! Sources: RFC 7468 (PEM), RFC 9580 (PGP armour), RFC 7518 §6 (JWK), the age file format.

use std::ops::Range;

use plimsoll_sdk::kube::bytes::contains;

use crate::token::SHORTEST;

/// What begins a private key of age.
const AGE: &str = "AGE-SECRET-KEY-1";

/// What begins PEM in Base64.
const ENCODED: &str = "LS0tLS1CRUdJTi";

/// A private key in a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PrivateKey {
    /// Its bytes.
    pub range: Range<usize>,
    /// Whether a passphrase guards it.
    pub guarded: bool,
}

/// Whether a long run of letters and digits may be a key by itself.
#[must_use]
pub fn may_be(run: &[u8]) -> bool {
    run.starts_with(ENCODED.as_bytes()) || run.starts_with(AGE.as_bytes())
}

/// Whether a text may hold any of the others, which have long runs of letters and digits in them: quick.
#[must_use]
pub fn may_hold(text: &[u8]) -> bool {
    text.len() >= 64
        && (contains(text, "PRIVATE KEY")
            || text.starts_with(b"PuTTY-User-Key-File-")
            || text.starts_with(b"{") && contains(text, "\"kty\"") && contains(text, "\"d\""))
}

/// All private keys of a text that have a body, in order.
#[must_use]
pub fn find(text: &str) -> Vec<PrivateKey> {
    let mut found = Vec::new();
    blocks(text, &mut found);
    encoded(text, &mut found);
    for (at, _) in text.match_indices(AGE) {
        let rest = text.get(at + AGE.len()..).unwrap_or("");
        let body = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        if body == 58 && has_body(rest.get(..body).unwrap_or(""), 50) {
            found.push(PrivateKey {
                range: at..at + AGE.len() + body,
                guarded: false,
            });
        }
    }
    if text.starts_with("PuTTY-User-Key-File-")
        && let Some((_, lines)) = text.split_once("\nPrivate-Lines:")
        && has_body(lines, 64)
    {
        found.push(PrivateKey {
            range: 0..text.len(),
            guarded: text.contains("\nEncryption: aes"),
        });
    }
    found.extend(jwk(text));
    found.sort_by_key(|key| key.range.start);
    found
}

/// `-----BEGIN … PRIVATE KEY-----`, also with `\n` for line breaks, and armour of PGP.
fn blocks(text: &str, found: &mut Vec<PrivateKey>) {
    const BEGIN: &str = "-----BEGIN ";
    let mut from = 0;
    while let Some(start) = text.get(from..).and_then(|rest| rest.find(BEGIN)).map(|at| from + at) {
        from = start + BEGIN.len();
        let rest = text.get(from..).unwrap_or("");
        let Some(label) = rest
            .get(..rest.len().min(60))
            .or_else(|| rest.get(..rest.floor_char_boundary(60)))
        else {
            continue;
        };
        let Some((label, _)) = label.split_once("-----") else {
            continue;
        };
        let private = label.ends_with("PRIVATE KEY") || label == "PGP PRIVATE KEY BLOCK";
        let body_start = from + label.len() + 5;
        let body = text.get(body_start..).unwrap_or("");
        let length = body.find("-----").unwrap_or(body.len());
        let body = body.get(..length).unwrap_or("");
        from = body_start + length;
        if private && has_body(body, 64) {
            let end = text.get(from..).map_or(from, |rest| {
                let tail = rest
                    .strip_prefix("-----END ")
                    .and_then(|tail| Some(tail.split_once("-----")?.0.len()));
                from + tail
                    .filter(|&tail| tail < 60)
                    .map_or(0, |tail| "-----END -----".len() + tail)
            });
            found.push(PrivateKey {
                range: start..end,
                guarded: label.starts_with("ENCRYPTED") || body.contains("ENCRYPTED"),
            });
            from = end;
        }
    }
}

/// Whether a text has so many letters of Base64, enough different ones to be no template, and a run of them that no word is.
fn has_body(text: &str, least: usize) -> bool {
    let (mut seen, mut count) = (0u128, 0usize);
    let (mut run, mut longest) = (0, 0);
    let mut escaped = false;
    for byte in text.bytes() {
        // The `n` of `\n` is none.
        let letter = !escaped && byte.is_ascii_alphanumeric();
        run = if letter { run + 1 } else { 0 };
        longest = longest.max(run);
        if letter || matches!(byte, b'+' | b'/') {
            seen |= 1 << byte;
            count += 1;
        }
        escaped = byte == b'\\';
        if count >= least.max(256) && seen.count_ones() >= 16 && longest >= SHORTEST {
            break;
        }
    }
    count >= least && seen.count_ones() >= 16 && longest >= SHORTEST
}

/// PEM in Base64, as kubeconfigs hold it.
fn encoded(text: &str, found: &mut Vec<PrivateKey>) {
    for (at, _) in text.match_indices(ENCODED) {
        let rest = text.get(at..).unwrap_or("");
        let length = rest
            .bytes()
            .take_while(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
            .count();
        let decoded = rest.get(..length - length % 4).and_then(crate::base64::decode);
        let Some(decoded) = decoded.and_then(|bytes| String::from_utf8(bytes).ok()) else {
            continue;
        };
        let mut inner = Vec::new();
        blocks(&decoded, &mut inner);
        if let Some(key) = inner.first() {
            found.push(PrivateKey {
                range: at..at + length,
                guarded: key.guarded,
            });
        }
    }
}

/// A JSON Web Key with its private member.
fn jwk(text: &str) -> Option<PrivateKey> {
    if !text.starts_with('{') || !text.contains("\"kty\"") {
        return None;
    }
    let at = text.find("\"d\"")?;
    let value = text
        .get(at + 3..)?
        .trim_start()
        .strip_prefix(':')?
        .trim_start()
        .strip_prefix('"')?;
    let start = text.len() - value.len();
    let length = value.find('"')?;
    let letters = value.get(..length)?;
    let base64 = letters
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'='));
    (base64 && length >= 40 && crate::entropy::bits(letters) >= 4.0).then(|| PrivateKey {
        range: start..start + length,
        guarded: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters of Base64 that mean nothing.
    fn body(length: usize) -> String {
        (0..length)
            .map(|at| char::from(b"Fak3NotARealKeyButLettersOfTheAlphabet0123456789"[(at * 7 + at / 48) % 48]))
            .collect()
    }

    fn block(label: &str, body: &str) -> String {
        format!("-----{} {label}-----\n{body}\n-----END {label}-----\n", "BEGIN")
    }

    #[test]
    fn private_keys_are_found() {
        for label in [
            "PRIVATE KEY",
            "RSA PRIVATE KEY",
            "EC PRIVATE KEY",
            "OPENSSH PRIVATE KEY",
            "PGP PRIVATE KEY BLOCK",
        ] {
            let text = format!("a: |\n{}b: c\n", block(label, &body(128)));
            let found = find(&text);
            assert_eq!(found.len(), 1, "{label}");
            assert!(may_hold(text.as_bytes()));
            let key = text.get(found[0].range.clone()).unwrap_or("");
            assert!(key.starts_with("-----BEGIN") && key.ends_with("-----"), "{key}");
            assert!(!found[0].guarded);
        }
        assert!(find(&block("ENCRYPTED PRIVATE KEY", &body(128)))[0].guarded);
        assert_eq!(
            find(&format!(
                "{{\"k\":\"-----BEGIN PRIVATE KEY-----\\n{}\\n-----END PRIVATE KEY-----\\n\"}}",
                body(100)
            ))
            .len(),
            1
        );
        assert_eq!(find(&format!("{AGE}{}", body(58).to_uppercase())).len(), 1);
        let putty = format!(
            "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 2\n{}\n",
            body(100)
        );
        assert_eq!(find(&putty).len(), 1);
        let jwk = format!("{{\"kty\":\"EC\",\"d\":\"{}\"}}", body(43));
        assert_eq!(find(&jwk).len(), 1);
    }

    #[test]
    fn public_and_empty_ones_are_not() {
        for text in [
            block("PUBLIC KEY", &body(128)),
            block("CERTIFICATE", &body(128)),
            block("PRIVATE KEY", "..."),
            block("PRIVATE KEY", &"x".repeat(80)),
            block(
                "PRIVATE KEY",
                &"Put the key of your OpenVPN client here, in Base64. ".repeat(4),
            ),
            block("RSA PRIVATE KEY", "<your key>"),
            String::from("-----BEGIN PRIVATE KEY-----"),
            String::from("-----BEGIN "),
            format!("{{\"kty\":\"EC\",\"x\":\"{}\"}}", body(43)),
            format!("{AGE}{}", "Q".repeat(58)),
            String::from("grep -q 'BEGIN RSA PRIVATE KEY' /tls/key && echo a long enough line of shell"),
        ] {
            assert_eq!(find(&text), [], "{text}");
        }
    }

    #[test]
    fn keys_in_base64_are_found() {
        // Of `-----BEGIN`; the rest need not be more than letters, as what decodes to no key is none.
        let text = format!("client-key-data: LS0tLS1CRUdJTi{}", body(200));
        assert!(may_be(&text.as_bytes()[17..]));
        assert_eq!(find(&text), []);
    }
}
