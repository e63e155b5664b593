//! Tokens that are known by their form: a vendor's prefix and length, a JWT, a header with a user and a password.
//!
//! Sources: the vendors' documentation of their tokens; RFC 7519 (JWT), RFC 7617 (Basic authentication).

use std::ops::Range;

mod check;
mod table;

pub use table::Worth;
use table::{Alphabet, Format};

use crate::{base64, entropy};

/// A token in a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token {
    /// Whose it is.
    pub provider: &'static str,
    /// What it is.
    pub kind: &'static str,
    /// What it begins with, as far as all of its kind do.
    pub prefix: &'static str,
    /// Its bytes.
    pub range: Range<usize>,
    /// What it is worth.
    pub worth: Worth,
    /// Whether its own check sum denies it, or only its length speaks for it.
    pub doubtful: bool,
}

/// Shortest run of letters and digits that may be one.
pub const SHORTEST: usize = 20;

/// What tokens are made of, but for Base64 of some.
#[inline]
fn is_token(byte: u8) -> bool {
    static TOKEN: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0u8;
        while byte < 128 {
            table[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'~');
            byte += 1;
        }
        table
    };
    TOKEN[usize::from(byte)]
}

/// The runs of at least [`SHORTEST`] such bytes. Looks at one byte in so many, and around it where it fits.
pub fn runs(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = SHORTEST - 1;
    std::iter::from_fn(move || {
        while let Some(&byte) = bytes.get(at) {
            if !is_token(byte) {
                at += SHORTEST;
                continue;
            }
            let before = bytes.get(..at).unwrap_or(&[]);
            let start = before
                .iter()
                .rposition(|&byte| !is_token(byte))
                .map_or(0, |last| last + 1);
            let after = bytes.get(at..).unwrap_or(&[]);
            let end = after
                .iter()
                .position(|&byte| !is_token(byte))
                .map_or(bytes.len(), |next| at + next);
            at = end + SHORTEST;
            if end - start >= SHORTEST {
                return Some(start..end);
            }
        }
        None
    })
}

/// Whether a run of [`runs`] may begin a token: quick.
#[must_use]
pub fn may_be(run: &[u8]) -> bool {
    let [first, second, third, _, fifth, sixth, ..] = run else {
        return false;
    };
    let special = match first {
        b'e' => (*second, *third) == (b'y', b'J'),
        b'A' => *second == b'A',
        b's' => (*second, *third) == (b'k', b'-'),
        b'M' | b'N' | b'O' => run.contains(&b'.'),
        _ => false,
    };
    special
        || (*fifth, *sixth) == (b'Q', b'~')
        || run.get(14..23) == Some(b".atlasv1.")
        || table::beginning_with(*first)
            .iter()
            .any(|format| format.prefix.as_bytes().get(1) == Some(second) && run.starts_with(format.prefix.as_bytes()))
}

/// Whether the mark (`:` and others) at this place may be one that [`find`] looks behind: of a header with a credential, a
/// registry's login, the address of a webhook.
#[must_use]
pub fn is_telling(bytes: &[u8], mark: usize) -> bool {
    if bytes.get(mark) != Some(&b':') {
        return false;
    }
    let after = bytes.get(mark + 1..).unwrap_or(&[]);
    if after.starts_with(b"//") {
        after.starts_with(b"//hooks.slack.com/") || after.starts_with(b"//discord") || is_teams(after)
    } else {
        carries(bytes.get(..mark).unwrap_or(&[]))
    }
}

fn is_teams(after: &[u8]) -> bool {
    after.starts_with(b"//")
        && after
            .windows(19)
            .take(80)
            .any(|window| window == b".webhook.office.com")
}

/// Whether a key is one of a header or a registry's login.
fn carries(before: &[u8]) -> bool {
    let ends = |end: &[u8]| {
        before.len() >= end.len()
            && before
                .get(before.len() - end.len()..)
                .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    };
    match before {
        [.., b'n' | b'N'] => ends(b"authorization"),
        [.., b'n' | b'N', b'"'] => ends(b"authorization\""),
        [.., b'h', b'"'] => before.ends_with(b"\"auth\""),
        _ => false,
    }
}

