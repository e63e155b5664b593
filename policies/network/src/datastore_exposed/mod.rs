//! A datastore can be reached from outside of the cluster.

use plimsoll_sdk::kube::routes::{Port, Purpose};
use plimsoll_sdk::kube::{Class, Container, ServicePort, Target, WORKLOAD_KINDS, Workload, image, service_ports};
use plimsoll_sdk::{
    Bundle, Confidence, Context, Edit, Fix, Join, Node, Object, Role, Rule, Severity, Symbol, Value, Violation, word,
};

mod guard;
mod table;

use guard::{Guard, guard};

/// What brings traffic in, and what makes the pods behind it.
const KINDS: &[&str] = &[
    "Service",
    "ConfigMap",
    "TCPRoute.gateway.networking.k8s.io",
    "TLSRoute.gateway.networking.k8s.io",
    "IngressRouteTCP.traefik.io",
    "TCPIngress.configuration.konghq.com",
    "Deployment.apps",
    "StatefulSet.apps",
    "DaemonSet.apps",
    "Pod",
];

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "datastore-exposed",
    title: "A datastore can be reached from outside of the cluster",
    severity: Severity::Warning,
    kinds: KINDS,
    context: WORKLOAD_KINDS,
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    for service in bundle.of_kind(Symbol(0), word!("Service")) {
        violations.extend(of_service(bundle, service));
    }
    of_routes(bundle, violations);
    for &workload in bundle.workloads().iter().filter(|workload| workload.is_judged()) {
        violations.extend(of_host_port(bundle, workload));
    }
}

/// How a Service lets traffic in.
struct Way<'t> {
    /// As messages call it.
    name: &'static str,
    /// What says so.
    at: Node<'t>,
    /// Whether it says from where.
    limited: bool,
}

/// The ways from outside to a Service, the widest first.
fn way<'t>(service: Object<'t>) -> Option<Way<'t>> {
    let spec = service.root().get(word!("spec")).known()?;
    let kind = spec.get(word!("type"));
    if let Value::Known(addresses) = spec.get(word!("externalIPs"))
        && addresses.items().next().is_some()
    {
        return Some(Way {
            name: "externalIPs",
            at: addresses,
            limited: false,
        });
    }
    let at = kind.known()?;
    let ranges = spec.get_text("loadBalancerSourceRanges").known();
    let mut ranges = ranges.into_iter().flat_map(Node::items).peekable();
    let limited = ranges.peek().is_some()
        && !ranges.any(|range| matches!(range.raw_text().map(str::trim), Some("0.0.0.0/0" | "::/0")));
    match at.symbol() {
        Value::Known(kind) if kind == word!("LoadBalancer") && !is_internal(service) => Some(Way {
            name: "LoadBalancer",
            at,
            limited,
        }),
        Value::Known(kind) if kind == word!("NodePort") => Some(Way {
            name: "NodePort",
            at,
            limited: false,
        }),
        _ => None,
    }
}

/// Whether a load balancer has an address inside only, by the annotations that clouds know, or its class.
fn is_internal(service: Object<'_>) -> bool {
    let class = service
        .root()
        .at(&[word!("spec")])
        .and_then(|spec| spec.get_text("loadBalancerClass"));
    let class = class.known().and_then(Node::raw_text).unwrap_or_default();
    if class.starts_with("tailscale") {
        return true;
    }
    let annotations = service.root().at(&[word!("metadata"), word!("annotations")]);
    let Value::Known(annotations) = annotations else {
        return annotations.is_unknown();
    };
    annotations.members().any(|member| {
        let key = member.key_text();
        if !["load-balancer", "loadbalancer"].iter().any(|word| key.contains(word)) {
            return false;
        }
        let value = member.raw_text().unwrap_or_default().to_ascii_lowercase();
        let says = matches!(value.as_str(), "internal" | "intranet" | "private");
        let switch = key.contains("internal") && !matches!(value.as_str(), "false" | "no" | "");
        says || switch
    })
}

/// A datastore behind a port.
struct Datastore<'t> {
    /// What it is: `PostgreSQL`.
    kind: &'static str,
    /// Its workload and container, where they are seen.
    behind: Option<(Workload<'t>, Container<'t>)>,
    /// How it was found.
    join: Option<Join<'t>>,
    /// Whether the image or its variables say so, and not the port alone.
    sure: bool,
}

