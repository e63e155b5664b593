//! What a config decides of rules.

use super::admission::{MODES, Mode};
use super::keys;
use super::section::Entry;
use crate::policy::Severity;
use crate::read::Span;

/// One entry of `rules`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleEntry {
    /// `policy/rule`, or a glob of such names (`cors/*`).
    pub pattern: String,
    /// Whether the rule is off.
    pub off: bool,
    /// Severity of all its findings.
    pub severity: Option<Severity>,
    /// The most that is done about its findings at admission.
    pub mode: Option<Mode>,
    /// Findings that do not count.
    pub exclude: Vec<Exclusion>,
    /// Where its key stands, in the config's text.
    pub span: Span,
}

/// Findings that do not count: those for which everything given here holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Exclusion {
    /// Glob of the finding's file, from the config's folder.
    pub path: Option<String>,
    /// Kind of the object judged.
    pub kind: Option<String>,
    /// Glob of its namespace.
    pub namespace: Option<String>,
    /// Glob of its name.
    pub name: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The last day on which it holds, `YYYY-MM-DD`.
    pub until: Option<String>,
    /// Where it stands, in the config's text.
    pub span: Span,
    /// Line where it stands, from 1.
    pub line: u32,
}

/// What holds for one rule, of all entries that speak of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleSettings<'a> {
    /// Whether the rule is off: the longest pattern decides.
    pub off: bool,
    /// Severity of all its findings: the longest pattern that states one decides.
    pub severity: Option<Severity>,
    /// The most that is done about its findings at admission: the longest pattern that states one decides.
    pub mode: Option<Mode>,
    /// All exclusions.
    pub exclude: Vec<&'a Exclusion>,
}

impl<'a> RuleSettings<'a> {
    /// Of one rule, `policy/rule`.
    #[must_use]
    pub fn of(entries: &'a [RuleEntry], rule: &str) -> RuleSettings<'a> {
        let mut matching: Vec<&RuleEntry> = entries.iter().filter(|entry| entry.means(rule)).collect();
        matching.sort_by_key(|entry| entry.pattern.len());
        RuleSettings {
            off: matching.last().is_some_and(|entry| entry.off),
            severity: matching.iter().rev().find_map(|entry| entry.severity),
            mode: matching.iter().rev().find_map(|entry| entry.mode),
            exclude: matching.iter().flat_map(|entry| &entry.exclude).collect(),
        }
    }
}

impl RuleEntry {
    /// Whether the entry speaks of this rule; `*` alone means every rule.
    #[must_use]
    pub fn means(&self, rule: &str) -> bool {
        self.pattern == "*" || plimsoll_tree::glob::matches(&self.pattern, rule)
    }
}

const SEVERITIES: &[(&str, Severity)] = &[
    ("error", Severity::Error),
    ("warning", Severity::Warning),
    ("info", Severity::Info),
];

pub(super) fn entries(entry: Entry<'_>) -> Vec<RuleEntry> {
    entry
        .members()
        .into_iter()
        .filter_map(|(pattern, entry)| rule(pattern, entry))
        .collect()
}

fn rule(pattern: &str, entry: Entry<'_>) -> Option<RuleEntry> {
    if !pattern.contains('/') && pattern != "*" {
        entry.complain_of_key("must be a rule such as `ports/target-port-mismatch`, or a glob such as `cors/*`");
        return None;
    }
    let mut rule = RuleEntry {
        pattern: pattern.to_owned(),
        off: false,
        severity: None,
        mode: None,
        exclude: Vec::new(),
        span: entry.key_span(),
    };
    if let Some(on) = entry.try_flag() {
        rule.off = !on;
        return Some(rule);
    }
    for (key, value) in entry.members() {
        match key {
            "severity" => rule.severity = value.one_of(SEVERITIES),
            "mode" => rule.mode = value.one_of(MODES),
            "exclude" => rule.exclude = value.items().into_iter().filter_map(exclusion).collect(),
            _ => value.unknown(key, keys::RULE),
        }
    }
    Some(rule)
}

fn exclusion(entry: Entry<'_>) -> Option<Exclusion> {
    let mut exclusion = Exclusion {
        span: entry.span(),
        line: entry.line(),
        ..Exclusion::default()
    };
    if !entry.is_map() {
        exclusion.path = Some(entry.text()?.to_owned());
        return Some(exclusion);
    }
    for (key, value) in entry.members() {
        let field = match key {
            "path" => &mut exclusion.path,
            "kind" => &mut exclusion.kind,
            "namespace" => &mut exclusion.namespace,
            "name" => &mut exclusion.name,
            "reason" => &mut exclusion.reason,
            "until" => {
                let date = value.text()?;
                if !is_date(date) {
                    value.complain("must be a date such as 2027-01-31");
                    return None;
                }
                &mut exclusion.until
            }
            _ => {
                value.unknown(key, keys::EXCLUSION);
                continue;
            }
        };
        *field = value.text().map(str::to_owned);
    }
    let all = [&exclusion.path, &exclusion.kind, &exclusion.namespace, &exclusion.name];
    if all.iter().all(|field| field.is_none()) {
        entry.complain("must say what it excludes: path, kind, namespace or name");
        return None;
    }
    Some(exclusion)
}

/// Whether a text is a day that may exist, as `YYYY-MM-DD`.
#[must_use]
pub fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let part = |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse::<u32>().ok());
    shaped && matches!(part(5..7), Some(1..=12)) && matches!(part(8..10), Some(1..=31))
}
