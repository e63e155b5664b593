//! Values that are filled in later: by a template, an environment, a shell.

/// The first place from an offset on where a placeholder may start; past the end when there is none. Few branches: it runs
/// over whole files.
pub(super) fn find(text: &str, from: usize) -> usize {
    let bytes = text.as_bytes().get(from..).unwrap_or(&[]);
    let next = bytes.get(1..).unwrap_or(&[]);
    let may = |first: u8, second: u8| {
        let brace = (second == b'{') & ((first == b'{') | (first == b'$') | (first == b'#'));
        let paren = (second == b'(') & (first == b'$');
        let angle = (second == b'%') & (first == b'<');
        brace | paren | angle
    };
    let chunks = bytes.chunks(128).zip(next.chunks(128));
    for (number, (firsts, seconds)) in chunks.enumerate() {
        let mut pairs = firsts.iter().zip(seconds);
        let found = pairs
            .clone()
            .fold(false, |found, (&first, &second)| found | may(first, second));
        if found && let Some(at) = pairs.position(|(&first, &second)| may(first, second)) {
            return from + number * 128 + at;
        }
    }
    usize::MAX
}

/// Whether a scalar's value holds a placeholder, so that its final value is not known: `{{…}}`, `${…}`, `$(…)`, `<%…%>`
/// or `#{…}`. `$$(` is Kubernetes' way to write `$(` itself.
pub(super) fn is_pending(text: &str) -> bool {
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
        for at in 120..140 {
            let text = format!("{}${{A}}", "x".repeat(at));
            assert_eq!(find(&text, 0), at);
            assert!(is_pending(&text));
        }
        assert_eq!(find(&"$x".repeat(1000), 0), usize::MAX);
        assert_eq!(find("${a}${b}", 1), 4);
    }
}
