//! `secrets/url-encoding`: a password in a URL that readers take apart at the wrong place.

use plimsoll_sdk::{Context, Rule, Severity, Violation};

use crate::report;

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "url-encoding",
    title: "A password in a URL that is not percent-encoded",
    severity: Severity::Error,
    kinds: &[],
    context: &[],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    report::of(report::Rule::UrlEncoding, context, violations);
}