/// The datastore that a Service's port leads to, if it is one.
fn datastore<'t>(bundle: &Bundle<'t>, service: Object<'t>, port: ServicePort<'t>) -> Option<Datastore<'t>> {
    let numbers = [
        port.port.known(),
        match port.target {
            Target::Number(number, _) => Some(number),
            _ => None,
        },
    ];
    let selection = bundle.selection();
    let found = selection
        .services
        .binary_search_by_key(&service.index(), |(other, _)| other.index());
    let selected = found
        .ok()
        .and_then(|at| selection.services.get(at))
        .map_or(&[][..], |(_, selected)| selected);
    for one in selected {
        for workload in one
            .workloads
            .iter()
            .filter_map(|&number| bundle.workloads().get(number).copied())
        {
            for container in workload.running() {
                let named = match port.target {
                    Target::Name(name, _) => container
                        .ports()
                        .find(|port| port.name == Value::Known(name))
                        .and_then(|port| port.number.known()),
                    _ => None,
                };
                let Some((kind, sure)) = is_datastore(container, numbers.into_iter().flatten().chain(named)) else {
                    continue;
                };
                return Some(Datastore {
                    kind,
                    behind: Some((workload, container)),
                    join: Some(one.join.clone()),
                    sure,
                });
            }
        }
    }
    // Pods that are seen, and are none: the port means something else here.
    if !selected.is_empty() {
        return None;
    }
    let (kind, alone) = numbers.into_iter().flatten().find_map(table::talks)?;
    alone.then_some(Datastore {
        kind,
        behind: None,
        join: None,
        sure: false,
    })
}

/// What a container is, if it talks on one of these ports as a datastore does; and whether more than the port says so.
fn is_datastore(container: Container<'_>, ports: impl Iterator<Item = i64> + Clone) -> Option<(&'static str, bool)> {
    let reference = container.image().known().and_then(Node::raw_text).unwrap_or_default();
    match image::known(reference) {
        // Its other ports are for people and for metrics.
        Some(image) if image.datastore => ports.clone().find_map(table::talks).map(|(kind, _)| (kind, true)),
        Some(_) => None,
        None => {
            let (kind, alone) = ports.clone().find_map(table::talks)?;
            let told = guard::is_told(container);
            (alone || told).then_some((kind, told))
        }
    }
}

fn of_service<'t>(bundle: &Bundle<'t>, service: Object<'t>) -> Option<Violation> {
    let way = way(service).filter(|way| !way.limited)?;
    let found = service_ports(service)
        .take(64)
        .find_map(|port| datastore(bundle, service, port).map(|datastore| (port, datastore)));
    let (port, datastore) = found?;
    let judged = service.role() == Role::Subject;
    let place = match datastore.behind {
        _ if judged => way.at,
        Some((workload, container)) if workload.is_judged() => container.place(),
        _ => return None,
    };
    let what = title(&datastore, service);
    let exposed = format!("{what} is exposed by Service {} ({})", service.called(), way.name);
    let mut violation = exposure(bundle, service, &datastore, place, &exposed);
    violation = violation.related(port.node, "clients dial this port");
    if judged
        && way.name != "externalIPs"
        && service_ports(service).all(|port| port.node.get(word!("nodePort")).is_absent())
    {
        violation.fix = Some(Fix {
            title: "make it a ClusterIP".to_owned(),
            safe: false,
            edits: vec![Edit::Set {
                at: way.at.into(),
                value: "\"ClusterIP\"".to_owned(),
            }],
        });
    }
    Some(match &datastore.join {
        Some(join) => violation.through(join),
        None => violation,
    })
}

fn title(datastore: &Datastore<'_>, service: Object<'_>) -> String {
    match datastore.behind {
        Some((workload, _)) if workload.object.name() != service.name() => {
            format!("{} {}", datastore.kind, workload.object.called())
        }
        _ => datastore.kind.to_owned(),
    }
}

/// What is said of an exposed datastore, the worse the less keeps strangers out.
fn exposure<'t>(
    bundle: &Bundle<'t>,
    by: Object<'t>,
    datastore: &Datastore<'t>,
    place: Node<'t>,
    exposed: &str,
) -> Violation {
    let guarded = datastore.behind.map_or(Guard::Unknown, |(workload, container)| {
        guard(bundle, workload, container)
    });
    let tail = match guarded {
        Guard::None => "; no password",
        Guard::Weak => "; weak password",
        Guard::Unknown => "",
    };
    let stage = bundle.stage(by);
    let production = stage.stage.is_prod() && stage.sure;
    let severity = match guarded {
        _ if stage.stage.is_dev() => Severity::Info,
        Guard::None | Guard::Weak => Severity::Error,
        Guard::Unknown if production => Severity::Error,
        Guard::Unknown => Severity::Warning,
    };
    Violation::new(place, format!("{exposed}{tail}"))
        .severity(severity)
        .confidence(if datastore.sure { Confidence::High } else { Confidence::Medium })
        .help(
            "Whoever reaches the address may try passwords and known faults of the server. Make it a ClusterIP and let those who \
             need it come through a tunnel, or limit loadBalancerSourceRanges and use an internal load balancer.",
        )
}

