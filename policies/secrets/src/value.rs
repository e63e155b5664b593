//! What stands where a credential is expected: a literal one, or a reference, a hash, a path, a stand-in?

use plimsoll_sdk::kube::bytes::contains_any;
use plimsoll_sdk::kube::hosts::scan::has_mark;

use crate::{entropy, placeholder};

/// What a value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value {
    /// Nothing that opens anything: empty, a boolean, a path, an address, a public key, the name of a resource.
    Harmless,
    /// It refers to where the credential is kept.
    Reference,
    /// A hash of a password, or an encrypted text.
    Protected,
    /// A stand-in for a credential that comes later.
    Placeholder,
    /// None of these: under a name that promises a credential, it is one.
    Literal,
}

/// Judges a value that stands where a credential is expected; the first that fits.
#[must_use]
pub fn judge(value: &str) -> Value {
    let value = value.trim();
    if is_nothing(value) {
        Value::Harmless
    } else if is_reference(value) {
        Value::Reference
    } else if is_protected(value) {
        Value::Protected
    } else if is_path(value) || is_address(value) || is_public(value) || is_digest(value) {
        Value::Harmless
    } else if placeholder::is_placeholder(value) {
        Value::Placeholder
    } else {
        Value::Literal
    }
}

/// The same for the password of an address or DSN, where a path or an address is no more likely than anywhere else in a
/// password.
#[must_use]
pub fn judge_password(password: &str) -> Value {
    if password.trim().is_empty() {
        Value::Harmless
    } else if is_reference(password) || is_shell_variable(password) {
        Value::Reference
    } else if placeholder::is_placeholder(password) || placeholder::is_placeholder(&unescaped(password)) {
        Value::Placeholder
    } else {
        Value::Literal
    }
}

/// Percent-escapes of ASCII read; for comparing with stand-ins only.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(rest.get(..at).unwrap_or(""));
        rest = rest.get(at + 1..).unwrap_or("");
        match rest.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if byte.is_ascii() => {
                out.push(char::from(byte));
                rest = rest.get(2..).unwrap_or("");
            }
            _ => out.push('%'),
        }
    }
    out.push_str(rest);
    out
}

fn is_any(value: &str, texts: &[&str]) -> bool {
    texts.iter().any(|text| value.eq_ignore_ascii_case(text))
}

fn starts_with_any(value: &str, texts: &[&str]) -> bool {
    texts.iter().any(|text| value.starts_with(text))
}

/// Empty, a boolean, or a word for nothing.
fn is_nothing(value: &str) -> bool {
    const NOTHING: &[&str] = &[
        "true",
        "false",
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
        "0",
        "1",
        "null",
        "none",
        "nil",
        "undefined",
        "disabled",
        "enabled",
        "-",
        "~",
        "\"\"",
        "''",
        "{}",
        "[]",
    ];
    value.is_empty() || is_any(value, NOTHING)
}

/// It says where the credential is kept, or what puts it in.
#[must_use]
pub fn is_reference(value: &str) -> bool {
    const STARTS: &[&str] = &[
        "ref+",
        "secretref+",
        "vault:",
        "op://",
        "ssm:",
        "azurekeyvault://",
        "sm://",
        "gcpsm",
        "file:",
        "awssm",
        "keyvault:",
        "@Microsoft.KeyVault(",
    ];
    has_mark(value)
        || contains_any(value, &["$__file{", "$__env{"])
        || starts_with_any(value, STARTS)
        || value.starts_with("arn:") && (value.contains(":secretsmanager:") || value.contains(":ssm:"))
        || value.starts_with("projects/") && value.contains("/secrets/")
        || is_between(value, "%(", ")s")
        || is_between(value, "@", "@")
        || is_between(value, "%", "%")
        || is_variable(value)
}

/// Whether a name of letters, digits, `_`, `-` and `.` stands between these.
fn is_between(value: &str, open: &str, close: &str) -> bool {
    value
        .strip_prefix(open)
        .and_then(|rest| rest.strip_suffix(close))
        .is_some_and(|name| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
        })
}

/// `$NAME`, in capitals: a name in small letters might as well be a password that starts with a dollar sign.
fn is_variable(value: &str) -> bool {
    value.strip_prefix('$').is_some_and(|name| {
        name.starts_with(|first: char| first.is_ascii_uppercase() || first == '_')
            && name
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    })
}

/// `$name`, `$1`, `$@`: what a shell would replace.
fn is_shell_variable(value: &str) -> bool {
    value.strip_prefix('$').is_some_and(|name| {
        matches!(name, "@" | "*" | "#" | "?") || {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        }
    })
}

