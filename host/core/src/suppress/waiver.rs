//! A waiver as it is written in a manifest.

use plimsoll_tree::glob;

use crate::config::is_date;
use crate::finding::{Location, clean_line};
use crate::read::Span;

/// Characters of a reason that are kept.
const REASON: usize = 500;
/// Rules that one waiver may name.
const RULES: usize = 32;

/// One comment, or one line of an annotation.
#[derive(Clone, Debug)]
pub(super) struct Waiver {
    /// `comment` or `annotation`.
    pub by: &'static str,
    /// Where it is written.
    pub place: Location,
    /// What it covers; nothing where it stands wrong.
    pub covers: Option<Location>,
    pub rules: Vec<WaivedRule>,
    pub until: Option<String>,
    pub reason: Option<String>,
    /// Why it says nothing that can be understood.
    pub fault: Option<&'static str>,
    /// Whether its day is over.
    pub expired: bool,
}

/// A rule, or a glob of rules, that a waiver names.
#[derive(Clone, Debug)]
pub(super) struct WaivedRule {
    pub pattern: String,
    /// Where it is written, from the start of the waiver's text.
    pub span: Span,
}

impl WaivedRule {
    /// Whether a rule is meant.
    pub(super) fn means(&self, rule: &str) -> bool {
        glob::matches(&self.pattern, rule)
    }
}

/// What follows the rules.
#[derive(Default, Debug)]
pub(super) struct Said {
    pub rules: Vec<WaivedRule>,
    pub until: Option<String>,
    pub reason: Option<String>,
    pub fault: Option<&'static str>,
}

/// Reads `RULE[, RULE…] [until=DATE] [reason="…"]`, or in an annotation `RULE[, RULE…] [until=DATE]: reason`.
pub(super) fn read(text: &str, annotation: bool) -> Said {
    let mut said = Said::default();
    let mut rest = text;
    if annotation && let Some((rules, reason)) = text.split_once(": ").or_else(|| text.split_once(':')) {
        rest = rules;
        said.reason = kept(reason);
    }
    let at = |part: &str| part.as_ptr() as usize - text.as_ptr() as usize;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            break;
        }
        if let Some(tail) = rest.strip_prefix("reason=").filter(|_| !annotation) {
            let (reason, tail) = match tail.strip_prefix('"') {
                Some(quoted) => match quoted.split_once('"') {
                    Some(found) => found,
                    None => {
                        said.fault = Some("the reason's quote is never closed");
                        break;
                    }
                },
                None => tail.split_at(tail.find([' ', '\t']).unwrap_or(tail.len())),
            };
            said.reason = kept(reason);
            rest = tail;
            continue;
        }
        let (word, tail) = rest.split_at(rest.find([' ', '\t', ',']).unwrap_or(rest.len()));
        rest = tail;
        if let Some(date) = word.strip_prefix("until=") {
            if !is_date(date) {
                said.fault = Some("`until` must be a date such as 2027-01-31");
            }
            said.until = Some(date.to_owned());
        } else if word.contains('/') && said.rules.len() < RULES {
            let start = at(word);
            said.rules.push(WaivedRule {
                pattern: word.to_owned(),
                span: Span {
                    start: u32::try_from(start).unwrap_or(u32::MAX),
                    end: u32::try_from(start + word.len()).unwrap_or(u32::MAX),
                },
            });
        } else {
            said.fault = Some(if annotation {
                "a line must be `RULE [until=DATE]: reason`"
            } else {
                "it must be `plimsoll: allow RULE[, RULE] [until=DATE] [reason=\"…\"]`"
            });
        }
    }
    if said.rules.is_empty() {
        said.fault
            .get_or_insert("it names no rule such as `ports/target-port-mismatch`");
    }
    said
}

fn kept(reason: &str) -> Option<String> {
    let clean = clean_line(reason.trim(), REASON);
    (!clean.is_empty()).then_some(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments() {
        let said = read("ports/a, cors/*  until=2027-01-31 reason=\"by the sidecar\"", false);
        let rules: Vec<(&str, u32, u32)> = said
            .rules
            .iter()
            .map(|rule| (rule.pattern.as_str(), rule.span.start, rule.span.end))
            .collect();
        assert_eq!(rules, [("ports/a", 0, 7), ("cors/*", 9, 15)]);
        assert_eq!(said.until.as_deref(), Some("2027-01-31"));
        assert_eq!(said.reason.as_deref(), Some("by the sidecar"));
        assert_eq!(said.fault, None);
        assert_eq!(read("a/b reason=short", false).reason.as_deref(), Some("short"));
    }

    #[test]
    fn annotations() {
        let said = read("ports/a until=2027-01-31: it: is so", true);
        assert_eq!(said.rules.len(), 1);
        assert_eq!(said.until.as_deref(), Some("2027-01-31"));
        assert_eq!(said.reason.as_deref(), Some("it: is so"));
        assert_eq!(said.fault, None);
        assert_eq!(read("ports/a", true).reason, None);
    }

    #[test]
    fn faults() {
        for (text, annotation) in [
            ("", false),
            ("ports", false),
            ("a/b reason=\"open", false),
            ("a/b until=soon", false),
            ("a/b because I say so", false),
            ("a/b words: reason", true),
        ] {
            assert!(read(text, annotation).fault.is_some(), "{text}");
        }
    }
}
