//! `cors/wildcard-with-credentials`: any origin, with the visitor's cookies.

use plimsoll_sdk::{Context, Rule, Severity, Violation};

use crate::Settings;
use crate::extract::{Answer, Opening, Speaks};
use crate::report;

/// The rule.
pub static RULE: Rule<Settings> = Rule {
    id: "wildcard-with-credentials",
    title: "Any origin with credentials: open to every site, or refused by browsers",
    severity: Severity::Error,
    kinds: &[],
    context: report::CONTEXT,
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, Settings>, violations: &mut Vec<Violation>) {
    let say = |_: &Opening, violation| violation;
    report::report(context, violations, Speaks::Credentials, say, |opening, place| {
        let outcome = match opening.answer {
            Answer::Echo => "insecure",
            Answer::Literal => "browsers reject it",
            Answer::Either => "insecure, or browsers reject it",
        };
        format!("{place}: any origin with credentials ({outcome})")
    });
}
