//! Settings that turn the encryption of a connection off, or the check of who answers.
//!
//! Sources: libpq, Npgsql, SqlClient, MySQL Connector/J, go-sql-driver and MongoDB manuals (connection options); Node.js
//! documentation (`NODE_TLS_REJECT_UNAUTHORIZED`, `rejectUnauthorized`).

use std::ops::Range;

use plimsoll_sdk::kube::bytes::{are, places};

/// What a setting takes away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lost {
    /// Nothing is encrypted.
    Encryption,
    /// Whoever answers is believed.
    Identity,
}

/// A setting found in a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Setting {
    /// Key, sign and value, in bytes of the text.
    pub range: Range<usize>,
    /// What it takes away.
    pub lost: Lost,
    /// The part of the text that it belongs to: a URL, a connection string, a line.
    pub around: Range<usize>,
}

/// Longest text that is looked through, in bytes.
const MAX_LENGTH: usize = 256 << 10;

/// More settings than this in one text say nothing new.
const MAX_FOUND: usize = 16;

/// Key in lower case without `-`, `_` and `.`; the values that are meant; what they take away; whether the key says nothing
/// outside of a connection string.
const KEYS: &[Key] = &[
    ("encrypt", &["false", "no"], Lost::Encryption, true),
    ("rejectunauthorized", &["false", "0"], Lost::Identity, false),
    ("ssl", &["false", "0", "off", "disabled"], Lost::Encryption, true),
    (
        "sslmode",
        &["disable", "disabled", "allow", "none"],
        Lost::Encryption,
        false,
    ),
    ("sslverify", &["false", "0"], Lost::Identity, true),
    ("tls", &["false", "0"], Lost::Encryption, true),
    ("tlsallowinvalidcertificates", &["true"], Lost::Identity, true),
    ("tlsinsecure", &["true"], Lost::Identity, true),
    ("trustservercertificate", &["true", "yes"], Lost::Identity, false),
    ("usessl", &["false"], Lost::Encryption, false),
    ("verifyservercertificate", &["false"], Lost::Identity, false),
    ("verifyssl", &["false", "0"], Lost::Identity, false),
];

/// The settings in a text: those of connection strings and URLs, and of files with one on a line.
pub fn settings(text: &str) -> Vec<Setting> {
    let mut found = Vec::new();
    if text.len() > MAX_LENGTH {
        return found;
    }
    let bytes = text.as_bytes();
    for at in places(bytes, |word, _| are(word, b'=') | are(word, b':')) {
        let Some(&sign @ (b'=' | b':')) = bytes.get(at) else {
            continue;
        };
        let Some(setting) = setting(text, at, sign) else {
            continue;
        };
        found.push(setting);
        if found.len() == MAX_FOUND {
            break;
        }
    }
    found
}

/// The setting whose sign is at this byte. Value and key are compared where they stand, for nearly all signs are of others.
fn setting(text: &str, at: usize, sign: u8) -> Option<Setting> {
    let bytes = text.as_bytes();
    let blank = |byte: &&u8| matches!(**byte, b' ' | b'"' | b'\'');
    let rest = bytes.get(at + 1..)?;
    let open = rest.iter().take_while(blank).take(4).count();
    let rest = rest.get(open..)?;
    let before = bytes.get(..at)?;
    let end = at - before.iter().rev().take_while(blank).take(4).count();
    let head = bytes.get(end.saturating_sub(MAX_KEY)..end)?;
    if !may_begin_value(*rest.first()?) || !may_end_key(*head.last()?) {
        return None;
    }
    let length = rest
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        .take(10)
        .count();
    let value = rest.get(..length)?;
    if !VALUES.iter().any(|known| value.eq_ignore_ascii_case(known.as_bytes())) {
        return None;
    }
    let (&(_, values, lost, generic), length) = key_at_end(head)?;
    if !values.iter().any(|known| value.eq_ignore_ascii_case(known.as_bytes())) {
        return None;
    }
    let range = end - length..at + 1 + open + value.len();
    let around = around(text, range.start, range.end);
    let line = text.get(around.clone())?;
    let comment = line.trim_start().starts_with(['#', '!']) || line.trim_start().starts_with("//");
    let first = range.start.checked_sub(1).and_then(|at| bytes.get(at));
    let joined = sign == b'=' && first.is_some_and(|byte| matches!(byte, b'?' | b'&' | b';' | b','));
    let connection = line.contains("://") || joined_string(line);
    if comment || (generic && !(joined && connection)) {
        return None;
    }
    Some(Setting { range, lost, around })
}

/// Longest key, in bytes.
const MAX_KEY: usize = 48;

/// Every value of [`KEYS`].
const VALUES: &[&str] = &[
    "0", "allow", "disable", "disabled", "false", "no", "none", "off", "true", "yes",
];

/// Whether a value of [`VALUES`] may begin so.
fn may_begin_value(byte: u8) -> bool {
    matches!(
        byte.to_ascii_lowercase(),
        b'0' | b'a' | b'd' | b'f' | b'n' | b'o' | b't' | b'y'
    )
}

