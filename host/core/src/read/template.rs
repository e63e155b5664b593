//! Telling templates and manifests from other files by their text alone.

/// Whether a text that does not parse is a template to be rendered first: it has `{{` or `{%` where a value, key or line
/// would start, outside of block scalars and comments.
pub(super) fn is_template(text: &str) -> bool {
    if !text.contains("{{") && !text.contains("{%") {
        return false;
    }
    // The indentation of the line whose block scalar is passed over.
    let mut block: Option<usize> = None;
    for line in text.lines() {
        let content = line.trim_start_matches([' ', '\t']);
        if content.is_empty() {
            continue;
        }
        let indent = line.len() - content.len();
        if block.is_some_and(|parent| indent > parent) {
            continue;
        }
        block = None;
        if content.starts_with('#') {
            continue;
        }
        if holds_action(content) {
            return true;
        }
        if opens_block(content) {
            block = Some(indent);
        }
    }
    false
}

/// Whether an action stands where YAML has a token.
fn holds_action(content: &str) -> bool {
    let mut from = 0;
    while let Some(at) = content.get(from..).and_then(|rest| rest.find(['{'])) {
        let at = from + at;
        let action = content
            .get(at..)
            .is_some_and(|rest| rest.starts_with("{{") || rest.starts_with("{%"));
        if action && starts_token(content.get(..at).unwrap_or("")) {
            return true;
        }
        from = at + 1;
    }
    false
}

/// Whether a token may start behind this start of a line.
fn starts_token(before: &str) -> bool {
    let bare = before.trim_end();
    let indicators = bare.chars().all(|c| matches!(c, '-' | '?' | ' ' | '\t'));
    indicators && (bare.is_empty() || bare.len() < before.len())
        || bare.ends_with(['[', ',', '{', '}'])
        || (bare.ends_with(':') && bare.len() < before.len())
}

/// Whether a line ends with the header of a block scalar.
fn opens_block(content: &str) -> bool {
    let code = content.split(" #").next().unwrap_or("").trim_end();
    let header = code.rsplit([' ', '\t']).next().unwrap_or("");
    let mut characters = header.chars();
    matches!(characters.next(), Some('|' | '>'))
        && header.len() <= 3
        && characters.all(|c| matches!(c, '+' | '-' | '1'..='9'))
}

/// Whether a text looks like a Kubernetes manifest, though it may not parse: `apiVersion` and `kind` stand as keys at the
/// left edge, or, in a JSON text, as quoted keys anywhere.
#[must_use]
pub fn looks_like_manifest(text: &str) -> bool {
    if text.trim_start_matches('\u{FEFF}').trim_start().starts_with('{') {
        return quoted_key(text, "\"apiVersion\"") && quoted_key(text, "\"kind\"");
    }
    let mut found = (false, false);
    for line in text.trim_start_matches('\u{FEFF}').lines() {
        let key = |name: &str| {
            let bare = line.strip_prefix(['"', '\'']).unwrap_or(line);
            bare.strip_prefix(name)
                .map(|rest| rest.trim_start_matches(['"', '\'']).trim_start())
                .is_some_and(|rest| rest.starts_with(':'))
        };
        found.0 |= key("apiVersion");
        found.1 |= key("kind");
        if found == (true, true) {
            return true;
        }
    }
    false
}

fn quoted_key(text: &str, key: &str) -> bool {
    text.match_indices(key).any(|(at, _)| {
        text.get(at + key.len()..)
            .is_some_and(|rest| rest.trim_start().starts_with(':'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_make_a_template() {
        for text in [
            "{{- if .Values.x }}\na: 1\n{{- end }}\n",
            "a: {{ .Values.x }}\n",
            "a:\n  - {{ x }}\n",
            "{% if a %}\nb: 1\n{% endif %}",
            "  {{ include \"x\" . | nindent 4 }}",
            "{{ x }}: 1",
            "a: |\n  x\nb: {{ y }}",
            "a: [{{ x }}]",
        ] {
            assert!(is_template(text), "{text}");
        }
    }

    #[test]
    fn other_texts_are_none() {
        for text in [
            "a: \"{{ x }}\"\n",
            "a: x-{{ x }}\n",
            "# {{ if }}\na: 1\n",
            "a: |\n  {{ x }}\n\n  {% y %}\nb: c\n",
            "a: >-2 # {{\n    {{ x }}\n",
            "- |+\n  {{ x }}\n",
            "a: {b: c}\n",
        ] {
            assert!(!is_template(text), "{text}");
        }
    }

    #[test]
    fn manifests_have_two_keys_at_the_edge() {
        for text in [
            "apiVersion: v1\nkind: X",
            "kind : X\r\n\"apiVersion\": v1",
            "{ \"apiVersion\" : 1, \"kind\": 2",
            "\u{FEFF}apiVersion: v1\nkind: X",
        ] {
            assert!(looks_like_manifest(text), "{text}");
        }
        for text in [
            "apiVersion: v1\n  kind: X",
            "kind: X",
            "{ // \"kind\"\n}",
            "apiVersions: 1\nkinds: 2",
            "",
        ] {
            assert!(!looks_like_manifest(text), "{text}");
        }
    }
}
