//! Is a value only a stand-in for one that comes later? `changeme`, `<your-token>`, `xxxx`.

/// Beginnings that mark a stand-in, whatever follows.
const STARTS: &[&str] = &[
    "replace",
    "your-",
    "your_",
    "your ",
    "insert",
    "example",
    "not-secret",
    "not_secret",
    "notsecret",
    "insecure",
    "dev-only",
    "dev_only",
    "devonly",
];

/// Values, and words within values, that mark a stand-in.
const WORDS: &[&str] = &[
    "placeholder",
    "dummy",
    "redacted",
    "changeme",
    "changeit",
    "todo",
    "fixme",
    "tbd",
];

/// What `your…` asks for, written as one word.
const NOUNS: &[&str] = &["password", "pass", "secret", "token", "key", "api", "credential"];

/// Whether a value stands in for one that comes later.
#[must_use]
pub fn is_placeholder(value: &str) -> bool {
    let value = value.trim();
    // A stand-in is short; what is longer is content.
    if value.is_empty() || value.len() > 256 {
        return false;
    }
    let lower = value.to_ascii_lowercase();
    bracketed(value)
        || value.contains("...")
        || value.contains('…')
        || filled(&lower)
        || matches!(
            lower.as_str(),
            "n/a" | "sample" | "secret-goes-here" | "none" | "null" | "nil"
        )
        || value.ends_with("_VAL")
        || STARTS.iter().any(|start| lower.starts_with(start))
        || lower
            .strip_prefix("your")
            .is_some_and(|rest| NOUNS.iter().any(|noun| rest.starts_with(noun)))
        || lower.starts_with("enter") && !lower.starts_with("enterprise")
        || lower.ends_with("-here")
        || lower.ends_with("_here")
        || lower.ends_with(" here")
        || lower.starts_with("fill") && lower.contains("in")
        || changes(&lower)
        || lower
            .split(|letter: char| !letter.is_ascii_alphanumeric())
            .any(|word| WORDS.contains(&word))
}

/// `<…>`, `[…]`, `{…}` around one stand-in; not around content such as JSON or markup.
fn bracketed(value: &str) -> bool {
    let inner = [('<', '>'), ('[', ']'), ('{', '}')]
        .iter()
        .find_map(|&(open, close)| value.strip_prefix(open)?.strip_suffix(close));
    inner.is_some_and(|inner| inner.len() <= 80 && !inner.contains(['"', '\n', '<', '>', '{', '}', '\\', '=', '\'']))
}

/// `xxx`, `***`: nothing but one letter, or a run of four in it (`ghp_xxxx`). The text is in lower case.
fn filled(lower: &str) -> bool {
    let whole = lower.len() >= 3
        && ["x", "*"]
            .iter()
            .any(|letter| lower.trim_matches(|c| letter.contains(c)).is_empty());
    whole || lower.contains("xxxx") || lower.contains("****")
}

/// `change me`, `change-me`, `replace_me` anywhere, ended by a word's end. The text is in lower case.
fn changes(lower: &str) -> bool {
    ["change", "replace"].iter().any(|verb| {
        lower.match_indices(verb).any(|(at, _)| {
            let rest = lower.get(at + verb.len()..).unwrap_or("");
            let rest = rest.strip_prefix(['-', '_', ' ']).unwrap_or(rest);
            ["me", "this", "it"].iter().any(|object| {
                rest.strip_prefix(object)
                    .is_some_and(|after| !after.starts_with(|next: char| next.is_ascii_alphanumeric()))
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stand_ins_are_seen() {
        for value in [
            "<password>",
            "[your token]",
            "{token}",
            "...",
            "…",
            "sk-...",
            "xxx",
            "XXXXXXXX",
            "***",
            "ghp_xxxxxxxxxxxx",
            "TODO",
            "fixme",
            "tbd",
            "N/A",
            "changeme",
            "change-me",
            "CHANGE_ME",
            "Change Me",
            "please-change-me!",
            "changeit",
            "replace_me",
            "replace-with-your-token",
            "REPLACE",
            "your-password",
            "your_api_key",
            "yourpassword",
            "put-token-here",
            "token_here",
            "insert-token",
            "enter your password",
            "placeholder",
            "a-placeholder-value",
            "dummy",
            "dummy-token",
            "sample",
            "example",
            "examplePassword",
            "fill me in",
            "redacted",
            "secret-goes-here",
            "DB_PASSWORD_VAL",
            "not-secret",
            "not-secret-at-all",
            "insecure-key",
            "dev-only-key",
        ] {
            assert!(is_placeholder(value), "{value}");
        }
    }

    #[test]
    fn values_are_not() {
        for value in [
            "",
            "hunter2",
            "Fak3-Pw-One",
            "changeme1",
            "enterprise-7",
            "interchange",
            "exchange-rate",
            "<a href=\"x\">",
            "{\"key\": \"value\"}",
            "xx",
            "password",
            "p@ss",
            "admin",
            "heretic",
            "samples-of-rock",
        ] {
            assert!(!is_placeholder(value), "{value}");
        }
    }
}
