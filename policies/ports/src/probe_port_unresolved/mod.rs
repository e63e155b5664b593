//! A probe or lifecycle hook asks a port that its container does not have.

use plimsoll_sdk::kube::listen::{Evidence, Listen, Source, Tier, declared, listen_of, mentioned};
use plimsoll_sdk::kube::{Class, Container, ContainerClass, Dialect, Hook, WORKLOAD_KINDS, Workload, image, near_miss};
use plimsoll_sdk::{Bundle, Confidence, Context, Edit, Fix, Node, Rule, Severity, Value, Violation, word};

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "probe-port-unresolved",
    title: "A probe or lifecycle hook asks a port that its container does not have",
    severity: Severity::Error,
    kinds: WORKLOAD_KINDS,
    context: &["ConfigMap?"],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    for &workload in bundle.workloads() {
        let counts = workload.is_judged()
            && workload.dialect == Dialect::Kubernetes
            // Knative puts the port in; so may whoever serves another kind.
            && !matches!(workload.class, Class::Knative | Class::Other)
            && !workload.is_partial();
        if !counts {
            continue;
        }
        for container in workload.containers() {
            if matches!(container.class, ContainerClass::Init | ContainerClass::Ephemeral) {
                continue;
            }
            let mut numbers = Vec::new();
            for hook in container.hooks() {
                for at in hook.ports() {
                    match (at.text(), at.integer()) {
                        (Value::Known(name), _) => violations.extend(of_name(workload, container, hook, at, name)),
                        (_, Value::Known(number)) => {
                            numbers.extend(u16::try_from(number).ok().map(|port| Asked { hook, at, port }));
                        }
                        _ => {}
                    }
                }
            }
            of_numbers(bundle, workload, container, &numbers, violations);
        }
    }
}

/// A name, which must be one of the container's own.
fn of_name<'t>(
    workload: Workload<'t>,
    container: Container<'t>,
    hook: Hook<'t>,
    at: Node<'t>,
    name: &'t str,
) -> Option<Violation> {
    // Digits in quotes are no name: `target-port-quoted-number`.
    let is_name = name.bytes().any(|byte| byte.is_ascii_alphabetic());
    if !is_name || container.ports_unknown() || container.ports().any(|port| port.name.is_unknown()) {
        return None;
    }
    let tree = at.tree();
    let names = |container: Container<'t>| {
        container
            .ports()
            .filter_map(move |port| port.name.known().map(|name| tree.text(name)))
    };
    if names(container).any(|other| other == name) {
        return None;
    }
    let own: Vec<&'t str> = names(container).collect();
    let evidence = if own.is_empty() {
        "no named ports".to_owned()
    } else {
        format!("declared: {}", own.join(", "))
    };
    let head = format!(
        "{} {} uses port {name}, which {} does not declare",
        container.name(),
        hook.name(),
        container.name()
    );
    let whole = format!("{head} ({evidence})");
    let message = if whole.chars().count() > 120 { head } else { whole };
    let mut violation = Violation::new(at, message).confidence(Confidence::Certain).help(
        "The kubelet looks the name up in the ports of the same container. It is not there, so the probe fails every time. \
         Give the port this name, or write the name or number that the container has.",
    );
    if let Some((other, port)) = workload
        .containers()
        .into_iter()
        .filter(|other| other.node != container.node)
        .find_map(|other| {
            let port = other
                .ports()
                .find(|port| port.name.known().map(|name| tree.text(name)) == Some(name))?;
            Some((other, port))
        })
    {
        violation = violation.related(
            port.node,
            format!("{} declares it, not {}", other.name(), container.name()),
        );
    } else if let Some(near) = near_miss(name, own.iter().copied()) {
        violation = violation.fix(Fix {
            title: format!("ask port {near}"),
            safe: true,
            edits: vec![Edit::Set {
                at: at.into(),
                value: format!("\"{near}\""),
            }],
        });
    }
    Some(violation)
}

/// A number that a probe or hook asks.
#[derive(Clone, Copy)]
struct Asked<'t> {
    hook: Hook<'t>,
    at: Node<'t>,
    port: u16,
}

impl<'t> Asked<'t> {
    /// The path asked over HTTP.
    fn path(&self) -> Option<&'t str> {
        let http = self.hook.node.get(word!("httpGet"));
        let path = http.and_then(|http| http.get(word!("path"))).and_then(Node::text);
        http.known().and(path.or_default("/").known())
    }

    /// Whether it asks another host than the pod, which may be.
    fn leaves(&self) -> bool {
        [word!("httpGet"), word!("tcpSocket")]
            .iter()
            .any(|&key| !self.hook.node.at(&[key, word!("host")]).is_absent())
    }
}

