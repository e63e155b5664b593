//! A container gets traffic from a Service and has no readiness probe.

use std::collections::BTreeMap;

use plimsoll_sdk::kube::{
    Class, Container, ContainerClass, Join, ServicePort, Target, Workload, image, listen, service_ports,
};
use plimsoll_sdk::{Bundle, Context, Node, Object, Rule, Severity, Value, Violation, word};

use crate::exempt;

/// Services, and what makes pods that stay.
const KINDS: &[&str] = &[
    "Deployment.apps",
    "StatefulSet.apps",
    "DaemonSet.apps",
    "ReplicaSet.apps",
    "ReplicationController",
    "Pod",
    "Rollout.argoproj.io",
    "DeploymentConfig.apps.openshift.io",
];

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "missing-readiness",
    title: "A container gets traffic from a Service and has no readiness probe",
    severity: Severity::Warning,
    kinds: KINDS,
    context: &["Service?"],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    let reached = reached(bundle);
    for (number, &workload) in bundle.workloads().iter().enumerate() {
        if !workload.is_judged() || exempt::workload(bundle, workload) {
            continue;
        }
        match reached.get(&number) {
            Some(services) => {
                // The first by name, so that the order of lists and documents changes nothing.
                let found = services
                    .iter()
                    .flat_map(|&(service, join)| {
                        without_probe(bundle, workload, service)
                            .map(move |(container, port)| (container, port, service, join))
                    })
                    .min_by_key(|(container, port, service, _)| {
                        (container.name(), service.name(), port.port.known(), service.index())
                    });
                if let Some((container, port, service, join)) = found {
                    violations.push(of_service(workload, container, service, port).through(join));
                }
            }
            None => violations.extend(of_ports(bundle, workload)),
        }
    }
}

/// The Services that reach each workload.
type Reached<'a, 't> = BTreeMap<usize, Vec<(Object<'t>, &'a Join<'t>)>>;

fn reached<'a, 't>(bundle: &'a Bundle<'t>) -> Reached<'a, 't> {
    let mut reached: Reached<'a, 't> = BTreeMap::new();
    for (service, selected) in &bundle.selection().services {
        for one in selected {
            for &workload in &one.workloads {
                reached.entry(workload).or_default().push((*service, &one.join));
            }
        }
    }
    reached
}

/// The containers that a Service's ports reach and that have no probe; where it cannot be told which one is reached and
/// none has a probe, the first by name.
fn without_probe<'a, 't>(
    bundle: &'a Bundle<'t>,
    workload: Workload<'t>,
    service: Object<'t>,
) -> impl Iterator<Item = (Container<'t>, ServicePort<'t>)> + use<'a, 't> {
    let spec = service.root().get(word!("spec"));
    let publishes = spec.and_then(|spec| spec.boolean_of(word!("publishNotReadyAddresses")));
    let judged = publishes.or_default(false) == Value::Known(false);
    let serving: Vec<Container<'t>> = workload
        .running()
        .into_iter()
        .filter(|&one| !exempt::container(one))
        .collect();
    service_ports(service)
        .filter(move |port| judged && port.protocol == Value::Known(word!("TCP")))
        .filter_map(move |port| Some((unprobed(bundle, workload, &serving, port.target)?, port)))
}

/// The container that a target reaches, if it is one to report.
fn unprobed<'t>(
    bundle: &Bundle<'t>,
    workload: Workload<'t>,
    serving: &[Container<'t>],
    target: Target<'t>,
) -> Option<Container<'t>> {
    match target_of(bundle, workload, serving, target) {
        // A proxy is there at once; the pod is ready when what stands behind it is.
        Reaches::One(container) if is_proxy(container) && !serving.iter().copied().all(lacks_probe) => None,
        Reaches::One(container) => lacks_probe(container).then_some(container),
        Reaches::Unclear => {
            let apps = || serving.iter().copied().filter(|one| one.class == ContainerClass::App);
            apps()
                .all(lacks_probe)
                .then(|| apps().min_by_key(|one| one.name()))
                .flatten()
        }
        Reaches::Nothing => None,
    }
}

fn is_proxy(container: Container<'_>) -> bool {
    let reference = container.image().known().and_then(Node::raw_text);
    reference.is_some_and(image::is_proxy)
}

/// Whether it has no readiness probe, and none can come.
fn lacks_probe(container: Container<'_>) -> bool {
    container.probe(word!("readinessProbe")).is_absent()
}

/// What a target reaches.
enum Reaches<'t> {
    One(Container<'t>),
    Unclear,
    Nothing,
}

