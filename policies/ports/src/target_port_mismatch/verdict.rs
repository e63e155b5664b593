//! Whether a pod listens on the port that a Service forwards to.

use plimsoll_sdk::kube::listen::{Evidence, Listen, Tier, declared, listen_of, mentioned};
use plimsoll_sdk::kube::{Container, Value, Workload, image};
use plimsoll_sdk::{Bundle, Confidence, Severity, Symbol};

/// What is known of one workload and one target port.
pub enum Verdict<'t> {
    /// It listens there, or may: nothing to say.
    Serves,
    /// It does not.
    Fails(Failure<'t>),
}

/// Where a workload listens instead.
pub struct Failure<'t> {
    /// The container.
    pub container: Container<'t>,
    /// The evidence that it listens elsewhere; the first decides.
    pub evidence: Vec<Evidence<'t>>,
    /// How bad that is on this evidence.
    pub severity: Severity,
    /// How sure that is.
    pub confidence: Confidence,
}

impl Failure<'_> {
    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.evidence.first().map_or(0, |evidence| evidence.port)
    }
}

/// What a Service forwards to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Goal {
    /// A number.
    Number(i64),
    /// The port of a name.
    Name(Symbol),
    /// Decided later.
    Unknown,
}

/// Names of ports beside the one that serves: their declaration says nothing of where the rest listens.
const BESIDE: &[&str] = &[
    "metrics", "prom", "health", "probe", "admin", "debug", "pprof", "monitor",
];

/// Judges a workload that a Service reaches on this port, and all Services together on these besides.
pub fn judge<'t>(bundle: &Bundle<'t>, workload: Workload<'t>, target: u16, besides: &[Goal]) -> Verdict<'t> {
    let running = workload.running();
    // On the node's network anything of the node may listen.
    if running.is_empty() || workload.containers_unknown() || workload.host_network() != Value::Known(false) {
        return Verdict::Serves;
    }
    // The declaration is cheap to look at, and right in nearly every pod.
    let declares = |container: &Container<'t>| declared(*container).iter().any(|port| port.port == target);
    if running
        .iter()
        .any(|container| declares(container) || container.ports_unknown())
    {
        return Verdict::Serves;
    }
    let Some(candidate) = candidate(&running, besides) else {
        return Verdict::Serves;
    };
    let listens: Vec<Listen<'t>> = running
        .iter()
        .map(|&container| listen_of(bundle, workload, container))
        .collect();
    let known = listens.iter().any(|listen| listen.unknown || listen.has(target));
    if known || running.iter().any(|&container| is_default(container, target)) || mentioned(bundle, workload, target) {
        return Verdict::Serves;
    }
    let found = match candidate {
        Candidate::One(at) => match (running.get(at), listens.get(at)) {
            (Some(&container), Some(listen)) => told(container, listen).or_else(|| usual(container, listen)),
            _ => None,
        },
        Candidate::Any => None,
    };
    let failure = found.or_else(|| besides.is_empty().then(|| only_declared(&running, &listens)).flatten());
    failure.map_or(Verdict::Serves, Verdict::Fails)
}

/// The container that a port can be about.
#[derive(Clone, Copy)]
enum Candidate {
    /// The only one it can be.
    One(usize),
    /// Any of them.
    Any,
}

/// Which container a port is about, if the Services forward to these besides: the one that is left when every other port is
/// declared by a container of its own. None where that cannot be told for several ports.
fn candidate<'t>(running: &[Container<'t>], besides: &[Goal]) -> Option<Candidate> {
    let serves = |container: &Container<'t>, goal: &Goal| {
        container.ports().any(|port| match *goal {
            Goal::Number(number) => port.number == Value::Known(number),
            Goal::Name(name) => port.name == Value::Known(name),
            Goal::Unknown => false,
        })
    };
    let mut left: Vec<usize> = Vec::new();
    for (at, container) in running.iter().enumerate() {
        let reference = container.image().known().and_then(|node| node.raw_text());
        let idle = reference.is_some_and(image::is_idle);
        if !idle && !besides.iter().any(|goal| serves(container, goal)) {
            left.push(at);
        }
    }
    let accounted = besides
        .iter()
        .all(|goal| running.iter().any(|container| serves(container, goal)));
    match left.as_slice() {
        _ if !accounted => None,
        // A proxy takes traffic for the others, on ports that they do not say.
        _ if running.len() > 1 && running.iter().any(|&one| is_proxy(one)) => {
            besides.is_empty().then_some(Candidate::Any)
        }
        &[only] => Some(Candidate::One(only)),
        _ => besides.is_empty().then_some(Candidate::Any),
    }
}

