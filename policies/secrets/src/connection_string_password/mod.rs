//! `secrets/connection-string-password`: a password inside an address or DSN, whatever holds it is called.

use plimsoll_sdk::{Context, Rule, Severity, Violation};

use crate::report;

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "connection-string-password",
    title: "A password inside a connection string",
    severity: Severity::Error,
    kinds: &[],
    context: &[],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    report::of(report::Rule::ConnectionString, context, violations);
}
