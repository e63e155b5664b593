//! `owner-label/missing-owner`: a workload without the label that says who owns it.

use plimsoll_sdk::{Confidence, Context, Node, Place, Rule, Severity, Value, Violation, word};

use crate::Settings;

/// The rule.
pub static RULE: Rule<Settings> = Rule {
    id: "missing-owner",
    title: "workload does not say who owns it",
    severity: Severity::Warning,
    kinds: &[
        "Deployment.apps",
        "StatefulSet.apps",
        "DaemonSet.apps",
        "Job.batch",
        "CronJob.batch",
    ],
    context: &[],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, Settings>, violations: &mut Vec<Violation>) {
    let label = &context.settings.label;
    for workload in context.subjects_of(&RULE) {
        let metadata = workload.root().get(word!("metadata"));
        let labels = metadata.and_then(|metadata| metadata.get(word!("labels")));
        let owner = labels.and_then(|labels| labels.get_text(label)).and_then(Node::text);
        // Where the owner would stand, and what is wrong; a value that is decided later is no fault.
        let (at, problem) = match (owner, labels, metadata) {
            (Value::Known(""), Value::Known(labels), _) => (labels, "an empty"),
            (Value::Absent, Value::Known(labels), _) => (labels, "no"),
            (Value::Absent, Value::Absent, Value::Known(metadata)) => (metadata, "no"),
            _ => continue,
        };
        let message = format!(
            "{} `{}` has {problem} label `{label}`",
            workload.kind_text(),
            workload.name()
        );
        violations.push(
            Violation::new(Place::Key(at.index()), message)
                .confidence(Confidence::Certain)
                .help(format!(
                    "Add the label `{label}` with the team that answers for this workload."
                )),
        );
    }
}
