//! Values that are filled in later: by a template, an environment, a shell.

/// Whether a text has anything that may be the start of a placeholder. Few branches: it runs over whole files.
pub(super) fn may_be_pending(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some(next) = bytes.get(1..) else {
        return false;
    };
    bytes.chunks(256).zip(next.chunks(256)).any(|(firsts, seconds)| {
        firsts.iter().zip(seconds).fold(false, |found, (&first, &second)| {
            let brace = (second == b'{') & ((first == b'{') | (first == b'$') | (first == b'#'));
            let paren = (second == b'(') & (first == b'$');
            let angle = (second == b'%') & (first == b'<');
            found | brace | paren | angle
        })
    })
}

/// Whether a scalar's value holds a placeholder, so that its final value is not known: `{{…}}`, `${…}`, `$(…)`, `<%…%>`
/// or `#{…}`. `$$(` is Kubernetes' way to write `$(` itself.
pub(super) fn is_pending(text: &str) -> bool {
    if !may_be_pending(text) {
        return false;
    }
    let holds = |open: &str, close: &str| {
        text.find(open)
            .and_then(|at| text.get(at + open.len()..))
            .is_some_and(|rest| rest.contains(close))
    };
    holds("{{", "}}") || holds("${", "}") || holds("#{", "}") || holds("<%", "%>") || has_expansion(text)
}

/// Whether there is a `$(…)` whose dollar is not itself escaped by another.
fn has_expansion(text: &str) -> bool {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('$') {
        if let Some(escaped) = after.strip_prefix('$') {
            rest = escaped;
            continue;
        }
        if after.starts_with('(') && after.contains(')') {
            return true;
        }
        rest = after;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_seen() {
        for text in [
            "{{ .Values.x }}",
            "a-${B}",
            "$(HOST):80",
            "<%= x %>",
            "#{token}",
            "$$$(X)",
            "$$ $(X)",
            "x{{y}}",
            "$${A}",
        ] {
            assert!(is_pending(text), "{text}");
        }
    }

    #[test]
    fn other_texts_are_final() {
        for text in [
            "", "$", "{", "$$(X)", "$$$$(X)", "$(open", "{{", "}} {{", "${", "100%>", "a$b(c)", "#!", "{}",
        ] {
            assert!(!is_pending(text), "{text}");
        }
    }

    #[test]
    fn long_texts_are_searched_through() {
        for at in 250..260 {
            let text = format!("{}${{A}}", "x".repeat(at));
            assert!(may_be_pending(&text) && is_pending(&text));
        }
        assert!(!may_be_pending(&"$x".repeat(1000)));
    }
}
