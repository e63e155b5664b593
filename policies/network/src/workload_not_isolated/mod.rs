//! No NetworkPolicy says who may reach a workload's pods.

use plimsoll_sdk::kube::{Class, Workload, listen, openchoreo};
use plimsoll_sdk::{Bundle, Context, Place, Rule, Severity, Value, Violation, word};

/// What makes pods.
const KINDS: &[&str] = &[
    "Deployment.apps",
    "StatefulSet.apps",
    "DaemonSet.apps",
    "ReplicaSet.apps",
    "ReplicationController",
    "Pod",
    "Job.batch",
    "CronJob.batch",
    "Rollout.argoproj.io",
    "DeploymentConfig.apps.openshift.io",
    "Service.serving.knative.dev",
];

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "workload-not-isolated",
    title: "No NetworkPolicy says who may reach a workload",
    severity: Severity::Warning,
    kinds: KINDS,
    // Policies of other layers decide too, and which exist is not known beforehand.
    context: &["*"],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    let policies = bundle.policies();
    for &workload in bundle.workloads() {
        if !workload.is_judged() || is_exempt(bundle, workload) {
            continue;
        }
        if policies.ingress_isolated(bundle, workload) == Value::Known(false) {
            let stage = bundle.stage(workload.object).stage;
            if stage.is_dev() {
                continue;
            }
            // Without any policy they may not be in use, but in production they should be.
            let severity = if policies.any_seen(workload.object) || stage.is_prod() {
                Severity::Warning
            } else {
                Severity::Info
            };
            violations.push(violation(workload, severity));
        }
    }
}

/// Workloads that policies do not concern: what a platform isolates, what uses its node's network, what makes no pods, what
/// runs to an end without a port that anyone could call, and pods that are made by what is judged itself.
fn is_exempt<'t>(bundle: &Bundle<'t>, workload: Workload<'t>) -> bool {
    let class = match workload.class {
        Class::Template | Class::OpenChoreo | Class::Overrides | Class::Other => true,
        Class::Batch => !workload
            .running()
            .into_iter()
            .any(|one| !listen::declared(one).is_empty()),
        Class::Replicated | Class::PerNode | Class::Pod | Class::Knative => false,
    };
    let owners = workload
        .object
        .root()
        .at(&[word!("metadata"), word!("ownerReferences")]);
    class
        || !owners.is_absent()
        || workload.is_partial()
        || workload.host_network() != Value::Known(false)
        || openchoreo::is_open_choreo(bundle, workload.object)
}

fn violation(workload: Workload<'_>, severity: Severity) -> Violation {
    let root = workload.object.root();
    let name = root.at(&[word!("metadata"), word!("name")]).known();
    // At the name; a workload without one (`generateName`) at its kind.
    let place = name
        .or(root.get(word!("kind")).known())
        .map_or(Place::from(root), Place::from);
    let namespace = match workload.object.namespace_text() {
        "" => "its namespace".to_owned(),
        name => format!("namespace {name}"),
    };
    Violation::new(place, format!("{} accepts traffic from anywhere", workload.title()))
        .severity(severity)
        .help(format!(
            "No NetworkPolicy with effect on ingress selects its pods, so every pod of the cluster may connect to every port \
             of them. Add a policy to {namespace} that denies all ingress (podSelector: {{}}, policyTypes: [Ingress]), and one \
             for each caller that is needed{}.",
            match ports(workload).as_str() {
                "" => String::new(),
                ports => format!(" (declared ports: {ports})"),
            }
        ))
}

/// The declared TCP ports, as a list.
fn ports(workload: Workload<'_>) -> String {
    let mut ports: Vec<u16> = workload
        .running()
        .into_iter()
        .flat_map(listen::declared)
        .map(|declared| declared.port)
        .collect();
    ports.sort_unstable();
    ports.dedup();
    ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ")
}