/// Encrypted, or a hash of a password.
fn is_protected(value: &str) -> bool {
    const STARTS: &[&str] = &[
        "ENC[",
        "ENC(",
        "-----BEGIN AGE ENCRYPTED FILE-----",
        "-----BEGIN PGP MESSAGE-----",
        "$2a$",
        "$2b$",
        "$2x$",
        "$2y$",
        "$argon2",
        "$scrypt$",
        "$pbkdf2",
        "$apr1$",
        "$1$",
        "$5$",
        "$6$",
        "$y$",
        "pbkdf2",
        "SCRAM-SHA-",
        "{SHA}",
        "{SSHA}",
        "{bcrypt}",
        "sealed:",
    ];
    // Behind a user's name: a line of a password file.
    let line = value
        .split_once(':')
        .map_or("", |(user, rest)| if user.contains(' ') { "" } else { rest });
    starts_with_any(value, STARTS)
        || starts_with_any(line, STARTS)
        || value
            .strip_prefix("md5")
            .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// A path of a file or folder, or a file's name.
fn is_path(value: &str) -> bool {
    const ENDS: &[&str] = &[
        ".json",
        ".txt",
        ".pem",
        ".key",
        ".crt",
        ".cer",
        ".yaml",
        ".yml",
        ".conf",
        ".cfg",
        ".ini",
        ".jks",
        ".p12",
        ".pfx",
        ".properties",
        ".toml",
        ".env",
        ".pub",
    ];
    let simple = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/' | b'~' | b'*'))
    };
    let rooted = starts_with_any(value, &["/", "./", "../", "~/"]) && simple(value);
    let windows = matches!(value.as_bytes(), [drive, b':', b'\\', ..] if drive.is_ascii_alphabetic());
    // Standard Base64 may begin with a slash, too; it has no dot and mixes what paths do not.
    let random = !value.contains('.') && value.len() >= 16 && entropy::looks_random(value);
    let file = simple(value) && ENDS.iter().any(|end| value.len() > end.len() && value.ends_with(end));
    (rooted && !random) || windows || file
}

/// A path from somewhere: words between slashes, in small letters.
#[must_use]
pub fn is_relative_path(value: &str) -> bool {
    value.contains('/')
        && value
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'/' | b'.' | b'_' | b'-'))
        && !entropy::looks_random(value)
}

/// An address without a password: it may be what a name speaks of, and opens nothing.
fn is_address(value: &str) -> bool {
    value.split_once("://").is_some_and(|(scheme, _)| {
        scheme.len() >= 2
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b':'))
    })
}

/// A certificate, a public key, a key set without private members.
fn is_public(value: &str) -> bool {
    const STARTS: &[&str] = &[
        "-----BEGIN CERTIFICATE",
        "-----BEGIN PUBLIC KEY",
        "-----BEGIN RSA PUBLIC KEY",
        "-----BEGIN PGP PUBLIC KEY",
        "ssh-rsa ",
        "ssh-ed25519 ",
        "ecdsa-sha2-",
        "age1",
    ];
    starts_with_any(value, STARTS) || (value.starts_with('{') && value.contains("\"kty\"") && !value.contains("\"d\""))
}

