//! `cors/wildcard-origin`: every site may read the answers.

use plimsoll_sdk::{Context, Rule, Severity, Violation};

use crate::Settings;
use crate::extract::{Cause, Opening, Speaks};
use crate::report;

/// The rule.
pub static RULE: Rule<Settings> = Rule {
    id: "wildcard-origin",
    title: "Any site's scripts may read the answers",
    severity: Severity::Warning,
    kinds: &[],
    context: report::CONTEXT,
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, Settings>, violations: &mut Vec<Violation>) {
    let say = |opening: &Opening, violation: Violation| {
        if opening.is_public(&context.bundle) {
            violation.severity(Severity::Error)
        } else {
            violation
        }
    };
    report::report(context, violations, Speaks::Origin, say, |opening, place| {
        let entry = match &opening.cause {
            Cause::Entry(entry) => entry.as_str(),
            Cause::Default(..) => "*",
        };
        format!("{place} allows any origin ({}: \"{entry}\")", opening.field)
    });
}
