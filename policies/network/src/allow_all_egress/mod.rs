//! A rule allows all egress.

use plimsoll_sdk::kube::netpol::Direction;
use plimsoll_sdk::{Context, Rule, Severity, Violation};

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "allow-all-egress",
    title: "A NetworkPolicy allows all egress",
    severity: Severity::Info,
    kinds: &["NetworkPolicy.networking.k8s.io"],
    // Which pods keep data.
    context: &["*?"],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    crate::allow_all::check(context, Direction::Egress, violations);
}
