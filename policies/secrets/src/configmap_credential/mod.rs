//! `secrets/configmap-credential`: a credential as a value of a ConfigMap.

use plimsoll_sdk::{Context, Rule, Severity, Violation};

use crate::report;

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "configmap-credential",
    title: "A credential in a ConfigMap",
    severity: Severity::Error,
    kinds: &[],
    context: &[],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    report::of(report::Rule::ConfigMap, context, violations);
}