/// All tokens of a text, in order; none overlaps another. Samples of manuals and stand-ins are left out.
#[must_use]
pub fn find(text: &str) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mut found: Vec<Token> = Vec::new();
    for run in runs(bytes) {
        let Some(piece) = text.get(run.clone()).filter(|piece| may_be(piece.as_bytes())) else {
            continue;
        };
        // A sentence may end behind it.
        let piece = piece.trim_end_matches(['.', '-', '~']);
        found.extend(token(text, run.start, piece).filter(|token| !is_sample(text.get(token.range.clone()))));
    }
    logins(text, &mut found);
    webhooks(text, &mut found);
    found.sort_by_key(|token| token.range.start);
    let mut end = 0;
    found.retain(|token| {
        let apart = token.range.start >= end;
        end = end.max(token.range.end);
        apart
    });
    found
}

/// The token that this run is.
fn token(text: &str, start: usize, run: &str) -> Option<Token> {
    let whole = |provider, kind, prefix, worth, doubtful| Token {
        provider,
        kind,
        prefix,
        range: start..start + run.len(),
        worth,
        doubtful,
    };
    if run.starts_with("eyJ") {
        return check::jwt(run).map(|(provider, kind, worth)| whole(provider, kind, "eyJ", worth, false));
    }
    if let Some(format) = table::beginning_with(*run.as_bytes().first()?)
        .iter()
        .find(|format| run.starts_with(format.prefix))
    {
        return of_format(text, start, run, format);
    }
    if run.starts_with("sk-") && run.len() >= 40 && run.contains("T3BlbkFJ") {
        return Some(whole("OpenAI", "API key", "sk-", Worth::Live, false));
    }
    // `bot123456789:AA…`: digits before a colon.
    let before = text.get(..start)?;
    if run.starts_with("AA") && run.len() == 35 {
        let digits = before
            .strip_suffix(':')?
            .bytes()
            .rev()
            .take_while(u8::is_ascii_digit)
            .count();
        return (8..=10)
            .contains(&digits)
            .then(|| whole("Telegram", "bot token", "AA", Worth::Live, false));
    }
    if run.get(4..6) == Some("Q~") && (37..=40).contains(&run.len()) && run.as_bytes().get(3)?.is_ascii_digit() {
        return Some(whole("Azure", "client secret", "", Worth::Live, false));
    }
    if let Some((name, body)) = run.split_once(".atlasv1.") {
        return (name.len() == 14 && body.len() >= 60)
            .then(|| whole("Terraform Cloud", "token", "", Worth::Live, false));
    }
    check::discord(run).then(|| whole("Discord", "bot token", "", Worth::Live, false))
}

