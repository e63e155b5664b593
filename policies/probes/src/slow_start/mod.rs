//! `probes/slow-start`: what is wrong, in a line.

use plimsoll_sdk::{Context, Policy, Rule, Severity, Violation};

/// The rule.
pub static RULE: Rule<<crate::Probes as Policy>::Settings> = Rule {
    id: "slow-start",
    title: "slow start",
    severity: Severity::Warning,
    kinds: &[],
    context: &[],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, <crate::Probes as Policy>::Settings>, violations: &mut Vec<Violation>) {
    for object in context.subjects_of(&RULE) {
        // Say here what is wrong with `object`, and where: `violations.push(Violation::new(node, "…"))`.
        let _ = (object.root(), &mut *violations);
    }
}
