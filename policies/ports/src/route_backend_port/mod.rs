//! A route, webhook or monitor names a port that its Service does not expose.

use plimsoll_sdk::kube::hosts::exposed;
use plimsoll_sdk::kube::routes::{Against, Backend, Port, Purpose, ROUTE_KINDS, Route, To};
use plimsoll_sdk::kube::{ServicePort, Target, WORKLOAD_KINDS, joined};
use plimsoll_sdk::{
    Bundle, Confidence, Context, Edit, Fix, Join, Node, Object, Role, Rule, Severity, Value, Violation,
};

use crate::exposed::{Asked, is_alias, is_source, is_written, list, meant, name, one, with};

mod declared;

/// Routes of every kind, Services, and what makes the pods that monitors select.
const KINDS: &[&str] =
    &joined::<{ ROUTE_KINDS.len() + WORKLOAD_KINDS.len() + 1 }>(&[ROUTE_KINDS, WORKLOAD_KINDS, &["Service"]]);

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "route-backend-port",
    title: "A route sends to a port that its Service does not expose",
    severity: Severity::Error,
    kinds: KINDS,
    context: KINDS,
    previous: false,
    page: include_str!("README.md"),
    check,
};

/// Longest name of a port that an Ingress may use, in characters: that of a container's port.
const MAX_NAME: usize = 15;

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    for route in bundle.routes().all() {
        if route.purpose == Purpose::Entry {
            continue;
        }
        for backend in &route.backends {
            violations.extend(match (&backend.to, backend.against) {
                (To::Selected { .. }, Against::Service) => monitored(bundle, route, backend),
                (To::Selected { .. }, Against::Declared) => declared::check(bundle, route, backend),
                (To::Service { .. } | To::Host { .. }, _) => named(bundle, route, backend),
                _ => None,
            });
        }
    }
}

/// A backend that names its Service.
fn named<'t>(bundle: &Bundle<'t>, route: &Route<'t>, backend: &Backend<'t>) -> Option<Violation> {
    let (service, join) = route.service_of(bundle, backend).known()?;
    if is_alias(service) {
        return None;
    }
    let ports = exposed(service)?;
    if let Port::Name { name, .. } = backend.port
        && is_ingress(route)
        && !is_port_name(name)
    {
        return Some(unusable(route, backend, service, &ports, name).through(&join));
    }
    let severity = match judge(route, backend, &ports) {
        Judged::Fits => return None,
        Judged::Doubtful => Severity::Warning,
        Judged::Fails => Severity::Error,
    };
    let confidence = match severity {
        Severity::Error => Confidence::Certain,
        _ => Confidence::Medium,
    };
    let found = Found {
        bundle,
        route,
        backend,
        service,
        ports: &ports,
        others: 0,
    };
    Some(
        found
            .violation(Some(&join))?
            .severity(severity)
            .confidence(confidence)
            .through(&join),
    )
}

/// What comparing a backend with its Service gives.
enum Judged {
    Fits,
    Doubtful,
    Fails,
}

