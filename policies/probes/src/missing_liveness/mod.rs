//! A container has no liveness probe.

use plimsoll_sdk::kube::WORKLOAD_KINDS;
use plimsoll_sdk::{Context, Rule, Severity, Violation, word};

use crate::exempt;

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "missing-liveness",
    title: "A container has no liveness probe",
    severity: Severity::Info,
    kinds: WORKLOAD_KINDS,
    context: &[],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    for &workload in bundle.workloads() {
        if !workload.is_judged() || exempt::workload(bundle, workload) {
            continue;
        }
        for container in workload.running() {
            if exempt::container(container) || !container.probe(word!("livenessProbe")).is_absent() {
                continue;
            }
            let message = format!("{}/{} has no livenessProbe", workload.object.called(), container.name());
            violations.push(Violation::new(container.place(), message).help(
                "Add one only if the process can hang without ending: a process that ends is restarted anyway, and a probe that \
                 asks too much restarts what only waits. It should ask the process alone, not what that depends on.",
            ));
        }
    }
}
