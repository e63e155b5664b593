//! Connections that a system needs, and whether its NetworkPolicies allow them.

use std::collections::BTreeSet;

use plimsoll_sdk::kube::hosts::{Destination, Reference, Source};
use plimsoll_sdk::kube::netpol::{Decision, Direction, End, Means, Peer, Peers, Policy, Protocol};
use plimsoll_sdk::kube::routes::{Against, Backend, Origin, Port, Purpose, Route};
use plimsoll_sdk::kube::{Class, ServicePort, Workload, is_headless, service_ports};
use plimsoll_sdk::{Bundle, Join, Node, Object, Role, Value, word};

use crate::common::targets;

/// The most proxies that are looked at for each peer.
const MAX_PROXIES: usize = 64;

/// The most wildcards among hosts that are looked at.
const MAX_WILDCARDS: usize = 64;

/// The most workloads of one Service that are looked at.
const MAX_PODS: usize = 64;

/// A port of a workload's pods that something needs to reach.
#[derive(Clone)]
pub struct Target<'t> {
    /// The workload.
    pub workload: Workload<'t>,
    /// The Service that leads there.
    pub service: Object<'t>,
    /// The port of the Service.
    pub asked: u16,
    /// The protocol.
    pub protocol: Protocol,
    /// The port of the pods.
    pub port: u16,
    /// What the way there rests on, from the one that needs it to the pods.
    pub joins: Vec<Join<'t>>,
}

/// A route to a Service whose pods are seen.
pub struct Routed<'b, 't> {
    /// The route.
    pub route: &'b Route<'t>,
    /// Where it names the Service.
    pub backend: &'b Backend<'t>,
    /// The pods, of every alternative.
    pub targets: Vec<Target<'t>>,
}

/// A client that is told a Service whose pods are seen.
pub struct Called<'b, 't> {
    /// Where it is told.
    pub reference: &'b Reference<'t>,
    /// The pods, of every alternative.
    pub targets: Vec<Target<'t>>,
}

/// The requests that come from outside through routes, LoadBalancers and node ports.
pub fn routed<'b, 't>(bundle: &'b Bundle<'t>) -> impl Iterator<Item = Routed<'b, 't>> {
    let routes = bundle.routes().all().iter();
    routes
        .filter(|route| matches!(route.purpose, Purpose::Ingress | Purpose::Entry))
        .flat_map(|route| route.backends.iter().map(move |backend| (route, backend)))
        .filter_map(|(route, backend)| {
            let (service, join) = route.service_of(bundle, backend).known()?;
            let port = service_port(service, backend)?;
            let targets = pods(bundle, service, port, Some(&join));
            (!targets.is_empty()).then_some(Routed {
                route,
                backend,
                targets,
            })
        })
}

/// What a workload calls inside of the input. Where a text is secret nothing is said of it.
pub fn called<'b, 't>(bundle: &'b Bundle<'t>, client: usize) -> impl Iterator<Item = Called<'b, 't>> {
    let hosts = bundle.hosts();
    hosts
        .of(bundle, client)
        .iter()
        .filter(|reference| reference.certain && !reference.secret && !reference.is_for_others())
        .filter_map(move |reference| {
            let Destination::Service { service, ref join, pod } = *hosts.destination(bundle, reference) else {
                return None;
            };
            let asked = reference.port.number()?;
            let mut targets = if pod || is_headless(service) {
                directly(bundle, service, asked, join)
            } else {
                let wanted = |port: &ServicePort<'t>| port.port == Value::Known(i64::from(asked));
                let port = service_ports(service).find(wanted)?;
                pods(bundle, service, port, Some(join))
            };
            if reference.distant {
                // A join that is no better than this.
                for target in &mut targets {
                    if let Some(join) = target.joins.first_mut() {
                        join.distant = true;
                    }
                }
            }
            (!targets.is_empty()).then_some(Called { reference, targets })
        })
}

/// The hosts that the routes of the input serve: its own addresses as clients see them.
pub struct PublicHosts<'t> {
    exact: BTreeSet<&'t str>,
    /// What stands behind the `*` of wildcards.
    suffixes: Vec<&'t str>,
}

impl<'t> PublicHosts<'t> {
    /// Reads all routes.
    pub fn new(bundle: &Bundle<'t>) -> Self {
        let mut all = PublicHosts {
            exact: BTreeSet::new(),
            suffixes: Vec::new(),
        };
        for served in bundle.routes().all().iter().flat_map(|route| &route.hosts) {
            match served.host.strip_prefix('*') {
                Some(suffix) if all.suffixes.len() < MAX_WILDCARDS => all.suffixes.push(suffix),
                Some(_) => {}
                None => {
                    all.exact.insert(served.host);
                }
            }
        }
        all
    }