fn target_of<'t>(
    bundle: &Bundle<'t>,
    workload: Workload<'t>,
    serving: &[Container<'t>],
    target: Target<'t>,
) -> Reaches<'t> {
    if let &[only] = serving {
        return Reaches::One(only);
    }
    let declares = |container: &&Container<'t>| {
        container.ports().any(|port| match target {
            Target::Number(number, _) => port.number == Value::Known(number),
            Target::Name(name, _) => port.name == Value::Known(name),
            Target::Unknown => false,
        })
    };
    let mut found = serving.iter().filter(declares);
    match (found.next(), found.next()) {
        (Some(&container), None) => Reaches::One(container),
        (None, _) if matches!(target, Target::Name(..)) => Reaches::Nothing,
        _ if serving.is_empty() => Reaches::Nothing,
        (None, _) => told(bundle, workload, serving, target).map_or(Reaches::Unclear, Reaches::One),
        _ => Reaches::Unclear,
    }
}

/// The one container that is told to listen on a number that none declares.
fn told<'t>(
    bundle: &Bundle<'t>,
    workload: Workload<'t>,
    serving: &[Container<'t>],
    target: Target<'t>,
) -> Option<Container<'t>> {
    let Target::Number(number, _) = target else { return None };
    let port = u16::try_from(number).ok()?;
    let mut found = serving
        .iter()
        .filter(|&&container| listen::listen_of(bundle, workload, container).has(port));
    match (found.next(), found.next()) {
        (Some(&container), None) => Some(container),
        _ => None,
    }
}

fn of_service<'t>(
    workload: Workload<'t>,
    container: Container<'t>,
    service: Object<'t>,
    port: ServicePort<'t>,
) -> Violation {
    let message = format!(
        "{}/{} receives traffic from Service {} but has no readinessProbe",
        workload.object.called(),
        container.name(),
        service.called(),
    );
    Violation::new(container.place(), message)
        .help(format!(
            "Without one a pod gets traffic as soon as its process is started, not when it can serve: every rollout and \
             restart loses requests, and waiting for the pod to be ready means nothing. {}",
            suggestion(container, Some(port.target))
        ))
        .related(port.node, format!("Service {} sends traffic here", service.called()))
}

/// Where no Service is seen: a declared port is a hint that one may come, unless the operator says that all is here.
fn of_ports<'t>(bundle: &Bundle<'t>, workload: Workload<'t>) -> Option<Violation> {
    if workload.class == Class::PerNode || is_complete(bundle, workload.object) {
        return None;
    }
    let container = workload
        .running()
        .into_iter()
        .filter(|&one| lacks_probe(one) && !exempt::container(one) && !listen::declared(one).is_empty())
        .min_by_key(|one| one.name())?;
    let message = format!(
        "{}/{} declares ports but has no readinessProbe",
        workload.object.called(),
        container.name()
    );
    Some(
        Violation::new(container.place(), message)
            .severity(Severity::Info)
            .help(format!(
                "If a Service sends traffic to it, every rollout and restart loses requests. {}",
                suggestion(container, None)
            )),
    )
}

/// Whether the operator says that everything of an object's namespace is in the bundle.
fn is_complete(bundle: &Bundle<'_>, object: Object<'_>) -> bool {
    let closed = bundle
        .facts()
        .and_then(|facts| facts.get(word!("closed-world")).known());
    closed
        .into_iter()
        .flat_map(Node::items)
        .any(|namespace| namespace.text() == Value::Known(object.namespace_text()))
}

/// What to add, by what the container shows: what its image is asked, what liveness asks, or the port.
fn suggestion<'t>(container: Container<'t>, target: Option<Target<'t>>) -> String {
    let reference = container.image().and_then(Node::text).known().unwrap_or_default();
    let health = image::known(reference).map_or("", |image| image.health);
    if !health.is_empty() {
        return format!("Add a readinessProbe that runs `{health}`.");
    }
    let live = container.probe(word!("livenessProbe"));
    let path = live.and_then(|probe| probe.at(&[word!("httpGet"), word!("path")]));
    if let Value::Known(path) = path.and_then(Node::text) {
        return format!("Add a readinessProbe; liveness asks {path}, so readiness can ask what serving needs.");
    }
    match target {
        Some(Target::Number(number, _)) => {
            format!(
                "Add a readinessProbe: httpGet of a path that needs what serving needs, or tcpSocket on port {number}."
            )
        }
        Some(Target::Name(name, node)) => format!(
            "Add a readinessProbe: httpGet of a path that needs what serving needs, or tcpSocket on port {}.",
            node.tree().text(name)
        ),
        _ => "Add a readinessProbe: httpGet of a path that needs what serving needs, or tcpSocket on its port."
            .to_owned(),
    }
}
