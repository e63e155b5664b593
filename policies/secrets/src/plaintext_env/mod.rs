//! `secrets/plaintext-env`: a variable whose name promises a credential, set to one in the clear.

use plimsoll_sdk::{Context, Rule, Severity, Violation};

use crate::report;

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "plaintext-env",
    title: "A credential as a literal environment variable",
    severity: Severity::Error,
    kinds: &[],
    context: &[],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    report::of(report::Rule::PlaintextEnv, context, violations);
}
