//! A process is told to listen on one port, and everything else speaks of another.

use std::collections::BTreeMap;

use plimsoll_sdk::kube::listen::{Evidence, Listen, Source, Tier, declared, environment_role, listen_of, port};
use plimsoll_sdk::kube::{
    Class, Container, Dialect, EnvFromSource, Target, WORKLOAD_KINDS, Workload, image, service_ports,
};
use plimsoll_sdk::{Bundle, Confidence, Context, Node, Rule, Severity, Value, Violation, word};

mod endpoints;

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "env-port-mismatch",
    title: "A process is told to listen on one port, and everything else speaks of another",
    severity: Severity::Error,
    kinds: WORKLOAD_KINDS,
    context: &["Service?", "ConfigMap?", "ReleaseBinding.openchoreo.dev?"],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    let mut targets: Option<Targets<'_>> = None;
    for (number, &workload) in bundle.workloads().iter().enumerate() {
        let counts = workload.is_judged()
            && workload.dialect == Dialect::Kubernetes
            // Knative sets the variable itself.
            && workload.class != Class::Knative
            && !workload.containers_unknown()
            && !workload.is_partial();
        if !counts {
            continue;
        }
        for container in workload.running() {
            if !may_be_told(container) {
                continue;
            }
            let Some(told) = told(bundle, workload, container) else {
                continue;
            };
            let targets = targets.get_or_insert_with(|| Targets::new(bundle));
            violations.extend(judge(workload, container, &told, targets.of(number)));
        }
    }
    endpoints::check(bundle, violations);
}

/// Whether a variable may tell it where to listen, and not plainly what is declared: cheap, for nearly all have none, or one
/// that agrees.
fn may_be_told(container: Container<'_>) -> bool {
    let mut told = false;
    for entry in container
        .env()
        .filter(|entry| environment_role(entry.name_text()) == Some(true))
    {
        let said = entry.literal().and_then(|node| node.text().known()).and_then(port);
        if said.is_some_and(|said| declared(container).iter().any(|other| other.port == said)) {
            return false;
        }
        told = true;
    }
    told || container
        .env_from()
        .any(|from| !matches!(from.source, EnvFromSource::Secret { .. } | EnvFromSource::Unknown))
}

/// What the environment tells, and nothing else contradicts.
struct Told<'t> {
    listen: Listen<'t>,
    evidence: Evidence<'t>,
}

/// The one port that variables tell a container to listen on, if flags and files tell no other.
fn told<'t>(bundle: &Bundle<'t>, workload: Workload<'t>, container: Container<'t>) -> Option<Told<'t>> {
    let reference = container.image().and_then(Node::text).known().unwrap_or_default();
    let listen = listen_of(bundle, workload, container);
    let mut process = listen.evidence.iter().filter(|evidence| evidence.tier == Tier::Process);
    let evidence = process
        .clone()
        .find(|evidence| evidence.source == Source::Variable)?
        .clone();
    let one = process.all(|other| other.port == evidence.port && other.source == Source::Variable);
    // An image that is known reads its own variables only.
    let name = evidence.what.split('=').next().unwrap_or_default();
    let read = image::known(reference).is_none_or(|image| image.knobs.contains(&name));
    (one && read && !listen.unknown).then_some(Told { listen, evidence })
}

/// A place that speaks of a port.
#[derive(Clone)]
struct Fact<'t> {
    port: u16,
    at: Node<'t>,
    what: String,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Probe,
    Service,
    Declaration,
}