    /// Whether a process that is told a host outside of the cluster is to call it, as far as can be told: not its own address
    /// as clients see it, nothing that its setting's name gives to browsers, and no web page that a file or command line names.
    pub fn is_called(&self, reference: &Reference<'_>) -> bool {
        let host: &str = &reference.host;
        let is_own = self.exact.contains(host) || self.suffixes.iter().any(|suffix| host.ends_with(suffix));
        let is_page = reference
            .scheme
            .get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case("http"))
            && matches!(reference.source, Source::CommandLine | Source::File(_));
        reference.certain && !reference.secret && !is_own && !is_page && !reference.is_for_others()
    }
}

/// The port of a Service that a backend means.
fn service_port<'t>(service: Object<'t>, backend: &Backend<'t>) -> Option<ServicePort<'t>> {
    let mut ports = service_ports(service);
    match (backend.against, &backend.port) {
        (Against::Service, &Port::Number { number, .. }) => ports.find(|port| port.port == Value::Known(number)),
        (Against::Service | Against::Endpoint, Port::Name { name, .. }) => {
            ports.find(|port| port.node.text_of(word!("name")) == Value::Known(*name))
        }
        (Against::Service, &Port::Default(number)) => ports.find(|port| port.port == Value::Known(i64::from(number))),
        (Against::Service | Against::Endpoint, Port::Unsaid) => {
            let first = ports.next()?;
            ports.next().is_none().then_some(first)
        }
        _ => None,
    }
}

/// The pods that a Service's port leads to.
fn pods<'t>(
    bundle: &Bundle<'t>,
    service: Object<'t>,
    port: ServicePort<'t>,
    way: Option<&Join<'t>>,
) -> Vec<Target<'t>> {
    let asked = port.port.known().and_then(|port| u16::try_from(port).ok());
    let protocol = port.protocol.known().and_then(Protocol::from_symbol);
    let (Some(asked), Some(protocol)) = (asked, protocol) else {
        return Vec::new();
    };
    selected(bundle, service)
        .filter_map(|(workload, join)| {
            let &[port] = targets(workload, port)?.as_slice() else {
                return None;
            };
            Some(Target {
                workload,
                service,
                asked,
                protocol,
                port,
                joins: way.into_iter().chain([join]).cloned().collect(),
            })
        })
        .collect()
}

/// The pods of a Service without an address of its own: a client dials their ports.
fn directly<'t>(bundle: &Bundle<'t>, service: Object<'t>, port: u16, way: &Join<'t>) -> Vec<Target<'t>> {
    selected(bundle, service)
        .map(|(workload, join)| Target {
            workload,
            service,
            asked: port,
            protocol: Protocol::Tcp,
            port,
            joins: vec![way.clone(), join.clone()],
        })
        .collect()
}

fn selected<'b, 't>(bundle: &'b Bundle<'t>, service: Object<'t>) -> impl Iterator<Item = (Workload<'t>, &'b Join<'t>)> {
    let services = &bundle.selection().services;
    let at = services.binary_search_by_key(&service.index(), |(service, _)| service.index());
    let alternatives = at
        .ok()
        .and_then(|at| services.get(at))
        .map(|(_, alternatives)| alternatives);
    alternatives
        .into_iter()
        .flatten()
        .flat_map(|selected| selected.workloads.iter().map(move |&number| (number, &selected.join)))
        .take(MAX_PODS)
        .filter_map(|(number, join)| Some((*bundle.workloads().get(number)?, join)))
        .filter(|(workload, _)| !matches!(workload.class, Class::Template | Class::OpenChoreo | Class::Overrides))
}

/// Whom the policies over some pods admit from outside of their namespace.
#[derive(Clone, PartialEq, Eq)]
pub enum Admits<'t> {
    /// Somebody who may be what sends a route's requests.
    Outside,
    /// Only these namespaces, in which no route's requests arise.
    Only(Vec<&'t str>),
    /// Nobody.
    Nobody,
}

/// Namespaces of components that call pods, but send no requests of routes.
const OTHER_COMPONENTS: &[&str] = &[
    "argocd",
    "cert-manager",
    "external-dns",
    "external-secrets",
    "flux-system",
    "gatekeeper-system",
    "kube-node-lease",
    "kyverno",
    "logging",
    "monitoring",
    "observability",
    "prometheus",
    "vault",
    "velero",
];

