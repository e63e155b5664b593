//! What paths and schemas tell of a value.

/// Whether a file shows how another one is to be written, or is a part of the documentation.
pub(super) fn is_sample(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path.as_str()));
    [
        ".example",
        ".sample",
        ".template",
        "-template.",
        "-example.",
        "-sample.",
    ]
    .iter()
    .any(|mark| name.contains(mark))
        || folders
            .split('/')
            .any(|folder| matches!(folder, "doc" | "docs" | "documentation"))
}

/// The default in a one-line schema, without quotes.
pub(super) fn short_default(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('|')?;
    let (_, value) = rest.split_once("default=")?;
    let value = value.trim_start();
    Some(match value.strip_prefix(['"', '\'']) {
        Some(quoted) => quoted.split(['"', '\'']).next().unwrap_or(quoted),
        None => value.split([' ', '|']).next().unwrap_or(value),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_in_one_line() {
        assert_eq!(short_default("string | default=Fak3 | required=false"), Some("Fak3"));
        assert_eq!(short_default("string | default=\"Fa k3\""), Some("Fa k3"));
        assert_eq!(short_default("string"), None);
        assert_eq!(short_default("string | enum=a,b"), None);
    }

    #[test]
    fn samples_are_known_by_their_path() {
        assert!(
            is_sample("deploy/secret.example.yaml") && is_sample("docs/app.yaml") && is_sample("app-template.yaml")
        );
        assert!(!is_sample("deploy/secret.yaml") && !is_sample("doctor/secret.yaml"));
    }
}