/// Kinds of routes that pass bytes on, and not requests.
const STREAMS: &[&str] = &[
    "TCPRoute",
    "TLSRoute",
    "IngressRouteTCP",
    "TCPIngress",
    "TCPMapping",
    "TransportServer",
];

fn of_routes<'t>(bundle: &Bundle<'t>, violations: &mut Vec<Violation>) {
    let streams = bundle.routes().all().iter().filter(|route| {
        route.purpose == Purpose::Ingress
            && route.object.role() == Role::Subject
            && STREAMS.contains(&route.object.kind_text())
    });
    for route in streams {
        let found = route.backends.iter().take(64).find_map(|backend| {
            let (service, join) = route.service_of(bundle, backend).known()?;
            let dialled = match backend.port {
                Port::Number { number, .. } => Some(number),
                _ => None,
            };
            let port = service_ports(service).find(|port| dialled.is_none() || port.port.known() == dialled)?;
            let mut datastore = datastore(bundle, service, port)?;
            datastore.join = Some(join);
            Some((backend.at, service, datastore))
        });
        let Some((at, service, datastore)) = found else {
            continue;
        };
        let exposed = format!(
            "{} is exposed by {} {}",
            title(&datastore, service),
            route.object.kind_text(),
            route.object.called()
        );
        let mut violation = exposure(bundle, route.object, &datastore, at, &exposed);
        // Which addresses the gateway has is not seen.
        violation.confidence = violation.confidence.min(Confidence::Medium);
        violations.push(match &datastore.join {
            Some(join) => violation.through(join),
            None => violation,
        });
    }
    of_stream_maps(bundle, violations);
}

/// ingress-nginx's map of TCP services: `"5432": shop/orders-db:5432`.
fn of_stream_maps<'t>(bundle: &Bundle<'t>, violations: &mut Vec<Violation>) {
    let maps = bundle
        .of_kind(Symbol(0), word!("ConfigMap"))
        .filter(|map| map.role() == Role::Subject && (map.name() == "tcp-services" || map.name().ends_with("-tcp")));
    for map in maps {
        let data = map.root().get(word!("data")).known();
        for member in data.into_iter().flat_map(Node::members) {
            let number = member.key_text().bytes().all(|byte| byte.is_ascii_digit());
            let target = member.raw_text().filter(|_| number && !member.key_text().is_empty());
            let Some((service, port)) = target.and_then(|text| text.split_once(':')) else {
                continue;
            };
            let port = port.split(':').next().and_then(|port| port.parse::<i64>().ok());
            let Some((kind, true)) = port.and_then(table::talks) else {
                continue;
            };
            let datastore = Datastore {
                kind,
                behind: None,
                join: None,
                sure: false,
            };
            let name = service.rsplit('/').next().unwrap_or(service);
            let exposed = format!("{kind} {name} is exposed by ConfigMap {}", map.called());
            violations.push(exposure(bundle, map, &datastore, member, &exposed));
        }
    }
}

/// A port of the node that leads to the container.
fn of_host_port<'t>(bundle: &Bundle<'t>, workload: Workload<'t>) -> Option<Violation> {
    if matches!(
        workload.class,
        Class::Template | Class::Other | Class::OpenChoreo | Class::Overrides
    ) {
        return None;
    }
    for container in workload.running() {
        for port in container.ports() {
            let Value::Known(at) = port.node.get(word!("hostPort")) else {
                continue;
            };
            let local = port.node.get_text("hostIP").known().and_then(Node::raw_text);
            if local.is_some_and(|address| address.starts_with("127.") || address == "::1")
                || at.integer() == Value::Known(0)
            {
                continue;
            }
            let Some((kind, sure)) = is_datastore(container, port.number.known().into_iter()) else {
                continue;
            };
            let datastore = Datastore {
                kind,
                behind: Some((workload, container)),
                join: None,
                sure,
            };
            let exposed = format!("{kind} {} is exposed by a hostPort", workload.object.called());
            return Some(exposure(bundle, workload.object, &datastore, at, &exposed));
        }
    }
    None
}