/// Parts of names of proxies that take requests from outside.
const PROXIES: &[&str] = &[
    "ingress", "gateway", "proxy", "nginx", "traefik", "envoy", "istio", "kong", "contour", "apisix", "caddy",
];

/// Workloads that take requests from outside, by their names.
pub struct Proxies<'t> {
    /// Nothing where there are too many to look at.
    all: Option<Vec<Workload<'t>>>,
}

impl<'t> Proxies<'t> {
    /// Looks at all names.
    pub fn new(bundle: &Bundle<'t>) -> Self {
        let all: Vec<Workload<'t>> = bundle
            .workloads()
            .iter()
            .copied()
            .filter(|workload| is_proxy(workload.name()))
            .collect();
        Proxies {
            all: (all.len() <= MAX_PROXIES).then_some(all),
        }
    }

    /// Whether a proxy is seen that uses its node's network: what it sends comes from the node, which may be let through.
    fn on_nodes(&self, bundle: &Bundle<'t>, target: &Target<'t>) -> bool {
        self.all.iter().flatten().any(|proxy| {
            proxy.host_network() != Value::Known(false) && bundle.sees(target.workload.object, proxy.object)
        })
    }
}

fn is_proxy(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    PROXIES.iter().any(|part| text.contains(part))
}

/// Whom the policies admit to a target from outside of its namespace, as if some peers were not there; and the policies that
/// decide it. Nothing where the pods are not isolated for sure, or where other policies than NetworkPolicies have a say.
pub fn admitted<'t>(
    bundle: &Bundle<'t>,
    route: &Route<'t>,
    target: &Target<'t>,
    without: &BTreeSet<u32>,
    proxies: &Proxies<'t>,
) -> Option<(Admits<'t>, Decision<'t>)> {
    let policies = bundle.policies();
    let applying = policies.applying(bundle, target.workload, Direction::Ingress);
    let isolated = applying.iter().any(|&(_, applies)| applies == Value::Known(true));
    if !isolated || policies.other_layer_seen(target.workload.object) || proxies.on_nodes(bundle, target) {
        return None;
    }
    let own = End::Workload(target.workload);
    let mut only = Vec::new();
    for policy in applying.iter().filter_map(|&(number, _)| policies.get(number)) {
        if policy.ingress.open {
            return None;
        }
        for rule in &policy.ingress.rules {
            if !rule.reach(own).possible.contains(target.protocol, target.port) {
                continue;
            }
            let Peers::Any(peers) = &rule.peers else { return None };
            for peer in peers.iter().filter(|peer| !without.contains(&peer.node.index())) {
                match from_outside(bundle, route, target, policy, peer, proxies) {
                    Admits::Outside => return None,
                    Admits::Only(names) => only.extend(names),
                    Admits::Nobody => {}
                }
            }
        }
    }
    let decision = Decision {
        allowed: Value::Known(false),
        rule: None,
        isolating: applying.iter().map(|&(number, _)| number).collect(),
    };
    only.sort_unstable();
    only.dedup();
    let admits = if only.is_empty() {
        Admits::Nobody
    } else {
        Admits::Only(only)
    };
    Some((admits, decision))
}

/// Whom a peer admits from outside of the namespace.
fn from_outside<'t>(
    bundle: &Bundle<'t>,
    route: &Route<'t>,
    target: &Target<'t>,
    policy: &Policy<'t>,
    peer: &Peer<'t>,
    proxies: &Proxies<'t>,
) -> Admits<'t> {
    match peer.means {
        Means::Nothing => Admits::Nobody,
        Means::Unknown | Means::Block { .. } => Admits::Outside,
        Means::Pods {
            namespaces: Some(selector),
            ..
        } => match named(selector) {
            Some(name) if name == target.workload.object.namespace_text() => {
                here(bundle, route, target, policy, peer, proxies)
            }
            Some(name) if OTHER_COMPONENTS.contains(&name) && !comes_from(bundle, route, name) => {
                Admits::Only(vec![name])
            }
            _ => Admits::Outside,
        },
        Means::Pods { namespaces: None, .. } => here(bundle, route, target, policy, peer, proxies),
    }
}

/// The one namespace that a selector asks for by name.
fn named(selector: Node<'_>) -> Option<&str> {
    let name = selector.at(&[word!("matchLabels"), word!("kubernetes.io/metadata.name")]);
    name.and_then(Node::text).known()
}

