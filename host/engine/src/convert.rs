//! From the contract's types to the host's own.

use plimsoll_core::policy::{Confidence, Edit, Fix, Place, Range, Related, Severity, Violation};

use crate::bindings::exports::plimsoll::policy::judge;

pub(crate) fn severity(severity: judge::Severity) -> Severity {
    match severity {
        judge::Severity::Info => Severity::Info,
        judge::Severity::Warning => Severity::Warning,
        judge::Severity::Error => Severity::Error,
    }
}

fn confidence(confidence: judge::Confidence) -> Confidence {
    match confidence {
        judge::Confidence::Low => Confidence::Low,
        judge::Confidence::Medium => Confidence::Medium,
        judge::Confidence::High => Confidence::High,
        judge::Confidence::Certain => Confidence::Certain,
    }
}

fn place(place: judge::Place) -> Place {
    match place {
        judge::Place::Node(node) => Place::Node(node),
        judge::Place::Key(node) => Place::Key(node),
        judge::Place::Pointer(pointer) => Place::Pointer {
            object: pointer.object,
            path: pointer.path,
        },
    }
}

fn edit(edit: judge::Edit) -> Edit {
    match edit {
        judge::Edit::Set(set) => Edit::Set {
            at: place(set.at),
            value: set.value,
        },
        judge::Edit::Insert(insert) => Edit::Insert {
            into: place(insert.into),
            key: insert.key,
            value: insert.value,
        },
        judge::Edit::Rename(rename) => Edit::Rename {
            at: place(rename.at),
            key: rename.key,
        },
        judge::Edit::Remove(at) => Edit::Remove(place(at)),
    }
}

/// A violation as the guest said it.
pub(crate) fn violation(violation: judge::Violation) -> Violation {
    Violation {
        rule: violation.rule,
        severity: violation.severity.map(severity),
        confidence: confidence(violation.confidence),
        message: violation.message,
        help: violation.help,
        at: place(violation.at),
        within: violation.within.map(|range| Range {
            start: range.start,
            end: range.end,
        }),
        sensitive: violation.sensitive,
        related: violation
            .related
            .into_iter()
            .map(|related| Related {
                at: place(related.at),
                message: related.message,
            })
            .collect(),
        fix: violation.fix.map(|fix| Fix {
            title: fix.title,
            safe: fix.safe,
            edits: fix.edits.into_iter().map(edit).collect(),
        }),
    }
}
