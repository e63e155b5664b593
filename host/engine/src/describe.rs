//! A policy's words about itself, checked and cleaned: they are as hostile as its findings.

use plimsoll_core::finding::{clean_block, clean_line};
use plimsoll_core::policy::{Description, Rule};

use crate::bindings::exports::plimsoll::policy::judge;
use crate::convert;

/// Most characters of a name or rule id.
const NAME: usize = 64;
/// Most characters of a title, summary or version; longer ones are cut.
const LINE: usize = 200;
/// Most rules of one policy.
const RULES: usize = 500;
/// Most kinds that a rule lists.
const KINDS: usize = 200;
/// Most characters of a rule's page; longer ones are cut.
const PAGE: usize = 64 << 10;

/// Checks a description and takes it over. Texts are cleaned and cut; what names something must be right as it stands.
///
/// # Errors
/// Says what is wrong, without quoting it.
pub(crate) fn description(raw: judge::Description) -> Result<Description, String> {
    if !is_name(&raw.name) {
        return Err(format!(
            "its name is not lower-case words and digits joined by `-`, or has more than {NAME} characters"
        ));
    }
    if raw.rules.is_empty() {
        return Err("it has no rules".to_owned());
    }
    if raw.rules.len() > RULES {
        return Err(format!("it has {} rules, and {RULES} is the most", raw.rules.len()));
    }
    let mut rules: Vec<Rule> = Vec::with_capacity(raw.rules.len());
    for (number, raw) in raw.rules.into_iter().enumerate() {
        let rule = rule(raw).map_err(|wrong| format!("rule {number}: {wrong}"))?;
        if rules.iter().any(|other| other.id == rule.id) {
            return Err(format!("rule {number}: there is another `{}`", rule.id));
        }
        rules.push(rule);
    }
    Ok(Description {
        name: raw.name,
        version: clean_line(&raw.version, LINE),
        summary: clean_line(&raw.summary, LINE),
        rules,
        settings_schema: raw.settings_schema,
    })
}

fn rule(raw: judge::Rule) -> Result<Rule, String> {
    if !is_name(&raw.id) {
        return Err(format!(
            "its id is not lower-case words and digits joined by `-`, or has more than {NAME} characters"
        ));
    }
    let kinds = |list: &[String]| list.len() <= KINDS && list.iter().all(|kind| is_kind(kind));
    let is_context = |text: &String| {
        let kind = text.strip_suffix('?').unwrap_or(text);
        kind == "*" || is_kind(kind)
    };
    if !kinds(&raw.kinds) || !raw.context.iter().all(is_context) || raw.context.len() > KINDS {
        return Err(
            "what it judges or looks at is not a list of kinds such as `Service` or `Deployment.apps`".to_owned(),
        );
    }
    Ok(Rule {
        id: raw.id,
        title: clean_line(&raw.title, LINE),
        severity: convert::severity(raw.severity),
        kinds: raw.kinds,
        context: raw.context,
        previous: raw.previous,
    })
}

/// A rule's page, cleaned.
pub(crate) fn page(text: &str) -> String {
    clean_block(text, PAGE)
}

/// Lower-case words and digits joined by `-`, the first character a letter.
fn is_name(text: &str) -> bool {
    text.len() <= NAME
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.split('-').all(|word| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        })
}

/// A kind, and its group unless it is of the core.
fn is_kind(text: &str) -> bool {
    text.len() <= 2 * NAME
        && text.starts_with(|first: char| first.is_ascii_uppercase())
        && text
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(name: &str, ids: &[&str]) -> judge::Description {
        judge::Description {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            summary: "Says\u{1b}[31m something.".to_owned(),
            rules: ids
                .iter()
                .map(|id| judge::Rule {
                    id: (*id).to_owned(),
                    title: "A\u{202e} title\n".to_owned(),
                    severity: judge::Severity::Warning,
                    kinds: vec!["Service".to_owned(), "Ingress.networking.k8s.io".to_owned()],
                    context: vec!["*".to_owned()],
                    previous: false,
                })
                .collect(),
            settings_schema: String::new(),
        }
    }

    #[test]
    fn texts_are_cleaned() {
        let description = description(raw("our-labels", &["label-missing"])).expect("a description");
        assert_eq!(description.summary, "Says[31m something.");
        assert_eq!(description.rules[0].title, "A title");
    }

    #[test]
    fn names_must_be_names() {
        for name in [
            "",
            "-",
            "a-",
            "-a",
            "a--b",
            "A",
            "1a",
            "a/b",
            "a b",
            "ä",
            "../x",
            &"x".repeat(65),
        ] {
            assert!(description(raw(name, &["rule"])).is_err(), "{name:?}");
            assert!(description(raw("name", &[name])).is_err(), "{name:?}");
        }
        for name in ["a", "a1", "a-1", "target-port-mismatch"] {
            assert!(description(raw(name, &[name])).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn rules_are_some_and_differ() {
        assert!(description(raw("name", &[])).is_err());
        assert!(description(raw("name", &["same", "same"])).is_err());
    }

    #[test]
    fn kinds_must_be_kinds() {
        for kind in ["", "service", "Service.", "Service..x", "Ser vice", "*"] {
            let mut wrong = raw("name", &["rule"]);
            wrong.rules[0].kinds = vec![kind.to_owned()];
            assert!(description(wrong).is_err(), "{kind:?}");
        }
        for (context, valid) in [
            ("*", true),
            ("*?", true),
            ("Service?", true),
            ("?", false),
            ("Service??", false),
        ] {
            let mut rule = raw("name", &["rule"]);
            rule.rules[0].context = vec![context.to_owned()];
            assert_eq!(description(rule).is_ok(), valid, "{context:?}");
        }
    }
}