fn judge<'t>(
    workload: Workload<'t>,
    container: Container<'t>,
    told: &Told<'t>,
    services: &[(Target<'t>, &'t str)],
) -> Option<Violation> {
    let (listen, evidence) = (&told.listen, &told.evidence);
    if listen
        .evidence
        .iter()
        .any(|other| other.port == evidence.port && other.source != Source::Variable)
    {
        return None;
    }
    let own = declared(container);
    let mut facts = probes(workload, container);
    facts.extend(targets_of(workload, container, services));
    // The only port that is declared; of several, another one may be the one that is meant.
    if let [only] = own.as_slice() {
        facts.push(Fact {
            port: only.port,
            at: only.node,
            what: "containerPort".to_owned(),
            kind: Kind::Declaration,
        });
    }
    if facts.iter().any(|fact| fact.port == evidence.port) {
        return None;
    }
    // A Service alone is what `target-port-mismatch` speaks of.
    let first = facts.iter().find(|fact| fact.kind != Kind::Service)?;
    let only_declared = facts.iter().all(|fact| fact.kind == Kind::Declaration);
    let env = evidence.what.split('=').next().unwrap_or_default();
    let message = format!(
        "{} listens on {env}={}, but its {} uses {}",
        container.name(),
        evidence.port,
        first.what,
        first.port
    );
    // A ConfigMap is another object, which may be right for others.
    let here = workload.object.span().contains(&evidence.node.index());
    let place = if here { evidence.node } else { first.at };
    let confidence = if listen.open || evidence.distant {
        Confidence::Medium
    } else {
        Confidence::High
    };
    let mut violation = Violation::new(place, message).confidence(confidence).help(format!(
        "{env} tells the process to listen on {}, so nothing answers on {}. Set {env} to {}, or correct what speaks of it.",
        evidence.port, first.port, first.port
    ));
    if only_declared {
        violation = violation.severity(Severity::Warning);
    }
    if !here {
        violation = violation.related(evidence.node, format!("{env} is set here"));
    }
    for fact in facts.iter().filter(|fact| fact.at != place).take(4) {
        violation = violation.related(fact.at, format!("{} uses {}", fact.what, fact.port));
    }
    Some(violation)
}

/// The numbers that the container's probes ask, unless another container of the pod declares them: all have one address.
fn probes<'t>(workload: Workload<'t>, container: Container<'t>) -> Vec<Fact<'t>> {
    let others = workload.running();
    let elsewhere = |port: u16| {
        others
            .iter()
            .filter(|other| other.node != container.node)
            .any(|&other| declared(other).iter().any(|declared| declared.port == port) || other.ports_unknown())
    };
    let hooks = container.hooks().filter(|hook| hook.probe);
    hooks
        .flat_map(|hook| hook.ports().map(move |at| (hook, at)))
        .filter_map(|(hook, at)| {
            let port = at.integer().known().and_then(|number| u16::try_from(number).ok())?;
            (port > 0 && !elsewhere(port)).then(|| Fact {
                port,
                at,
                what: hook.name().to_owned(),
                kind: Kind::Probe,
            })
        })
        .collect()
}

/// The ports that Services forward to, where this container is the only one that they can mean.
fn targets_of<'t>(
    workload: Workload<'t>,
    container: Container<'t>,
    services: &[(Target<'t>, &'t str)],
) -> Vec<Fact<'t>> {
    if workload.running().len() != 1 {
        return Vec::new();
    }
    let number = |target: Target<'t>| match target {
        Target::Number(number, at) => u16::try_from(number).ok().map(|port| (port, at)),
        Target::Name(name, at) => container
            .ports()
            .find(|port| port.name == Value::Known(name))
            .and_then(|port| port.number.known())
            .and_then(|number| u16::try_from(number).ok())
            .map(|port| (port, at)),
        Target::Unknown => None,
    };
    let facts = services.iter().filter_map(|&(target, name)| {
        number(target).map(|(port, at)| Fact {
            port,
            at,
            what: format!("Service {name}"),
            kind: Kind::Service,
        })
    });
    facts.collect()
}

/// What Services forward to, by workload.
struct Targets<'t> {
    by_workload: BTreeMap<usize, Vec<(Target<'t>, &'t str)>>,
}

/// More targets than this of one workload are those of a gateway.
const MAX_TARGETS: usize = 16;

impl<'t> Targets<'t> {
    fn new(bundle: &Bundle<'t>) -> Self {
        let mut by_workload: BTreeMap<usize, Vec<(Target<'t>, &'t str)>> = BTreeMap::new();
        for (service, selected) in &bundle.selection().services {
            let tcp = service_ports(*service).filter(|port| port.protocol == Value::Known(word!("TCP")));
            let ports: Vec<Target<'t>> = tcp.take(MAX_TARGETS).map(|port| port.target).collect();
            for &workload in selected.iter().flat_map(|one| &one.workloads) {
                let all = by_workload.entry(workload).or_default();
                let free = MAX_TARGETS.saturating_sub(all.len());
                all.extend(ports.iter().take(free).map(|&target| (target, service.called())));
            }
        }
        Targets { by_workload }
    }

    fn of(&self, workload: usize) -> &[(Target<'t>, &'t str)] {
        self.by_workload.get(&workload).map_or(&[], Vec::as_slice)
    }
}
