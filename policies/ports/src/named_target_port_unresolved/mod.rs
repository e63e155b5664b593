//! A Service forwards to a named port that its pods do not declare.

use plimsoll_sdk::kube::{Class, Container, ContainerClass, ContainerPort, Target, Workload, near_miss, service_ports};
use plimsoll_sdk::{
    Confidence, Context, Edit, Fix, Join, Node, Object, Role, Rule, Severity, Symbol, Value, Violation,
};

/// Services, and what makes pods that they can select.
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
];

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "named-target-port-unresolved",
    title: "A Service forwards to a named port that its pods do not declare",
    severity: Severity::Error,
    kinds: KINDS,
    context: KINDS,
    previous: false,
    page: include_str!("README.md"),
    check,
};

/// More workloads than this are not looked at for one port.
const MAX_WORKLOADS: usize = 256;

/// More ports than this are not looked at in one Service.
const MAX_PORTS: usize = 256;

/// Longest message, in characters.
const MAX_MESSAGE: usize = 120;

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    for (service, selected) in &bundle.selection().services {
        for port in service_ports(*service).take(MAX_PORTS) {
            let (Target::Name(name, at), Value::Known(protocol)) = (port.target, port.protocol) else {
                continue;
            };
            let wanted = Wanted {
                service: *service,
                name,
                at,
                protocol,
                port: port.port,
            };
            // Once for a port, whatever the number of alternatives that fail.
            violations.extend(selected.iter().find_map(|one| {
                let workloads = one.workloads.iter().take(MAX_WORKLOADS);
                let workloads = workloads.filter_map(|&number| bundle.workloads().get(number).copied());
                wanted.judge(&workloads.collect::<Vec<_>>(), &one.join)
            }));
        }
    }
}

/// What a Service's port asks for.
struct Wanted<'t> {
    service: Object<'t>,
    name: Symbol,
    at: Node<'t>,
    protocol: Symbol,
    port: Value<i64>,
}

