//! `secrets/secret-manifest-in-git`: a Secret whose values stand in its manifest.

use plimsoll_sdk::{Context, Rule, Severity, Violation};

use crate::report;

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "secret-manifest-in-git",
    title: "A Secret committed in clear",
    severity: Severity::Error,
    kinds: &["Secret"],
    context: &[],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    report::of(report::Rule::SecretManifest, context, violations);
}
