//! A policy compiled natively, in place of its component.

use std::marker::PhantomData;

use plimsoll_core::bundle::Bundle;
use plimsoll_core::policy::{self as host, Description, EvaluationFailure, Judge};

use crate::{Confidence, Edit, Place, Policy, Severity, Violation, run};

/// A policy compiled natively as a [`Judge`]: for tests, and to measure what the sandbox costs. Settings are not checked
/// against the schema here; a panic is not caught.
pub struct Native<P> {
    description: Description,
    policy: PhantomData<fn() -> P>,
}

impl<P: Policy> Native<P> {
    /// Describes the policy.
    #[must_use]
    pub fn new() -> Self {
        let texts = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
        let description = Description {
            name: P::NAME.to_owned(),
            version: P::VERSION.to_owned(),
            summary: P::SUMMARY.to_owned(),
            rules: P::rules()
                .iter()
                .map(|rule| host::Rule {
                    id: rule.id.to_owned(),
                    title: rule.title.to_owned(),
                    severity: severity(rule.severity),
                    kinds: texts(rule.kinds),
                    context: texts(rule.context),
                    previous: rule.previous,
                })
                .collect(),
            settings_schema: P::SETTINGS_SCHEMA.to_owned(),
        };
        Native {
            description,
            policy: PhantomData,
        }
    }
}

impl<P: Policy> Default for Native<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Policy> Judge for Native<P> {
    fn description(&self) -> &Description {
        &self.description
    }

    fn explain(&self, rule: u32) -> Result<String, EvaluationFailure> {
        let page = usize::try_from(rule)
            .ok()
            .and_then(|position| P::rules().get(position))
            .map_or("", |rule| rule.page);
        Ok(page.to_owned())
    }

    fn check(&self, bundle: &Bundle, rules: &[u32], settings: &str) -> Result<Vec<host::Violation>, EvaluationFailure> {
        let answer = run::check_words::<P>(&bundle.words, rules, settings).map_err(failure)?;
        Ok(answer.into_iter().map(|(rule, found)| violation(rule, found)).collect())
    }
}

fn failure(reason: String) -> EvaluationFailure {
    match reason.strip_prefix(run::SETTINGS_ERROR) {
        Some(reason) => EvaluationFailure::Settings(reason.to_owned()),
        None => EvaluationFailure::Refused(reason),
    }
}

fn severity(severity: Severity) -> host::Severity {
    match severity {
        Severity::Info => host::Severity::Info,
        Severity::Warning => host::Severity::Warning,
        Severity::Error => host::Severity::Error,
    }
}

fn confidence(confidence: Confidence) -> host::Confidence {
    match confidence {
        Confidence::Low => host::Confidence::Low,
        Confidence::Medium => host::Confidence::Medium,
        Confidence::High => host::Confidence::High,
        Confidence::Certain => host::Confidence::Certain,
    }
}

fn place(place: Place) -> host::Place {
    match place {
        Place::Value(node) => host::Place::Node(node),
        Place::Key(node) => host::Place::Key(node),
    }
}

fn edit(edit: Edit) -> host::Edit {
    match edit {
        Edit::Set { at, value } => host::Edit::Set { at: place(at), value },
        Edit::Insert { into, key, value } => host::Edit::Insert {
            into: place(into),
            key,
            value,
        },
        Edit::Rename { at, key } => host::Edit::Rename { at: place(at), key },
        Edit::Remove(at) => host::Edit::Remove(place(at)),
    }
}

fn violation(rule: u32, found: Violation) -> host::Violation {
    host::Violation {
        rule,
        severity: found.severity.map(severity),
        confidence: confidence(found.confidence),
        message: found.message,
        help: found.help,
        at: place(found.at),
        within: found.within.map(|range| host::Range {
            start: range.start,
            end: range.end,
        }),
        sensitive: found.sensitive,
        related: found
            .related
            .into_iter()
            .map(|related| host::Related {
                at: place(related.at),
                message: related.message,
            })
            .collect(),
        fix: found.fix.map(|fix| host::Fix {
            title: fix.title,
            safe: fix.safe,
            edits: fix.edits.into_iter().map(edit).collect(),
        }),
    }
}
