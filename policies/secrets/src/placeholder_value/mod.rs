//! `secrets/placeholder-value`: a stand-in where a credential belongs.

use plimsoll_sdk::{Context, Rule, Severity, Violation};

use crate::report;

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "placeholder-value",
    title: "A placeholder in place of a credential",
    severity: Severity::Info,
    kinds: &[],
    context: &[],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    report::of(report::Rule::Placeholder, context, violations);
}