/// Whether the container's image listens on a port by default, even if something may have moved it.
fn is_default(container: Container<'_>, port: u16) -> bool {
    let reference = container.image().known().and_then(|node| node.raw_text());
    reference.is_some_and(|reference| image::default_ports(reference).contains(&port))
}

/// The process is told to listen on one port, another one.
fn told<'t>(container: Container<'t>, listen: &Listen<'t>) -> Option<Failure<'t>> {
    let told: Vec<&Evidence<'t>> = of(listen, |tier| matches!(tier, Tier::Process | Tier::Side | Tier::Probe));
    let port = only_port(&told)?;
    let agreeing: Vec<Evidence<'t>> = listen
        .evidence
        .iter()
        .filter(|evidence| evidence.port == port && evidence.tier != Tier::Image)
        .cloned()
        .collect();
    // A probe, or a listener beside the main one, needs the declaration to agree: controllers are asked on 8081 and serve
    // on an undeclared 9443.
    let has = |tier| agreeing.iter().any(|evidence| evidence.tier == tier);
    if !has(Tier::Process) && (!has(Tier::Declared) || declares_beside(container, Some(port))) {
        return None;
    }
    let declared = of(listen, |tier| tier == Tier::Declared);
    let disputed = !declared.is_empty() && declared.iter().all(|evidence| evidence.port != port);
    let distant = agreeing.first().is_some_and(|evidence| evidence.distant);
    Some(Failure {
        container,
        evidence: agreeing,
        severity: Severity::Error,
        confidence: if disputed || listen.open || distant {
            Confidence::Medium
        } else {
            Confidence::High
        },
    })
}

/// The image's default and the declaration agree on one port, another one.
fn usual<'t>(container: Container<'t>, listen: &Listen<'t>) -> Option<Failure<'t>> {
    let declared = of(listen, |tier| tier == Tier::Declared);
    let port = only_port(&declared)?;
    let image = listen
        .evidence
        .iter()
        .find(|evidence| evidence.tier == Tier::Image && evidence.port == port)?;
    let mut evidence = vec![image.clone()];
    evidence.extend(declared.into_iter().cloned());
    (!listen.open).then_some(Failure {
        container,
        evidence,
        severity: Severity::Error,
        confidence: Confidence::High,
    })
}

/// The pod declares one port, another one.
fn only_declared<'t>(running: &[Container<'t>], listens: &[Listen<'t>]) -> Option<Failure<'t>> {
    if listens.iter().any(|listen| listen.open) || (running.len() > 1 && running.iter().any(|&one| is_proxy(one))) {
        return None;
    }
    let all: Vec<&Evidence<'t>> = listens
        .iter()
        .flat_map(|listen| of(listen, |tier| tier == Tier::Declared))
        .collect();
    only_port(&all)?;
    let (&container, evidence) = running.iter().zip(listens).find_map(|(container, listen)| {
        let declared = of(listen, |tier| tier == Tier::Declared);
        (!declared.is_empty()).then_some((container, declared))
    })?;
    if declares_beside(container, None) {
        return None;
    }
    Some(Failure {
        container,
        evidence: evidence.into_iter().cloned().collect(),
        severity: Severity::Warning,
        confidence: Confidence::Medium,
    })
}

/// Whether a container declares a port (any, or this one) by a name that says that it stands beside what serves.
fn declares_beside(container: Container<'_>, number: Option<u16>) -> bool {
    container.ports().any(|port| {
        let this = number.is_none_or(|number| port.number == Value::Known(i64::from(number)));
        let name = port.name.known().map(|name| port.node.tree().text(name));
        this && name.is_some_and(|name| BESIDE.iter().any(|word| name.contains(word)))
    })
}

fn is_proxy(container: Container<'_>) -> bool {
    let reference = container.image().known().and_then(|node| node.raw_text());
    reference.is_none_or(image::is_proxy)
}

fn of<'a, 't>(listen: &'a Listen<'t>, wanted: impl Fn(Tier) -> bool) -> Vec<&'a Evidence<'t>> {
    listen
        .evidence
        .iter()
        .filter(|evidence| wanted(evidence.tier))
        .collect()
}

/// The port that all of these name.
fn only_port(evidence: &[&Evidence<'_>]) -> Option<u16> {
    let first = evidence.first()?.port;
    evidence.iter().all(|other| other.port == first).then_some(first)
}