fn judge(route: &Route<'_>, backend: &Backend<'_>, ports: &[ServicePort<'_>]) -> Judged {
    let numbered = |number: i64| match backend.against {
        // A named target has a number that is not known here.
        Against::Endpoint => ports.iter().any(|port| match port.target {
            Target::Number(target, _) => target == number,
            Target::Name(..) | Target::Unknown => true,
        }),
        _ => ports.iter().any(|port| port.port == Value::Known(number)),
    };
    let fits = match backend.port {
        Port::Number { number, .. } => !(1..=65_535).contains(&number) || numbered(number),
        Port::Name { name: wanted, .. } => ports.iter().any(|port| name(port) == Some(wanted)),
        Port::Default(number) => numbered(i64::from(number)),
        Port::Missing => false,
        // Istio takes the port that the request came in by.
        Port::Unsaid => {
            let chooses = matches!(backend.to, To::Host { .. }) && route.purpose == Purpose::Ingress;
            return if chooses && ports.len() > 1 && !numbered(80) && !numbered(443) {
                Judged::Doubtful
            } else {
                Judged::Fits
            };
        }
        Port::Unknown => true,
    };
    if fits { Judged::Fits } else { Judged::Fails }
}

fn is_ingress(route: &Route<'_>) -> bool {
    route.object.kind_text() == "Ingress" && route.object.group_text() == "networking.k8s.io"
}

/// Whether a name is one that an Ingress may use: as a container's port, unlike a Service's, it has at most 15 characters.
fn is_port_name(name: &str) -> bool {
    name.len() <= MAX_NAME && name.bytes().any(|byte| byte.is_ascii_lowercase()) && !name.contains("--")
}

/// A name that the API server refuses in an Ingress.
fn unusable<'t>(
    route: &Route<'t>,
    backend: &Backend<'t>,
    service: Object<'t>,
    ports: &[ServicePort<'t>],
    wanted: &str,
) -> Violation {
    let number = ports
        .iter()
        .find(|port| name(port) == Some(wanted))
        .and_then(|port| port.port.known());
    let instead = number.map_or_else(|| "by number".to_owned(), |number| format!("as number {number}"));
    Violation::new(
        place(backend),
        format!(
            "Ingress {} names port \"{wanted}\" of {}, which is refused; name it {instead}",
            route.object.called(),
            service.called()
        ),
    )
    .confidence(Confidence::Certain)
    .help(
        "In an Ingress the name of a port has at most 15 characters, a letter among them, and no two hyphens in a row. The \
         names of a Service's ports may be longer. Write `number` instead of `name`.",
    )
}

/// Where the port is written, or what names the Service where none is.
fn place<'t>(backend: &Backend<'t>) -> Node<'t> {
    match backend.port {
        Port::Number { at, .. } | Port::Name { at, .. } => at,
        _ => match backend.to {
            To::Service { name, .. } => name,
            To::Host { at, .. } => at,
            To::Selected { .. } | To::Other => backend.at,
        },
    }
}

/// A ServiceMonitor's endpoint: none of the Services has a port of this name.
fn monitored<'t>(bundle: &Bundle<'t>, route: &Route<'t>, backend: &Backend<'t>) -> Option<Violation> {
    let Port::Name { name: wanted, .. } = backend.port else {
        return None;
    };
    let services = route.selected_services(bundle, backend).known()?;
    let mut first: Option<(Object<'t>, Vec<ServicePort<'t>>)> = None;
    for &service in &services {
        let ports = exposed(service).filter(|_| !is_alias(service))?;
        if ports
            .iter()
            .any(|port| name(port) == Some(wanted) || port.node.get_text("name").is_unknown())
        {
            return None;
        }
        first = first.or(Some((service, ports)));
    }
    let (service, ports) = first?;
    let found = Found {
        bundle,
        route,
        backend,
        service,
        ports: &ports,
        others: services.len() - 1,
    };
    // Another Service that it selects may be elsewhere.
    let join = bundle.nearest(route.object, &[service]).pop();
    let violation = found.violation(join.as_ref())?.confidence(Confidence::High);
    Some(match &join {
        Some(join) => violation.through(join),
        None => violation,
    })
}

/// A backend whose Service does not have its port.
struct Found<'a, 't> {
    bundle: &'a Bundle<'t>,
    route: &'a Route<'t>,
    backend: &'a Backend<'t>,
    service: Object<'t>,
    ports: &'a [ServicePort<'t>],
    /// How many other Services are selected as well.
    others: usize,
}