/// What a workload's pods have of a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Has<'t> {
    /// A port of that name.
    Yes,
    /// Only a native sidecar has it.
    InSidecar(Container<'t>),
    /// There may be one that is not seen.
    Unknown,
    /// None; this is the nearest to it.
    No(Hint<'t>),
}

/// Why a name is not found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hint<'t> {
    None,
    /// A port of that name, of another protocol.
    Protocol(ContainerPort<'t>),
    /// A container that ends before the others start has it.
    Ended(Container<'t>, ContainerPort<'t>),
}

impl<'t> Wanted<'t> {
    fn judge(&self, workloads: &[Workload<'t>], join: &Join<'t>) -> Option<Violation> {
        // Jobs that share a label with what serves are left out of the endpoints by this very name.
        let serving: Vec<Workload<'t>> = workloads
            .iter()
            .copied()
            .filter(|workload| workload.class != Class::Batch)
            .collect();
        let mut missing: Vec<(Workload<'t>, Hint<'t>)> = Vec::new();
        let mut sidecars: Vec<(Workload<'t>, Container<'t>)> = Vec::new();
        let (mut found, mut unknown) = (None, false);
        for &workload in if serving.is_empty() { workloads } else { &serving } {
            match self.looked_up(workload) {
                Has::Yes => found = found.or(Some(workload)),
                Has::InSidecar(container) => {
                    found = found.or(Some(workload));
                    sidecars.push((workload, container));
                }
                Has::Unknown => unknown = true,
                Has::No(hint) => missing.push((workload, hint)),
            }
        }
        missing.sort_by_key(|(workload, _)| (workload.name(), workload.object.index()));
        let judged = self.service.role() == Role::Subject;
        let first = missing.iter().find(|(workload, _)| judged || workload.is_judged());
        let violation = match (first, found) {
            (None, _) => {
                let (workload, container) = *sidecars.iter().find(|(workload, _)| judged || workload.is_judged())?;
                return Some(self.sidecar(workload, container).through(join));
            }
            (Some(_), None) if unknown => return None,
            (Some(&(workload, hint)), None) => self.violation(workload, hint, None, missing.len() == 1),
            (Some(&(workload, hint)), Some(other)) => self.violation(workload, hint, Some(other), false),
        };
        Some(violation.through(join))
    }

    /// Looks the name up as the endpoints are made: over the containers that run, with the protocol.
    fn looked_up(&self, workload: Workload<'t>) -> Has<'t> {
        // Whoever serves another kind may add ports.
        if workload.containers_unknown() || workload.is_partial() || workload.class == Class::Other {
            return Has::Unknown;
        }
        let (mut sidecar, mut hint, mut unknown) = (None, Hint::None, false);
        for container in workload.containers() {
            let runs = matches!(container.class, ContainerClass::App | ContainerClass::Sidecar);
            unknown |= runs && container.ports_unknown();
            for port in container.ports() {
                match port.name {
                    Value::Known(name) if name == self.name => {}
                    Value::Unknown => {
                        unknown |= runs;
                        continue;
                    }
                    _ => continue,
                }
                if !runs {
                    hint = Hint::Ended(container, port);
                } else if port.protocol.is_unknown() {
                    unknown = true;
                } else if port.protocol != Value::Known(self.protocol) {
                    hint = Hint::Protocol(port);
                } else if container.class == ContainerClass::App {
                    return Has::Yes;
                } else {
                    sidecar = Some(container);
                }
            }
        }
        match sidecar {
            _ if unknown => Has::Unknown,
            Some(container) => Has::InSidecar(container),
            None => Has::No(hint),
        }
    }

    fn text(&self, symbol: Symbol) -> &'t str {
        self.at.tree().text(symbol)
    }

    fn violation(&self, workload: Workload<'t>, hint: Hint<'t>, other: Option<Workload<'t>>, alone: bool) -> Violation {
        let (name, protocol) = (self.text(self.name), self.text(self.protocol));
        let declared = self.declared(workload);
        let head = format!(
            "Service {} targetPort \"{name}\" is not declared ({protocol}) by any container of {}",
            self.service.called(),
            workload.object.called()
        );
        let (tail, help) = match (other, declared.as_slice()) {
            (Some(other), _) => (
                format!("; {} has it", other.object.called()),
                "Pods without a port of that name are left out of the Service's endpoints without a word.",
            ),
            (None, []) => (
                "; declared: none".to_owned(),
                "The Service has no endpoints for it, so every connection is refused.",
            ),
            (None, names) => (
                format!("; declared: {}", names.join(", ")),
                "The Service has no endpoints for it, so every connection is refused.",
            ),
        };
        let whole = format!("{head}{tail}");
        let message = if whole.chars().count() > MAX_MESSAGE {
            head
        } else {
            whole
        };
        let judged = self.service.role() == Role::Subject;
        let place = match workload.running().first() {
            Some(container) if !judged => container.place(),
            _ => self.at,
        };
        let near = near_miss(name, declared.iter().copied()).or_else(|| self.of_same_number(workload));
        let advice = match near {
            Some(near) => format!("Was \"{near}\" meant?"),
            None => format!("Add `name: {name}` to the container port that serves it, or write its number."),
        };
        let mut violation = Violation::new(place, message)
            .confidence(Confidence::Certain)
            .help(format!("{help} {advice}"));
        if place != self.at {
            violation = violation.related(self.at, format!("Service {} asks for it", self.service.called()));
        }
        match hint {
            Hint::Protocol(port) => {
                let other = port
                    .protocol
                    .known()
                    .map_or("another protocol", |protocol| self.text(protocol));
                violation = violation.related(port.node, format!("of this name, but {other}: the protocol must agree"));
            }
            Hint::Ended(container, port) => {
                let what = format!(
                    "of this name, but {} does not run while the pod serves",
                    container.name()
                );
                violation = violation.related(port.node, what);
            }
            Hint::None => {}
        }
        if other.is_some() {
            violation = violation.severity(Severity::Warning).confidence(Confidence::High);
        } else if let Some(near) = near.filter(|_| alone && judged && hint == Hint::None) {
            violation.fix = Some(Fix {
                title: format!("forward to \"{near}\""),
                safe: true,
                edits: vec![Edit::Set {
                    at: self.at.into(),
                    value: format!("\"{near}\""),
                }],
            });
        }
        violation
    }

    /// The name of the one port whose number is the Service's.
    fn of_same_number(&self, workload: Workload<'t>) -> Option<&'t str> {
        let ports = self.candidates(workload);
        let mut same = ports
            .iter()
            .filter(|port| self.port.known().is_some() && port.number == self.port);
        match (same.next(), same.next()) {
            (Some(port), None) => port.name.known().map(|name| self.text(name)),
            _ => None,
        }
    }

    /// The declared ports that a name could mean.
    fn candidates(&self, workload: Workload<'t>) -> Vec<ContainerPort<'t>> {
        let running = workload.running().into_iter();
        let ports = running.flat_map(Container::ports);
        ports
            .filter(|port| port.protocol == Value::Known(self.protocol))
            .collect()
    }

    /// Their names, each once.
    fn declared(&self, workload: Workload<'t>) -> Vec<&'t str> {
        let mut names: Vec<&'t str> = Vec::new();
        for port in self.candidates(workload) {
            if let Some(name) = port.name.known().map(|name| self.text(name))
                && !names.contains(&name)
            {
                names.push(name);
            }
        }
        names
    }

    fn sidecar(&self, workload: Workload<'t>, container: Container<'t>) -> Violation {
        let judged = self.service.role() == Role::Subject;
        let place = if judged { self.at } else { container.place() };
        let message = format!(
            "Service {} targetPort \"{}\" is declared only by {} of {}, a native sidecar",
            self.service.called(),
            self.text(self.name),
            container.name(),
            workload.object.called()
        );
        Violation::new(place, message)
            .severity(Severity::Info)
            .confidence(Confidence::High)
            .help(
                "Control planes before about 1.33 do not look up names of ports in init containers that keep running: there \
                 the Service has no endpoints. Write the number to be safe.",
            )
    }
}
