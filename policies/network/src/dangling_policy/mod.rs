//! A policy that selects no pods.

use std::collections::BTreeSet;

use plimsoll_sdk::kube::Workload;
use plimsoll_sdk::kube::netpol::{Direction, Policy, selects};
use plimsoll_sdk::{Bundle, Context, Node, Place, Rule, Severity, Value, Violation, word};

use crate::common::{judged, title};

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "dangling-policy",
    title: "A NetworkPolicy selects no pods",
    severity: Severity::Warning,
    kinds: &["NetworkPolicy.networking.k8s.io"],
    // What makes pods.
    context: &["*"],
    previous: false,
    page: include_str!("README.md"),
    check,
};

/// How many workloads are looked at for labels that a policy meant.
const MAX_ELSEWHERE: usize = 1024;

/// Beginnings of label keys that operators and controllers put on pods that they make.
const MADE: &[&str] = &[
    "acme.cert-manager.io/",
    "cnpg.io/",
    "strimzi.io/",
    "postgres-operator.crunchydata.com/",
    "elasticsearch.k8s.elastic.co/",
    "kibana.k8s.elastic.co/",
    "common.k8s.elastic.co/",
    "serving.knative.dev/",
    "tekton.dev/",
    "workflows.argoproj.io/",
    "spark-role",
    "openchoreo.dev/",
    "openchoreo.org/",
    "operator.prometheus.io/",
    "gateway.networking.k8s.io/",
    "gateway.envoyproxy.io/",
    "batch.kubernetes.io/",
    "batch.volcano.sh/",
    "training.kubeflow.org/",
    "ray.io/",
];

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    let mut selecting = None;
    for (number, policy) in judged(bundle) {
        let Value::Known(selector) = policy.pod_selector() else {
            continue;
        };
        let has_effect = [Direction::Ingress, Direction::Egress]
            .iter()
            .any(|&direction| policy.side(direction).effect != Value::Known(false));
        // Whether something is missing can be said only of what is complete.
        if !has_effect
            || selector.members().next().is_none()
            || !bundle.is_closed(policy.object)
            || is_made_later(selector)
        {
            continue;
        }
        let selecting = selecting.get_or_insert_with(|| selecting_policies(bundle));
        if !selecting.contains(&number) {
            violations.push(violation(policy, selector, elsewhere(bundle, policy)));
        }
    }
}

/// Numbers of the policies that select pods of any workload, or may.
fn selecting_policies(bundle: &Bundle<'_>) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    for &workload in bundle.workloads() {
        for direction in [Direction::Ingress, Direction::Egress] {
            let applying = bundle.policies().applying(bundle, workload, direction);
            found.extend(applying.iter().map(|&(policy, _)| policy));
        }
    }
    found
}

/// A workload of another namespace with the labels that a policy asks for.
fn elsewhere<'t>(bundle: &Bundle<'t>, policy: &Policy<'t>) -> Option<Workload<'t>> {
    let seen = bundle.workloads().iter().copied().take(MAX_ELSEWHERE);
    seen.filter(|workload| selects(policy.object, workload.labels()) == Value::Known(true))
        .find(|workload| workload.object.namespace().known().is_some() && bundle.sees(policy.object, workload.object))
}

/// Whether a selector asks for labels of pods that something makes at run time.
fn is_made_later(selector: Node<'_>) -> bool {
    let made = |key: &str| MADE.iter().any(|start| key.starts_with(start));
    let pairs = selector.get(word!("matchLabels")).known();
    pairs
        .into_iter()
        .flat_map(Node::members)
        .any(|pair| made(pair.key_text()))
        || selector
            .items_of(word!("matchExpressions"))
            .any(|expression| expression.text_of(word!("key")).known().is_none_or(made))
}

fn violation<'t>(policy: &Policy<'t>, selector: Node<'t>, elsewhere: Option<Workload<'t>>) -> Violation {
    let found = match elsewhere {
        Some(workload) => format!("; found in {}", workload.object.namespace_text()),
        None => String::new(),
    };
    let mut violation = Violation::new(
        Place::Key(selector.index()),
        format!("{}: podSelector matches no workload{found}", title(policy)),
    )
    .help(
        "A policy holds in its own namespace only, for pods with all the labels it asks for. Compare them with the labels of \
         the pod templates.",
    );
    if let Some(workload) = elsewhere {
        violation = violation.related(workload.pod, format!("{} has the labels", workload.title()));
    }
    violation
}
