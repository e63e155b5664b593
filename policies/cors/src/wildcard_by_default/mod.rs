//! `cors/wildcard-by-default`: CORS is switched on, and nobody says for whom.

use plimsoll_sdk::{Context, Rule, Severity, Violation};

use crate::Settings;
use crate::extract::{Cause, Credentials, Opening, Speaks};
use crate::report;

/// The rule.
pub static RULE: Rule<Settings> = Rule {
    id: "wildcard-by-default",
    title: "CORS without a list of origins lets any site in",
    severity: Severity::Warning,
    kinds: &[],
    context: report::CONTEXT,
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, Settings>, violations: &mut Vec<Violation>) {
    let say = |opening: &Opening, violation: Violation| {
        let credentials = matches!(opening.credentials, Credentials::Default(..));
        if credentials && opening.is_in_production(&context.bundle) {
            violation.severity(Severity::Error)
        } else {
            violation
        }
    };
    report::report(context, violations, Speaks::Default, say, |opening, place| {
        let Cause::Default(switch, list, whose) = &opening.cause else {
            return format!("{place} allows any origin by default");
        };
        let with = match opening.credentials {
            Credentials::Off => "",
            _ => " with credentials",
        };
        format!("{place}: {switch} without {list} means \"*\"{with} on {whose}")
    });
}