/// Numbers, which need not be declared: many serve their health on a port of its own. Only what else says contradicts one.
fn of_numbers<'t>(
    bundle: &Bundle<'t>,
    workload: Workload<'t>,
    container: Container<'t>,
    numbers: &[Asked<'t>],
    violations: &mut Vec<Violation>,
) {
    // The declaration is right in most pods, and cheap to look at.
    let declares = |port: u16| declared(container).iter().any(|other| other.port == port);
    let open: Vec<Asked<'t>> = numbers
        .iter()
        .filter(|asked| asked.port > 0 && !declares(asked.port) && !asked.leaves())
        .copied()
        .collect();
    let alone = workload.host_network() == Value::Known(false) && !workload.containers_unknown();
    if open.is_empty() || !alone || container.ports_unknown() {
        return;
    }
    let listens: Vec<(Container<'t>, Listen<'t>)> = workload
        .running()
        .into_iter()
        .map(|one| (one, listen_of(bundle, workload, one)))
        .collect();
    let unknown = listens.iter().any(|(_, listen)| listen.unknown || listen.open);
    let Some((_, own)) = listens.iter().find(|(one, _)| one.node == container.node) else {
        return;
    };
    if unknown {
        return;
    }
    for asked in &open {
        let says = |listen: &Listen<'t>| {
            listen
                .evidence
                .iter()
                .any(|other| other.port == asked.port && other.tier != Tier::Probe)
        };
        let known = listens
            .iter()
            .any(|(one, listen)| says(listen) || is_default(*one, asked.port));
        if known || mentioned(bundle, workload, asked.port) {
            continue;
        }
        let told = if listens.len() == 1 { told(own) } else { None };
        let sure = |evidence: &Evidence<'t>| !all_agree(numbers, evidence.port);
        let found = told
            .map(|evidence| {
                (
                    evidence.clone(),
                    if sure(evidence) {
                        Confidence::High
                    } else {
                        Confidence::Medium
                    },
                )
            })
            .or_else(|| sibling(asked, numbers, own).map(|evidence| (evidence, Confidence::High)));
        if let Some((evidence, confidence)) = found {
            violations.push(of_number(container, *asked, &evidence, confidence));
        }
    }
}

/// The port that the process is told, if it is told one only and the declaration agrees. Where nothing is declared and a
/// variable tells it, `env-port-mismatch` speaks.
fn told<'a, 't>(own: &'a Listen<'t>) -> Option<&'a Evidence<'t>> {
    let mut process = own.evidence.iter().filter(|evidence| evidence.tier == Tier::Process);
    let first = process.next()?;
    let mut declared = own
        .evidence
        .iter()
        .filter(|evidence| evidence.tier == Tier::Declared)
        .peekable();
    let agrees = match declared.peek() {
        None => first.source != Source::Variable,
        Some(_) => declared.all(|other| other.port == first.port),
    };
    let beside = own.evidence.iter().any(|evidence| evidence.tier == Tier::Side);
    (agrees && !beside && process.all(|other| other.port == first.port)).then_some(first)
}

/// Whether two probes or more ask the same number, and it is not the one that the process is told: they may know better.
fn all_agree(numbers: &[Asked<'_>], told: u16) -> bool {
    let mut probes = numbers.iter().filter(|asked| asked.hook.probe);
    match probes.next() {
        Some(first) => {
            let mut rest = probes.peekable();
            rest.peek().is_some() && first.port != told && rest.all(|other| other.port == first.port)
        }
        None => false,
    }
}

/// Another probe of the same path on a number that is known to be listened on.
fn sibling<'t>(asked: &Asked<'t>, numbers: &[Asked<'t>], own: &Listen<'t>) -> Option<Evidence<'t>> {
    let path = asked.path()?;
    let other = numbers
        .iter()
        .find(|other| other.hook.probe && asked.hook.probe && other.port != asked.port && other.path() == Some(path))?;
    let found = own
        .evidence
        .iter()
        .find(|evidence| evidence.port == other.port && evidence.tier != Tier::Probe)?;
    Some(found.clone())
}

/// Whether the container's image listens on a port by default, even if something may have moved it.
fn is_default(container: Container<'_>, port: u16) -> bool {
    let reference = container.image().known().and_then(|node| node.raw_text());
    reference.is_some_and(|reference| image::default_ports(reference).contains(&port))
}

fn of_number<'t>(
    container: Container<'t>,
    asked: Asked<'t>,
    evidence: &Evidence<'t>,
    confidence: Confidence,
) -> Violation {
    let message = format!(
        "{} {} uses port {}, which {} does not listen on ({})",
        container.name(),
        asked.hook.name(),
        asked.port,
        container.name(),
        evidence.what
    );
    Violation::new(asked.at, message)
        .confidence(confidence)
        .help(format!(
            "The process is told to listen on {}, and nothing speaks of {}: the probe fails every time. Ask the port that is \
             listened on.",
            evidence.port, asked.port
        ))
        .related(evidence.node, format!("{} listens on {} here", container.name(), evidence.port))
}
