//! Settings that turn the encryption of a connection off, or the check of who answers.
//!
//! Sources: libpq, Npgsql, SqlClient, MySQL Connector/J, go-sql-driver and MongoDB manuals (connection options); Node.js
//! documentation (`NODE_TLS_REJECT_UNAUTHORIZED`, `rejectUnauthorized`).

use std::ops::Range;

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
const KEYS: &[(&str, &[&str], Lost, bool)] = &[
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
    for (at, sign) in bytes.iter().enumerate().filter(|(_, byte)| matches!(byte, b'=' | b':')) {
        let Some(setting) = setting(text, at, *sign) else {
            continue;
        };
        found.push(setting);
        if found.len() == MAX_FOUND {
            break;
        }
    }
    found
}

fn setting(text: &str, at: usize, sign: u8) -> Option<Setting> {
    let bytes = text.as_bytes();
    let before = bytes.get(..at)?;
    let head = before
        .iter()
        .rev()
        .take_while(|byte| matches!(byte, b' ' | b'"' | b'\''))
        .count();
    let end = at - head;
    let is_key = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'_' | b'-' | b'.' | b' ');
    // `Trust Server Certificate=true` has blanks.
    let length = bytes.get(..end)?.iter().rev().take_while(is_key).take(40).count();
    let whole = text.get(end - length..end)?;
    // The key is the last word, or the last three.
    let words: Vec<&str> = whole.split(' ').filter(|word| !word.is_empty()).collect();
    let tail = |count: usize| words.get(words.len().checked_sub(count)?..).map(|words| words.concat());
    let known = |name: String| {
        // `spring.datasource.hikari.sslmode` is the last of its parts.
        let plain: String = name.to_ascii_lowercase().replace(['-', '_'], "");
        let last = plain.rsplit('.').next().unwrap_or_default().to_owned();
        KEYS.iter().find(|(key, ..)| *key == last)
    };
    let (&(_, values, lost, generic), count) = match tail(1).and_then(known) {
        Some(key) => (key, 1),
        None => (tail(3).and_then(known)?, 3),
    };
    let key = words.get(words.len().checked_sub(count)?..)?.join(" ");
    let start = end - length + whole.rfind(&key)?;
    let rest = text.get(at + 1..)?;
    let open = rest.len() - rest.trim_start_matches([' ', '"', '\'']).len();
    let value: String = rest
        .get(open..)?
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .take(24)
        .collect();
    if !values.contains(&value.to_ascii_lowercase().as_str()) {
        return None;
    }
    let around = around(text, start, at + 1 + open + value.len());
    let line = text.get(around.clone())?;
    let comment = line.trim_start().starts_with(['#', '!']) || line.trim_start().starts_with("//");
    let joined = sign == b'='
        && start
            .checked_sub(1)
            .and_then(|at| bytes.get(at))
            .is_some_and(|byte| matches!(byte, b'?' | b'&' | b';' | b','));
    let connection = line.contains("://") || joined_string(line);
    if comment || (generic && !(joined && connection)) {
        return None;
    }
    Some(Setting {
        range: start..at + 1 + open + value.len(),
        lost,
        around,
    })
}

/// Whether a line is a connection string of `key=value` parts.
fn joined_string(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    ["server=", "data source=", "host=", "jdbc:", "@tcp("]
        .iter()
        .any(|mark| lower.contains(mark))
}

/// The line around a range; within it the URL, where the range is in one.
fn around(text: &str, start: usize, end: usize) -> Range<usize> {
    let from = text
        .get(..start)
        .and_then(|head| head.rfind('\n'))
        .map_or(0, |at| at + 1);
    let to = text
        .get(end..)
        .and_then(|tail| tail.find('\n'))
        .map_or(text.len(), |at| end + at);
    let parts = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`');
    let word_from = text
        .get(from..start)
        .and_then(|head| head.rfind(parts))
        .map_or(from, |at| from + at + 1);
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
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
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