/// Whether a key of [`KEYS`] may end so as it is written.
fn may_end_key(byte: u8) -> bool {
    matches!(
        byte.to_ascii_lowercase(),
        b'd' | b'e' | b'l' | b's' | b't' | b'y' | b'-' | b'_'
    )
}

/// A key of [`KEYS`].
type Key = (&'static str, &'static [&'static str], Lost, bool);

/// The key that stands at the end of some bytes, without regard to case, `-` and `_`, and its length there. The last part of
/// `spring.datasource.sslmode` is one; `nossl` is none. `Trust Server Certificate` has blanks.
fn key_at_end(bytes: &[u8]) -> Option<(&'static Key, usize)> {
    let spaced = b"trust server certificate";
    if let Some(tail) = bytes.len().checked_sub(spaced.len()).and_then(|at| bytes.get(at..))
        && tail.eq_ignore_ascii_case(spaced)
    {
        let key = KEYS.iter().find(|(key, ..)| *key == "trustservercertificate")?;
        return Some((key, spaced.len()));
    }
    let is_key = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'_' | b'-');
    let length = bytes.iter().rev().take_while(is_key).count();
    let written = bytes.get(bytes.len() - length..)?;
    let plain = |byte: &&u8| !matches!(**byte, b'_' | b'-');
    let count = written.iter().filter(plain).count();
    let same = |key: &str| {
        key.len() == count
            && written
                .iter()
                .filter(plain)
                .zip(key.bytes())
                .all(|(byte, other)| byte.eq_ignore_ascii_case(&other))
    };
    KEYS.iter().find(|(key, ..)| same(key)).map(|key| (key, length))
}

/// Whether a line is a connection string of `key=value` parts.
fn joined_string(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    ["server=", "data source=", "host=", "jdbc:", "@tcp("]
        .iter()
        .any(|mark| lower.contains(mark))
}

/// How far the text around a setting is looked at, in bytes to each side.
const MAX_AROUND: usize = 2048;

/// The line around a range; within it the URL, where the range is in one.
fn around(text: &str, start: usize, end: usize) -> Range<usize> {
    let mut first = start.saturating_sub(MAX_AROUND);
    while !text.is_char_boundary(first) {
        first += 1;
    }
    let mut last = end.saturating_add(MAX_AROUND).min(text.len());
    while !text.is_char_boundary(last) {
        last -= 1;
    }
    let from = text
        .get(first..start)
        .and_then(|head| head.rfind('\n'))
        .map_or(first, |at| first + at + 1);
    let to = text
        .get(end..last)
        .and_then(|tail| tail.find('\n'))
        .map_or(last, |at| end + at);
    let parts = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`');
    let word_from = text
        .get(from..start)
        .and_then(|head| head.char_indices().rfind(|&(_, c)| parts(c)))
        .map_or(from, |(at, c)| from + at + c.len_utf8());
    let word_to = text
        .get(end..to)
        .and_then(|tail| tail.find(parts))
        .map_or(to, |at| end + at);
    match text.get(word_from..word_to) {
        Some(word) if word.contains("://") => word_from..word_to,
        _ => from..to,
    }
}

/// What a variable or key of this name and value takes away, by its name alone: `PGSSLMODE=disable`, `DB_SSL=false`.
pub fn named(name: &str, value: &str) -> Option<Lost> {
    // Nearly every name ends otherwise, and nearly every value is longer.
    let ends = [
        "sslmode",
        "ssl_mode",
        "ssl",
        "tls",
        "enabled",
        "unauthorized",
        "certificate",
    ];
    let tail = |end: &str| {
        let at = name.len().checked_sub(end.len());
        at.and_then(|at| name.as_bytes().get(at..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
    };
    if value.len() > 12 || name.len() > 128 || !ends.into_iter().any(tail) {
        return None;
    }
    let (name, value) = (name.to_ascii_uppercase(), value.trim().to_ascii_lowercase());
    if name == "NODE_TLS_REJECT_UNAUTHORIZED" {
        return (value == "0").then_some(Lost::Identity);
    }
    if name.ends_with("SSLMODE") || name.ends_with("SSL_MODE") {
        return matches!(value.as_str(), "disable" | "disabled" | "allow").then_some(Lost::Encryption);
    }
    let off = matches!(value.as_str(), "false" | "0" | "no" | "off" | "disable" | "disabled");
    if name.ends_with("REJECT_UNAUTHORIZED") {
        return off.then_some(Lost::Identity);
    }
    if name.ends_with("TRUST_SERVER_CERTIFICATE") || name.ends_with("TRUSTSERVERCERTIFICATE") {
        return matches!(value.as_str(), "true" | "1" | "yes").then_some(Lost::Identity);
    }
    let database = [
        "DB_",
        "DATABASE_",
        "PG",
        "POSTGRES",
        "MYSQL",
        "MARIADB",
        "MONGO",
        "REDIS",
        "SQL",
        "MSSQL",
    ];
    let switch = [
        "_SSL",
        "_TLS",
        "_USE_SSL",
        "_USE_TLS",
        "_SSL_ENABLED",
        "_TLS_ENABLED",
        "_ENABLE_SSL",
        "_ENABLE_TLS",
    ];
    let meant = database.iter().any(|head| name.starts_with(head)) && switch.iter().any(|end| name.ends_with(end));
    (meant && off).then_some(Lost::Encryption)
}

/// What is left of a name before the word that says its TLS: `DB_` of `DB_SSL_MODE`, `PG` of `PGSSLMODE`.
pub fn stem(name: &str) -> &str {
    let upper = name.to_ascii_uppercase();
    let cut = ["SSL", "TLS", "TRUST", "USE_", "ENABLE_"]
        .iter()
        .filter_map(|word| upper.find(word))
        .min();
    cut.and_then(|at| name.get(..at)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&str, Lost)> {
        settings(text)
            .into_iter()
            .map(|setting| (text.get(setting.range).unwrap_or_default(), setting.lost))
            .collect()
    }

    #[test]
    fn settings_of_drivers_are_found() {
        for (text, expected) in [
            (
                "postgres://u:p@db:5432/x?sslmode=disable",
                vec![("sslmode=disable", Lost::Encryption)],
            ),
            (
                "postgres://u:p@db/x?a=b&sslmode=allow&c=d",
                vec![("sslmode=allow", Lost::Encryption)],
            ),
            (
                "host=db user=u sslmode=disable",
                vec![("sslmode=disable", Lost::Encryption)],
            ),
            (
                "jdbc:mysql://db/x?useSSL=false",
                vec![("useSSL=false", Lost::Encryption)],
            ),
            (
                "jdbc:mysql://db/x?sslMode=DISABLED",
                vec![("sslMode=DISABLED", Lost::Encryption)],
            ),
            (
                "jdbc:postgresql://db/x?ssl=false",
                vec![("ssl=false", Lost::Encryption)],
            ),
            ("u:p@tcp(db:3306)/x?tls=false", vec![("tls=false", Lost::Encryption)]),
            (
                "Server=db;Database=x;Encrypt=False;TrustServerCertificate=True",
                vec![
                    ("Encrypt=False", Lost::Encryption),
                    ("TrustServerCertificate=True", Lost::Identity),
                ],
            ),
            (
                "Server=db;Trust Server Certificate=true",
                vec![("Trust Server Certificate=true", Lost::Identity)],
            ),
            (
                "database:\n  sslmode: disable\n",
                vec![("sslmode: disable", Lost::Encryption)],
            ),
            (
                "{\"rejectUnauthorized\": false}",
                vec![("rejectUnauthorized\": false", Lost::Identity)],
            ),
            (
                "mongodb://db/?tlsAllowInvalidCertificates=true",
                vec![("tlsAllowInvalidCertificates=true", Lost::Identity)],
            ),
            ("postgres://db/x?sslmode=require", vec![]),
            ("postgres://db/x?sslmode=prefer", vec![]),
            ("ssl: false", vec![]),
            ("ssl=false", vec![]),
            ("# sslmode=disable", vec![]),
            ("tls=false", vec![]),
            ("nossl=false", vec![]),
            ("", vec![]),
            ("=", vec![]),
            ("é=false:é", vec![]),
            (
                "spring.datasource.sslmode=disable",
                vec![("sslmode=disable", Lost::Encryption)],
            ),
            ("ssl-mode = DISABLED", vec![("ssl-mode = DISABLED", Lost::Encryption)]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn a_long_line_is_looked_at_in_part() {
        let text = format!(
            "{}postgres://db/x?sslmode=disable{}",
            "é ".repeat(3000),
            " ü".repeat(3000)
        );
        let all = settings(&text);
        let [one] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!(text.get(one.around.clone()), Some("postgres://db/x?sslmode=disable"));
        assert_eq!(settings(&"?ssl=false".repeat(30_000)).len(), 0);
    }

    #[test]
    fn names_of_variables_say_it() {
        assert_eq!(named("PGSSLMODE", "disable"), Some(Lost::Encryption));
        assert_eq!(named("DB_SSL_MODE", "DISABLED"), Some(Lost::Encryption));
        assert_eq!(named("DB_SSL", "false"), Some(Lost::Encryption));
        assert_eq!(named("NODE_TLS_REJECT_UNAUTHORIZED", "0"), Some(Lost::Identity));
        assert_eq!(named("NODE_TLS_REJECT_UNAUTHORIZED", "1"), None);
        assert_eq!(named("PGSSLMODE", "verify-full"), None);
        assert_eq!(named("INGRESS_TLS", "false"), None);
        assert_eq!(named("SSL", "false"), None);
        assert_eq!(stem("DB_SSL_MODE"), "DB_");
        assert_eq!(stem("PGSSLMODE"), "PG");
        assert_eq!(stem("DB_USE_SSL"), "DB_");
    }
}
