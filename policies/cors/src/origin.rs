//! Does a list of origins let every site in?

/// The entry of a list (`a, b`, `["a", "b"]`, one alone) that every origin matches, if there is one.
#[must_use]
pub fn wildcard(list: &str) -> Option<&str> {
    entries(list).find(|entry| is_any(entry))
}

/// The entries of a list as people write it into one text: by commas, semicolons or blanks, with brackets and quotes or
/// without.
fn entries(list: &str) -> impl Iterator<Item = &str> {
    let list = list.trim();
    let list = list
        .strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'))
        .unwrap_or(list);
    list.split([',', ';', ' ', '\n', '\t'])
        .map(|entry| entry.trim().trim_matches(['"', '\'']).trim())
        .filter(|entry| !entry.is_empty())
}

/// Whether every origin matches one entry: a wildcard, or a pattern that begins and ends with nothing that is said.
fn is_any(entry: &str) -> bool {
    // Anchors, and the slashes around Quarkus's and JavaScript's patterns.
    let pattern = entry
        .strip_prefix('/')
        .and_then(|inner| inner.strip_suffix('/'))
        .filter(|inner| !inner.is_empty())
        .unwrap_or(entry);
    let pattern = pattern.strip_prefix('^').unwrap_or(pattern);
    let pattern = pattern.strip_suffix('$').unwrap_or(pattern);
    let pattern = pattern
        .strip_prefix('(')
        .and_then(|inner| inner.strip_suffix(')'))
        .filter(|inner| !inner.contains(['(', ')']))
        .unwrap_or(pattern);
    const SCHEMES: &[&str] = &[
        "http",
        "https",
        "https?",
        "http(s)",
        "http(s)?",
        "http(s?)",
        "(http|https)",
        "(https?)",
        "*",
    ];
    let host = match pattern.split_once("://").or_else(|| pattern.split_once(":\\/\\/")) {
        Some((scheme, host)) if SCHEMES.contains(&scheme) => host,
        Some(_) => return false,
        None => pattern,
    };
    let host = host.strip_suffix(":*").unwrap_or(host);
    matches!(
        host,
        "*" | "**" | ".*" | ".+" | ".*?" | "(.*)" | "(.+)" | "[^/]*" | "[^/]+"
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_origin() {
        for (list, entry) in [
            ("*", "*"),
            (" * ", "*"),
            ("**", "**"),
            (".*", ".*"),
            ("^.*$", "^.*$"),
            ("https?://.*", "https?://.*"),
            ("^https?://.*$", "^https?://.*$"),
            ("http(s)://*", "http(s)://*"),
            ("https://*", "https://*"),
            ("http://*:*", "http://*:*"),
            ("/.*/", "/.*/"),
            ("/^https?:\\/\\/.*$/", "/^https?:\\/\\/.*$/"),
            ("[\"*\"]", "*"),
            ("['https://a.example', '*']", "*"),
            ("https://a.example,*", "*"),
            ("https://a.example, *", "*"),
            ("https://a.example;*", "*"),
        ] {
            assert_eq!(wildcard(list), Some(entry), "{list}");
        }
    }

    #[test]
    fn some_origins() {
        for list in [
            "",
            "[]",
            "https://a.example",
            "https://*.a.example",
            "*.a.example",
            "https://a.example,https://b.example",
            "^https://.*\\.a\\.example$",
            "https?://.*\\.a\\.example",
            "/^https:\\/\\/a\\.example$/",
            "chrome-extension://*",
            "null",
            "/",
            "a*b",
        ] {
            assert_eq!(wildcard(list), None, "{list}");
        }
    }

    proptest! {
        #[test]
        fn any_text(list in "([*.^$/()?:,;\" \\[\\]]|https?|://|[a-z]){0,20}") {
            if let Some(entry) = wildcard(&list) {
                prop_assert!(list.contains(entry));
            }
        }
    }
}