/// A digest by name: `sha256:…`.
fn is_digest(value: &str) -> bool {
    value.split_once(':').is_some_and(|(name, digits)| {
        matches!(name, "sha1" | "sha256" | "sha512")
            && digits.len() >= 32
            && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// Whether the value of a variable called `…SECRET` names a Secret and is not one: `TLS_SECRET=shop-tls`.
#[must_use]
pub fn is_resource_name(name: &str, value: &str) -> bool {
    let plain = value
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let upper = name.to_ascii_uppercase();
    plain
        && (value.ends_with("-tls")
            || value.ends_with("-creds")
            || value.ends_with("-credentials")
            || ((value.ends_with("-secret") || value.ends_with("-token"))
                && ["PULL", "TLS", "CERT", "KUBE", "K8S", "SERVICE_ACCOUNT", "NAME", "REF"]
                    .iter()
                    .any(|word| upper.contains(word))))
}

/// Whether a value only repeats what its variable is called, in capitals: `COOKIE_SECRET=SECRET`.
#[must_use]
pub fn repeats_name(name: &str, value: &str) -> bool {
    let value = value.trim();
    value.len() >= 3
        && value.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        && name.to_ascii_uppercase().ends_with(value)
}

/// How long a value is, in steps that say nothing more.
#[must_use]
pub fn length(value: &str) -> &'static str {
    match value.chars().count() {
        0..=7 => "1–7",
        8..=15 => "8–15",
        16..=31 => "16–31",
        32..=63 => "32–63",
        _ => "64+",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_filter_decides() {
        for (expected, values) in [
            (
                Value::Harmless,
                &[
                    "",
                    "  ",
                    "true",
                    "Yes",
                    "null",
                    "none",
                    "disabled",
                    "-",
                    "1",
                    "/var/run/secrets/app/token",
                    "./token",
                    "~/.ssh/key",
                    "C:\\keys\\app.pem",
                    "token.json",
                    "https://login.example.com/token",
                    "jdbc:postgresql://db:5432/orders",
                    "-----BEGIN CERTIFICATE-----\nMIIB",
                    "-----BEGIN PUBLIC KEY-----\nMIIB",
                    "ssh-ed25519 AAAAC3Nz",
                    "{\"kty\":\"EC\",\"x\":\"a\"}",
                    "sha256:9f8b1c3d7e2a4f60b5d8c9e1a7f3402b9f8b1c3d7e2a4f60b5d8c9e1a7f3402b",
                ][..],
            ),
            (
                Value::Reference,
                &[
                    "$(DB_PASSWORD)",
                    "${DB_PASSWORD}",
                    "$DB_PASSWORD",
                    "{{ .Values.password }}",
                    "<%= password %>",
                    "%(password)s",
                    "@db.password@",
                    "#{password}",
                    "ref+vault://db#password",
                    "secretref+k8s://x",
                    "vault:secret/data/db#password",
                    "op://vault/item/password",
                    "ssm:/db/password",
                    "arn:aws:secretsmanager:eu-west-1:1:secret:db",
                    "arn:aws:ssm:eu-west-1:1:parameter/db",
                    "projects/shop/secrets/db/versions/1",
                    "azurekeyvault://shop/db",
                    "sm://db",
                    "gcpsm:db",
                    "file:/run/secrets/db",
                    "prefix-$(SUFFIX)",
                ][..],
            ),
            (
                Value::Protected,
                &[
                    "ENC[AES256_GCM,data:abc]",
                    "$2y$10$abcdefghijklmnopqrstuv",
                    "$argon2id$v=19$m=1",
                    "SCRAM-SHA-256$4096:x",
                    "md59f8b1c3d7e2a4f60b5d8c9e1a7f3402b",
                    "{SHA}x",
                    "admin:$apr1$abc$def",
                    "admin:{SHA}abc",
                ][..],
            ),
            (Value::Placeholder, &["<password>", "changeme", "xxx", "your-token"][..]),
            (
                Value::Literal,
                &[
                    "hunter2",
                    "password",
                    "admin",
                    "$ecret",
                    "Fak3-Pw",
                    "p@ss/word",
                    "12345",
                    "{\"kty\":\"EC\",\"d\":\"a\"}",
                ][..],
            ),
        ] {
            for value in values {
                assert_eq!(judge(value), expected, "{value}");
            }
        }
    }

    #[test]
    fn base64_that_begins_with_a_slash_is_no_path() {
        assert_eq!(judge("/q7Vx2LmZp0RtYw8KZk39dQx41Lw8sTb7Vh2A=="), Value::Literal);
        assert_eq!(judge("/opt/app/config/secret-key"), Value::Harmless);
    }

    #[test]
    fn passwords_of_addresses() {
        assert_eq!(judge_password("true"), Value::Literal);
        assert_eq!(judge_password("/slash"), Value::Literal);
        assert_eq!(judge_password("$pass"), Value::Reference);
        assert_eq!(judge_password("$1"), Value::Reference);
        assert_eq!(judge_password("%3Cpassword%3E"), Value::Placeholder);
        assert_eq!(judge_password(""), Value::Harmless);
    }

    #[test]
    fn names_of_secrets() {
        assert!(is_resource_name("TLS_SECRET", "shop-secret"));
        assert!(is_resource_name("DB_SECRET", "shop-db-credentials"));
        assert!(!is_resource_name("JWT_SECRET", "my-jwt-secret"));
        assert!(!is_resource_name("DB_PASSWORD", "Shop-tls"));
    }

    #[test]
    fn repeated_names() {
        assert!(repeats_name("COOKIE_SECRET", "SECRET"));
        assert!(repeats_name("clientSecret", "SECRET"));
        assert!(!repeats_name("COOKIE_SECRET", "secret"));
        assert!(!repeats_name("COOKIE_SECRET", "MONSTER"));
    }

    #[test]
    fn lengths_are_told_in_steps() {
        let lengths: Vec<&str> = [1, 7, 8, 15, 16, 31, 32, 63, 64, 1000]
            .iter()
            .map(|&n| length(&"a".repeat(n)))
            .collect();
        assert_eq!(
            lengths,
            [
                "1–7", "1–7", "8–15", "8–15", "16–31", "16–31", "32–63", "32–63", "64+", "64+"
            ]
        );
    }
}