impl<'t> Found<'_, 't> {
    fn violation(&self, join: Option<&Join<'t>>) -> Option<Violation> {
        let judged = self.route.object.role() == Role::Subject;
        if !judged && self.service.role() != Role::Subject {
            return None;
        }
        let list_of_service = self.ports.first().map(|port| port.node);
        let at = place(self.backend);
        let place = if judged { at } else { list_of_service? };
        let mut violation = Violation::new(place, self.message()).help(self.help());
        match list_of_service {
            Some(ports) if judged => {
                violation = violation.related(ports, format!("what Service {} exposes", self.service.called()));
            }
            _ => violation = violation.related(at, format!("what {} asks for", self.title())),
        }
        let near = join.is_some_and(|join| !join.distant && !join.ambiguous);
        if judged && near && is_source(self.bundle, self.route.object) {
            violation.fix = self.fix();
        }
        Some(violation)
    }

    fn title(&self) -> String {
        format!("{} {}", self.route.object.kind_text(), self.route.object.called())
    }

    fn asked(&self) -> Option<Asked<'t>> {
        match self.backend.port {
            Port::Number { number, .. } => Some(Asked::Number(number)),
            Port::Name { name, .. } => Some(Asked::Name(name)),
            Port::Default(number) => Some(Asked::Number(i64::from(number))),
            Port::Unsaid | Port::Missing | Port::Unknown => None,
        }
    }

    fn message(&self) -> String {
        let (title, service) = (self.title(), self.service.called());
        let exposes = match self.backend.against {
            Against::Endpoint => "leads to",
            _ => "exposes",
        };
        let ports = match self.backend.against {
            Against::Endpoint => targets(self.ports),
            _ => list(self.ports),
        };
        let asked = match self.asked() {
            Some(Asked::Number(number)) => number.to_string(),
            Some(Asked::Name(name)) => name.to_owned(),
            None => return format!("{title} names no port of {service}, which exposes {ports}"),
        };
        let who = match self.others {
            0 => service.to_owned(),
            others => format!("{service} (nor do {others} more)"),
        };
        let head = format!("{title} sends to {service}:{asked}, but {who} {exposes} {ports}");
        match self.asked().and_then(|asked| meant(self.ports, asked)) {
            Some(meant) if meant.by_target => with(
                head,
                &format!(" (did you mean {}? {asked} is its targetPort)", one(&meant.port)),
            ),
            _ => head,
        }
    }

    fn help(&self) -> String {
        let ports = list(self.ports);
        let what = match (self.route.purpose, self.backend.against) {
            (Purpose::Scrape, _) => {
                "A ServiceMonitor finds ports by the *names* of the Service's ports: one without a name is never found, and \
                 nothing is scraped"
            }
            (Purpose::ApiServer, _) => {
                "The API server calls the Service's `port` (443 where none is named), not the pod's: every call fails, and \
                 with it what the webhook or API is for"
            }
            (_, Against::Endpoint) => {
                "An OpenShift Route names the port of the endpoints: the `name` of the Service's port, or the number that it \
                 leads to. Without a match the Route has no endpoints"
            }
            _ => {
                "Routes name the Service's `port`, not the port that the pod listens on. Without a match there is no backend, \
                 and clients get an error from the proxy"
            }
        };
        format!("{what}. {} exposes {ports}.", self.service.called())
    }

    /// Writes the port that was meant, where that is plain.
    fn fix(&self) -> Option<Fix> {
        if self.others > 0 {
            return None;
        }
        let scraped = matches!(self.backend.to, To::Selected { .. });
        let port = match self.asked() {
            Some(asked) => meant(self.ports, asked)?.port,
            None => match (&self.backend.port, self.ports) {
                (Port::Missing, &[port]) => port,
                _ => return None,
            },
        };
        let number = port.port.known()?;
        let plain = |name: &&str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let by_name = name(&port).filter(plain);
        let number = match (self.backend.against, port.target) {
            (Against::Endpoint, Target::Number(target, _)) => target,
            (Against::Endpoint, _) => return None,
            _ => number,
        };
        let (edit, value) = match self.backend.port {
            Port::Number { at, within: None, .. } if is_written(at) => {
                (set(at, number.to_string()), number.to_string())
            }
            Port::Name { at, within: None, .. } if is_written(at) => match by_name {
                Some(name) => (set(at, format!("\"{name}\"")), name.to_owned()),
                // Of an Ingress `name` would have to become `number`.
                None if scraped || at.key_text() == "name" => return None,
                None => (set(at, number.to_string()), number.to_string()),
            },
            Port::Default(_) | Port::Missing
                if matches!(self.backend.to, To::Service { .. }) && is_written(self.backend.at) =>
            {
                (
                    Edit::Insert {
                        into: self.backend.at.into(),
                        key: "port".to_owned(),
                        value: number.to_string(),
                    },
                    number.to_string(),
                )
            }
            _ => return None,
        };
        Some(Fix {
            title: format!("send to port {value}"),
            safe: true,
            edits: vec![edit],
        })
    }
}

fn set(at: Node<'_>, value: String) -> Edit {
    Edit::Set { at: at.into(), value }
}

/// Where the ports of a Service lead to, as a message lists them.
fn targets(ports: &[ServicePort<'_>]) -> String {
    let one = |port: &ServicePort<'_>| {
        let target = match port.target {
            Target::Number(number, _) => number.to_string(),
            Target::Name(name, at) => at.tree().text(name).to_owned(),
            Target::Unknown => "?".to_owned(),
        };
        match name(port) {
            Some(name) => format!("{target} ({name})"),
            None => target,
        }
    };
    ports.iter().take(4).map(one).collect::<Vec<_>>().join(", ")
}