fn of_format(text: &str, start: usize, run: &str, format: &'static Format) -> Option<Token> {
    let mut body = run.get(format.prefix.len()..)?;
    if format.alphabet == Alphabet::Base64 {
        let rest = text.get(start + format.prefix.len()..)?;
        let end = rest
            .find(|letter: char| {
                !letter.is_ascii_alphanumeric() && !matches!(letter, '+' | '/' | '=' | '_' | '-' | ',')
            })
            .unwrap_or(rest.len());
        body = rest.get(..end)?;
    }
    let of = |accept: fn(u8) -> bool| body.bytes().all(accept);
    let fits = match format.alphabet {
        Alphabet::Alnum => of(|byte| byte.is_ascii_alphanumeric()),
        Alphabet::Hex => of(|byte| byte.is_ascii_hexdigit()),
        Alphabet::Upper => of(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()),
        Alphabet::Word => of(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')),
        Alphabet::Dotted | Alphabet::Base64 => true,
        Alphabet::Groups => {
            of(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && body
                    .split('-')
                    .any(|group| group.len() >= 8 && group.bytes().all(|byte| byte.is_ascii_digit()))
        }
    };
    let (least, most) = format.length;
    if !fits || body.len() < least || body.len() > most || !is_random(body, format.alphabet) {
        return None;
    }
    let mut worth = format.worth;
    let mut doubtful = format.prefix == "key-";
    match format.prefix {
        // Key and id together open the account.
        "AKIA" | "ASIA" if check::is_aws_secret_near(text, start) => worth = Worth::Live,
        "ghp_" | "gho_" | "ghu_" | "ghs_" | "npm_" => doubtful = !check::has_checksum(body),
        "SG." if body.split('.').map(str::len).ne([22, 43]) => return None,
        _ => {}
    }
    Some(Token {
        provider: format.provider,
        kind: format.kind,
        prefix: format.prefix,
        range: start..start + format.prefix.len() + body.len(),
        worth,
        doubtful,
    })
}

/// Whether a body may have been drawn at random: enough different letters for its length.
fn is_random(body: &str, alphabet: Alphabet) -> bool {
    let bits = entropy::bits(body);
    match alphabet {
        Alphabet::Hex => bits >= 2.7,
        Alphabet::Upper => bits >= 2.5,
        _ => bits >= 3.0,
    }
}

/// Samples of manuals, and stand-ins.
fn is_sample(token: Option<&str>) -> bool {
    // Of Stripe's manual and of jwt.io; by their ends, so that no scanner takes this list for the tokens.
    const ENDS: &[&str] = &[
        "HqLyjWDarjtT1zdp7dc",
        "QT4fwpMeJf36POk6yJV_adQssw5c",
        "XbPfbIHMI6arZ3Y922BhjWgQzWXcXNrz0ogtVhfEd2o",
    ];
    token.is_none_or(|token| {
        let lower = token.to_ascii_lowercase();
        ENDS.iter().any(|end| token.ends_with(end))
            || [
                "example",
                "xxxx",
                "0000000000",
                "1234567890123456",
                "placeholder",
                "redacted",
                "changeme",
            ]
            .iter()
            .any(|mark| lower.contains(mark))
    })
}

/// `Authorization: Basic …`, and a registry's `"auth": "…"`: Base64 of a user and a password.
fn logins(text: &str, found: &mut Vec<Token>) {
    let bytes = text.as_bytes();
    for (at, _) in text.match_indices(':') {
        if !carries(bytes.get(..at).unwrap_or(&[])) {
            continue;
        }
        let registry = text.get(..at).is_some_and(|before| before.ends_with("\"auth\""));
        let rest = text.get(at + 1..).unwrap_or("");
        let value = rest.trim_start_matches([' ', '"', '\'']);
        let value = match (value.strip_prefix("Basic "), registry) {
            (Some(basic), _) => basic,
            (None, true) => value,
            (None, false) => continue,
        };
        let start = text.len() - value.len();
        let length = value
            .bytes()
            .take(512)
            .take_while(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
            .count();
        let login = value.get(..length).filter(|_| length >= 8).and_then(base64::decode);
        let login = login.and_then(|bytes| String::from_utf8(bytes).ok());
        let password = login.as_deref().and_then(|login| Some(login.split_once(':')?.1));
        if password.is_some_and(|password| crate::value::judge_password(password) == crate::value::Value::Literal) {
            found.push(Token {
                provider: if registry { "registry" } else { "HTTP Basic" },
                kind: "login",
                prefix: "",
                range: start..start + length,
                worth: Worth::Live,
                doubtful: false,
            });
        }
    }
}

/// Addresses where the address is all that it takes to post.
fn webhooks(text: &str, found: &mut Vec<Token>) {
    for (at, _) in text.match_indices("://") {
        let Some(scheme) = text.get(..at).filter(|before| before.ends_with("https")) else {
            continue;
        };
        let rest = text.get(at + 3..).unwrap_or("");
        let end = rest
            .bytes()
            .take(400)
            .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'<' | b'>' | b',' | b')'))
            .unwrap_or_else(|| rest.len().min(400));
        if let Some((provider, length)) = rest
            .get(..end)
            .and_then(|address| Some((check::webhook(address)?, address.len())))
        {
            let start = scheme.len() - "https".len();
            found.push(Token {
                provider,
                kind: "webhook address",
                prefix: "",
                range: start..at + 3 + length,
                worth: Worth::Live,
                doubtful: false,
            });
        }
    }
}

#[cfg(test)]
mod tests;
