//! A Service forwards to a port on which its pods do not listen.

use std::collections::BTreeMap;

use plimsoll_sdk::kube::{Selected, Selection, ServicePort, Target, Workload, is_headless, openchoreo, service_ports};
use plimsoll_sdk::{
    Bundle, Confidence, Context, Edit, Fix, Flags, Node, Object, ObjectFlags, Role, Rule, Severity, Value, Violation,
    word,
};

mod verdict;

use verdict::{Failure, Goal, Verdict, judge};

/// Longest message, in characters.
const MAX_MESSAGE: usize = 120;

/// Services, what makes pods that they can select, and what tells those where to listen.
const KINDS: &[&str] = &[
    "Service",
    "Deployment.apps",
    "StatefulSet.apps",
    "DaemonSet.apps",
    "ReplicaSet.apps",
    "ReplicationController",
    "Pod",
    "Job.batch",
    "Rollout.argoproj.io",
    "DeploymentConfig.apps.openshift.io",
    "ConfigMap",
];

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "target-port-mismatch",
    title: "A Service forwards to a port on which its pods do not listen",
    severity: Severity::Error,
    kinds: KINDS,
    context: KINDS,
    previous: false,
    page: include_str!("README.md"),
    check,
};

/// More ports than this are those of a gateway: which of them the evidence is about cannot be told.
const MAX_PORTS: usize = 16;

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    let selection = bundle.selection();
    let targets = Targets::new(selection);
    for (service, selected) in &selection.services {
        if !port_list_is_final(*service) || service_ports(*service).nth(MAX_PORTS).is_some() {
            continue;
        }
        for port in service_ports(*service) {
            let Target::Number(number, at) = port.target else {
                continue;
            };
            let Ok(target) = u16::try_from(number) else { continue };
            if port.protocol != Value::Known(word!("TCP")) {
                continue;
            }
            let found = selected
                .iter()
                .find_map(|one| failing(bundle, &targets, one, target).map(|failures| (one, failures)));
            if let Some((one, failures)) = found {
                violations.extend(violation(bundle, *service, port, (target, at), one, &failures));
            }
        }
    }
}

/// Whether no port can be added to the list later.
fn port_list_is_final(service: Object<'_>) -> bool {
    let ports = service.root().at(&[word!("spec"), word!("ports")]);
    ports.known().is_some_and(Node::is_final)
}

/// The targets of all Services of each workload: a pod that is reached on several ports listens on several.
struct Targets {
    by_workload: BTreeMap<usize, Vec<Goal>>,
}

impl Targets {
    fn new(selection: &Selection<'_>) -> Self {
        let mut by_workload: BTreeMap<usize, Vec<Goal>> = BTreeMap::new();
        for (service, selected) in &selection.services {
            let goals: Vec<Goal> = service_ports(*service)
                .take(MAX_PORTS + 1)
                .map(|port| match port.target {
                    Target::Number(number, _) => Goal::Number(number),
                    Target::Name(name, _) => Goal::Name(name),
                    Target::Unknown => Goal::Unknown,
                })
                .collect();
            for &workload in selected.iter().flat_map(|one| &one.workloads) {
                let all = by_workload.entry(workload).or_default();
                for goal in &goals {
                    if all.len() <= MAX_PORTS && !all.contains(goal) {
                        all.push(*goal);
                    }
                }
            }
        }
        Targets { by_workload }
    }

    /// What the Services that reach a workload forward to besides this port.
    fn besides(&self, workload: usize, target: u16) -> Vec<Goal> {
        let all = self.by_workload.get(&workload).map_or(&[][..], Vec::as_slice);
        let other = |goal: &&Goal| **goal != Goal::Number(i64::from(target));
        all.iter().filter(other).copied().collect()
    }
}

/// The workloads with why they fail, if all that the Service selects do: one that serves makes it another fault.
fn failing<'t>(
    bundle: &Bundle<'t>,
    targets: &Targets,
    selected: &Selected<'t>,
    target: u16,
) -> Option<Vec<(Workload<'t>, Failure<'t>)>> {
    let mut failures = Vec::new();
    for &number in &selected.workloads {
        let workload = *bundle.workloads().get(number)?;
        match judge(bundle, workload, target, &targets.besides(number, target)) {
            Verdict::Serves => return None,
            Verdict::Fails(failure) => failures.push((workload, failure)),
        }
    }
    // By name, so that the order of documents changes nothing.
    failures.sort_by_key(|(workload, _)| (workload.name(), workload.object.index()));
    (!failures.is_empty()).then_some(failures)
}

