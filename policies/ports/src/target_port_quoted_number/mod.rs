//! A port is a string of digits where a number or a name belongs.

use plimsoll_sdk::kube::{Class, service_ports};
use plimsoll_sdk::{
    Bundle, Confidence, Context, Edit, Fix, Kind, Node, Object, Role, Rule, Severity, Symbol, Violation, word,
};

/// Services, policies, and whatever has probes.
const KINDS: &[&str] = &[
    "Service",
    "NetworkPolicy.networking.k8s.io",
    "Deployment.apps",
    "StatefulSet.apps",
    "DaemonSet.apps",
    "ReplicaSet.apps",
    "ReplicationController",
    "Pod",
    "PodTemplate",
    "Job.batch",
    "CronJob.batch",
    "Rollout.argoproj.io",
    "DeploymentConfig.apps.openshift.io",
    "Service.serving.knative.dev",
];

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "target-port-quoted-number",
    title: "A port is a string of digits where a number or a name belongs",
    severity: Severity::Error,
    kinds: KINDS,
    context: &[],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    for service in judged(bundle, Symbol(0), word!("Service")) {
        for port in service_ports(service) {
            let target = port.node.get(word!("targetPort")).known();
            violations
                .extend(target.and_then(|node| violation(node, format!("Service {} targetPort", service.called()))));
        }
    }
    for policy in judged(bundle, word!("networking.k8s.io"), word!("NetworkPolicy")) {
        let spec = policy.root().get(word!("spec")).known();
        for direction in [word!("ingress"), word!("egress")] {
            let rules = spec.into_iter().flat_map(|spec| spec.items_of(direction));
            for item in rules.flat_map(|rule| rule.items_of(word!("ports"))) {
                let port = item.get(word!("port")).known();
                violations.extend(port.and_then(|node| {
                    let side = node.tree().text(direction);
                    violation(node, format!("NetworkPolicy {} {side} port", policy.called()))
                }));
            }
        }
    }
    // Whoever serves another kind may take such a string.
    let judged_workloads = bundle
        .workloads()
        .iter()
        .filter(|workload| workload.is_judged() && workload.class != Class::Other);
    for workload in judged_workloads {
        for container in workload.containers() {
            for hook in container.hooks() {
                let path = || format!("{} {} port", container.name(), hook.name());
                violations.extend(hook.ports().filter_map(|node| violation(node, path())));
            }
        }
    }
}

/// The objects of one kind that are judged.
fn judged<'t>(bundle: &Bundle<'t>, group: Symbol, kind: Symbol) -> impl Iterator<Item = Object<'t>> {
    bundle
        .of_kind(group, kind)
        .filter(|object| object.role() == Role::Subject)
}

fn violation(node: Node<'_>, path: String) -> Option<Violation> {
    let digits = node.text().known().filter(|_| node.kind() == Kind::String)?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let message = format!("{path} is the string \"{digits}\"; a port name needs a letter — unquote it");
    let violation = Violation::new(node, message).confidence(Confidence::Certain).help(
        "A string is looked up as the name of a port, and names have at least one letter, so the API server refuses the \
         object. Write the number without quotes.",
    );
    // Beyond the range the number would be refused as well.
    let number = digits.parse::<u16>().ok().filter(|&number| number > 0);
    Some(match number {
        Some(number) => violation.fix(Fix {
            title: "unquote it".to_owned(),
            safe: true,
            edits: vec![Edit::Set {
                at: node.into(),
                value: number.to_string(),
            }],
        }),
        None => violation,
    })
}