fn comes_from<'t>(bundle: &Bundle<'t>, route: &Route<'t>, namespace: &str) -> bool {
    matches!(route.origin(bundle), Origin::Pods(list) if list.contains(&namespace))
}

/// Whether a peer of the pods' own namespace may be what sends a route's requests: the proxy is there too.
fn here<'t>(
    bundle: &Bundle<'t>,
    route: &Route<'t>,
    target: &Target<'t>,
    policy: &Policy<'t>,
    peer: &Peer<'t>,
    proxies: &Proxies<'t>,
) -> Admits<'t> {
    let selector = match peer.means {
        Means::Pods { pods, .. } => pods,
        _ => None,
    };
    let labels = selector.and_then(|selector| selector.get(word!("matchLabels")).known());
    let says_so = labels
        .into_iter()
        .flat_map(Node::members)
        .any(|label| is_proxy(label.key_text()) || label.raw_text().is_some_and(is_proxy))
        || selector.is_some_and(|selector| selector.items_of(word!("matchExpressions")).next().is_some());
    let own = target.workload.object.namespace_text();
    let is_there = || {
        proxies.all.as_ref().is_none_or(|all| {
            all.iter().any(|&proxy| {
                proxy.pod != target.workload.pod
                    && bundle.sees(policy.object, proxy.object)
                    && bundle
                        .policies()
                        .peer_matches(bundle, policy, peer, End::Workload(proxy))
                        != Value::Known(false)
            })
        })
    };
    if says_so || (!own.is_empty() && comes_from(bundle, route, own)) || is_there() {
        Admits::Outside
    } else {
        Admits::Nobody
    }
}

/// Whether a rule of the policies that decided names one of these peers at a port: it would allow the connection if the peer
/// matched as it was meant to.
pub fn would_admit<'t>(
    bundle: &Bundle<'t>,
    decision: &Decision<'t>,
    direction: Direction,
    destination: End<'t>,
    at: (Protocol, u16),
    peers: &BTreeSet<u32>,
) -> Vec<u32> {
    let mut found = Vec::new();
    for policy in decision
        .isolating
        .iter()
        .filter_map(|&number| bundle.policies().get(number))
    {
        for rule in &policy.side(direction).rules {
            let Peers::Any(all) = &rule.peers else { continue };
            let mut named = all
                .iter()
                .map(|peer| peer.node.index())
                .filter(|peer| peers.contains(peer))
                .peekable();
            if named.peek().is_some() && rule.reach(destination).possible.contains(at.0, at.1) {
                found.extend(named);
            }
        }
    }
    found
}

/// Whether the policies that decided only deny, for all of the namespace: a part of a whole, the rest of which may be
/// elsewhere.
pub fn is_building_block(bundle: &Bundle<'_>, decision: &Decision<'_>, direction: Direction) -> bool {
    let mut all = decision
        .isolating
        .iter()
        .filter_map(|&number| bundle.policies().get(number));
    all.all(|policy| {
        let whole = match policy.pod_selector() {
            Value::Known(selector) => selector.is_empty(),
            Value::Absent => true,
            Value::Unknown => false,
        };
        whole && policy.side(direction).rules.is_empty() && !bundle.is_closed(policy.object)
    })
}

/// The policy that a finding about a denial is about: of those that decided one that is judged, rather one with rules for the
/// direction, rather one that selects by labels.
pub fn denying<'b, 't>(
    bundle: &'b Bundle<'t>,
    decision: &Decision<'t>,
    direction: Direction,
) -> Option<&'b Policy<'t>> {
    let all = decision
        .isolating
        .iter()
        .filter_map(|&number| bundle.policies().get(number));
    all.filter(|policy| policy.object.role() == Role::Subject)
        .min_by_key(|policy| {
            let selects_all = policy.pod_selector().known().is_none_or(Node::is_empty);
            (
                policy.side(direction).rules.is_empty(),
                selects_all,
                policy.object.index(),
            )
        })
}

/// Whether the policies that decided allow the port of the Service instead of the pods': another rule reports that.
pub fn names_service_port(
    bundle: &Bundle<'_>,
    decision: &Decision<'_>,
    direction: Direction,
    target: &Target<'_>,
) -> bool {
    if target.asked == target.port {
        return false;
    }
    let end = End::Workload(target.workload);
    let policies = decision
        .isolating
        .iter()
        .filter_map(|&number| bundle.policies().get(number));
    policies.flat_map(|policy| &policy.side(direction).rules).any(|rule| {
        let reach = rule.reach(end).possible;
        reach.contains(target.protocol, target.asked) && !reach.contains(target.protocol, target.port)
    })
}