fn violation<'t>(
    bundle: &Bundle<'t>,
    service: Object<'t>,
    port: ServicePort<'t>,
    (target, at): (u16, Node<'t>),
    selected: &Selected<'t>,
    failures: &[(Workload<'t>, Failure<'t>)],
) -> Option<Violation> {
    let (workload, failure) = if service.role() == Role::Subject {
        failures.first()?
    } else {
        failures.iter().find(|(workload, _)| workload.is_judged())?
    };
    let listens = failure.port();
    let mut severity = failures.iter().map(|(_, failure)| failure.severity).min()?;
    let mut confidence = failures.iter().map(|(_, failure)| failure.confidence).min()?;
    if is_headless(service) {
        // Clients that resolve its name reach the pods themselves, on whatever port they dial.
        severity = severity.min(Severity::Warning);
        confidence = confidence.min(Confidence::Medium);
    }
    // Where only the pods are judged (their Service is in the cluster), the finding stands at what they are told.
    let judged = service.role() == Role::Subject;
    let evidence = failure.evidence.first()?;
    let place = if judged { at } else { evidence.node };
    let mut violation = Violation::new(place, message(service, port, target, *workload, failure))
        .severity(severity)
        .confidence(confidence)
        .help(format!(
            "The Service forwards to port {target} of its pods. Nothing there listens on it, so connections are refused \
             although every pod runs. Set targetPort to {listens}, or make the process listen on {target}."
        ));
    if !judged {
        violation = violation.related(at, format!("Service {} forwards to port {target}", service.called()));
    }
    for (workload, failure) in failures {
        if let Some(evidence) = failure.evidence.first().filter(|evidence| evidence.node != place) {
            let container = failure.container.name();
            violation = violation.related(
                evidence.node,
                format!(
                    "{}/{container} listens on {} ({})",
                    workload.object.called(),
                    evidence.port,
                    evidence.what
                ),
            );
        }
    }
    let agreed = failures.iter().all(|(_, failure)| failure.port() == listens);
    let certain = severity == Severity::Error && confidence >= Confidence::High && agreed;
    if certain && judged && !selected.join.distant && !selected.join.ambiguous && is_source(bundle, service) {
        violation.fix = fix(port, at, listens);
    }
    Some(violation.through(&selected.join))
}

/// The message, without the evidence where that would make it too long.
fn message(
    service: Object<'_>,
    port: ServicePort<'_>,
    target: u16,
    workload: Workload<'_>,
    failure: &Failure<'_>,
) -> String {
    let dialled = port.port.known().unwrap_or(i64::from(target));
    let head = format!(
        "Service {} port {dialled} targets {target}, but {}/{} listens on {}",
        service.called(),
        workload.object.called(),
        failure.container.name(),
        failure.port(),
    );
    let what = failure.evidence.first().map_or("", |evidence| evidence.what.as_str());
    let whole = format!("{head} ({what})");
    if whole.chars().count() > MAX_MESSAGE {
        head
    } else {
        whole
    }
}

/// Whether the Service is what somebody wrote, and not what a platform or a renderer made.
fn is_source<'t>(bundle: &Bundle<'t>, service: Object<'t>) -> bool {
    !service.has(ObjectFlags::RENDERED)
        && !service.has(ObjectFlags::COARSE)
        && openchoreo::outer(bundle, service).is_none()
}

/// Writes the port that the pods listen on, unless an alias stands for what would change.
fn fix(port: ServicePort<'_>, at: Node<'_>, listens: u16) -> Option<Fix> {
    let alias = |node: Node<'_>| node.flags().has(Flags::ALIAS);
    if alias(port.node) || alias(at) {
        return None;
    }
    let edit = match port.node.get(word!("targetPort")) {
        Value::Known(node) => Edit::Set {
            at: node.into(),
            value: listens.to_string(),
        },
        Value::Absent => Edit::Insert {
            into: port.node.into(),
            key: "targetPort".to_owned(),
            value: listens.to_string(),
        },
        Value::Unknown => return None,
    };
    Some(Fix {
        title: format!("forward to port {listens}"),
        safe: false,
        edits: vec![edit],
    })
}
