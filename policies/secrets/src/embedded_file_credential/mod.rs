//! `secrets/embedded-file-credential`: a credential that a file inside a manifest sets.

use plimsoll_sdk::{Context, Rule, Severity, Violation};

use crate::report;

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "embedded-file-credential",
    title: "A credential in a file inside a manifest",
    severity: Severity::Error,
    kinds: &[],
    context: &[],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    report::of(report::Rule::EmbeddedFile, context, violations);
}
