//! What sends requests to Services from elsewhere: routes of every kind, webhooks, monitors, and Services that stand open
//! themselves. Each with the Services and ports that it names, the hosts that it serves, and where its requests come from.
//!
//! Sources: API references of the kinds, named beside their readers.

mod annotations;
mod controller;
mod gateway;
mod ingress;
mod monitor;
mod other;
mod server;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use crate::hosts::Destination;
use crate::lookup::{Lookup, MAX_CANDIDATES};
use crate::selector::{known_pairs, selector_matches};
use crate::{Bundle, Join, Node, Object, Symbol, Value, Workload, word, work};

pub use controller::Origin;

#[cfg(test)]
mod tests;

/// An object that sends requests to Services.
pub struct Route<'t> {
    /// The object.
    pub object: Object<'t>,
    /// Whose requests they are.
    pub purpose: Purpose,
    /// Where they are sent, in the order of the object.
    pub backends: Vec<Backend<'t>>,
    /// The hosts that clients ask for, as far as they are written; wildcards among them.
    pub hosts: Vec<Served<'t>>,
}

/// Whose requests a route sends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// Clients' from outside, through a controller's proxy.
    Ingress,
    /// Other pods', through the proxies of a mesh.
    Mesh,
    /// A monitoring system's, which reads metrics.
    Scrape,
    /// The API server's: admission, conversion, aggregated APIs.
    ApiServer,
    /// Clients' from outside, by a Service of type LoadBalancer or NodePort.
    Entry,
}

/// A host that a route serves.
#[derive(Clone, Debug)]
pub struct Served<'t> {
    /// The host.
    pub host: &'t str,
    /// The scalar in which it stands.
    pub at: Node<'t>,
    /// Its bytes there.
    pub within: Range<usize>,
}

/// Where a route sends requests.
#[derive(Clone)]
pub struct Backend<'t> {
    /// What names it: a map or a scalar.
    pub at: Node<'t>,
    /// To what.
    pub to: To<'t>,
    /// To which port.
    pub port: Port<'t>,
    /// What that port is compared with.
    pub against: Against,
}

/// To what a backend leads.
#[derive(Clone)]
pub enum To<'t> {
    /// To a Service, by name.
    Service {
        /// The scalar with the name.
        name: Node<'t>,
        /// The name.
        text: Value<&'t str>,
        /// The namespace; absent for the route's own.
        namespace: Value<&'t str>,
    },
    /// To a host: a Service's name by the forms of DNS, or another one.
    Host {
        /// The scalar in which it stands.
        at: Node<'t>,
        /// The host.
        host: Cow<'t, str>,
    },
    /// To the Services, or pods, that are selected by their labels.
    Selected {
        /// The selector.
        selector: Node<'t>,
        /// Where they are looked for.
        namespaces: Namespaces<'t>,
    },
    /// To something that is no Service.
    Other,
}

/// Where a monitor looks.
#[derive(Clone)]
pub enum Namespaces<'t> {
    /// In its own namespace.
    Own,
    /// In these.
    Named(Vec<&'t str>),
    /// In all.
    All,
    /// Decided later.
    Unknown,
}

/// The port that a backend names.
#[derive(Clone, Debug)]
pub enum Port<'t> {
    /// A number.
    Number {
        /// The number.
        number: i64,
        /// The scalar in which it stands.
        at: Node<'t>,
        /// Its bytes in a text; none where the scalar is the port.
        within: Option<Range<usize>>,
    },
    /// A name.
    Name {
        /// The name.
        name: &'t str,
        /// The scalar in which it stands.
        at: Node<'t>,
        /// Its bytes in a text; none where the scalar is the name.
        within: Option<Range<usize>>,
    },
    /// This one, for none is written.
    Default(u16),
    /// None is written.
    Unsaid,
    /// None is written, and one is required.
    Missing,
    /// Decided later, or refused by the API server for its form.
    Unknown,
}

/// What a backend's port is compared with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Against {
    /// `port` of a Service's ports; a name is the `name` there.
    Service,
    /// The endpoints' port: `name` of a Service's ports, or the number that it leads to.
    Endpoint,
    /// The number of a pod, declared or not.
    Pod,
    /// The ports that containers declare.
    Declared,
}

impl<'t> Port<'t> {
    /// A scalar that is a number or a name. A name of digits alone is a number written as text.
    fn number_or_name(found: Value<Node<'t>>, absent: Port<'t>) -> Self {
        let at = match found {
            Value::Known(at) => at,
            Value::Absent => return absent,
            Value::Unknown => return Port::Unknown,
        };
        match (at.integer(), at.text()) {
            (Value::Known(number), _) => Port::Number {
                number,
                at,
                within: None,
            },
            (_, Value::Known(name)) if name.bytes().any(|byte| byte.is_ascii_alphabetic()) => {
                Port::Name { name, at, within: None }
            }
            (_, Value::Known(digits)) => match digits.parse() {
                Ok(number) => Port::Number {
                    number,
                    at,
                    within: None,
                },
                Err(_) => Port::Unknown,
            },
            _ => Port::Unknown,
        }
    }

    /// A scalar that must be a number.
    fn number(found: Value<Node<'t>>, absent: Port<'t>) -> Self {
        match Port::number_or_name(found, absent) {
            Port::Name { .. } => Port::Unknown,
            port => port,
        }
    }
}

impl<'t> Backend<'t> {
    /// To a Service of a name in a namespace, both scalars.
    fn service(at: Node<'t>, name: Value<Node<'t>>, namespace: Value<Node<'t>>, port: Port<'t>) -> Option<Self> {
        let name = name.known()?;
        Some(Backend {
            at,
            to: To::Service {
                name,
                text: name.text(),
                namespace: namespace.and_then(Node::text),
            },
            port,
            against: Against::Service,
        })
    }
}

impl<'t> Route<'t> {
    fn new(object: Object<'t>, purpose: Purpose) -> Self {
        Route {
            object,
            purpose,
            backends: Vec::new(),
            hosts: Vec::new(),
        }
    }

    fn serves(&mut self, host: Value<Node<'t>>) {
        if let Some((at, host)) = host.known().and_then(|node| Some((node, node.text().known()?))) {
            self.hosts.push(Served {
                host,
                at,
                within: 0..host.len(),
            });
        }
    }

    fn serves_all(&mut self, list: Value<Node<'t>>) {
        for host in list.known().into_iter().flat_map(Node::items) {
            self.serves(Value::Known(host));
        }
    }

    /// Where its requests come from.
    #[must_use]
    pub fn origin(&self, bundle: &Bundle<'t>) -> Origin<'t> {
        controller::origin(bundle, self)
    }

    /// The Service that a backend names. Unknown where that cannot be told, absent where none is seen or it is no Service.
    #[must_use]
    pub fn service_of(&self, bundle: &Bundle<'t>, backend: &Backend<'t>) -> Value<(Object<'t>, Join<'t>)> {
        match &backend.to {
            To::Service {
                text: Value::Known(name),
                namespace,
                ..
            } => match namespace {
                Value::Known(namespace) => bundle.hosts().service(bundle, self.object, name, Some(namespace)),
                Value::Absent => bundle.hosts().service(bundle, self.object, name, None),
                Value::Unknown => Value::Unknown,
            },
            To::Service { .. } => Value::Unknown,
            To::Host { host, .. } => match &*bundle.hosts().resolve(bundle, self.object, host) {
                Destination::Service {
                    service,
                    join,
                    pod: false,
                } => Value::Known((*service, join.clone())),
                Destination::Unknown => Value::Unknown,
                _ => Value::Absent,
            },
            To::Selected { .. } | To::Other => Value::Absent,
        }
    }

    /// The Services that a monitor selects: those of its own directory, else the nearest. Unknown where it may select more
    /// than are seen here, or by expressions alone.
    #[must_use]
    pub fn selected_services(&self, bundle: &Bundle<'t>, backend: &Backend<'t>) -> Value<Vec<Object<'t>>> {
        let read = |number: u32| {
            let service = bundle.object(number)?;
            Some((service, service.root().at(&[word!("metadata"), word!("labels")])))
        };
        let found = self.selected(bundle, backend, bundle.routes().services(bundle), read);
        found.map(|found| found.into_iter().filter_map(|number| bundle.object(number)).collect())
    }

    /// The workloads whose pods a monitor selects, as for Services.
    #[must_use]
    pub fn selected_pods(&self, bundle: &Bundle<'t>, backend: &Backend<'t>) -> Value<Vec<Workload<'t>>> {
        let all = bundle.workloads();
        let read = |number: u32| {
            all.get(number as usize)
                .map(|workload| (workload.object, workload.labels()))
        };
        let found = self.selected(bundle, backend, bundle.routes().pods(bundle), read);
        found.map(|found| {
            found
                .into_iter()
                .filter_map(|number| all.get(number as usize).copied())
                .collect()
        })
    }

    /// Numbers of what a monitor's selector matches.
    fn selected(
        &self,
        bundle: &Bundle<'t>,
        backend: &Backend<'t>,
        by_label: &Lookup<(Symbol, Symbol)>,
        read: impl Fn(u32) -> Option<(Object<'t>, Value<Node<'t>>)>,
    ) -> Value<Vec<u32>> {
        let To::Selected { selector, namespaces } = &backend.to else {
            return Value::Absent;
        };
        let pairs: Vec<(Symbol, Symbol)> = known_pairs(selector.get(word!("matchLabels"))).collect();
        let scope = self.object.scope();
        let own = pairs
            .iter()
            .map(|pair| by_label.own(pair, scope))
            .min_by_key(|list| list.len());
        let all = pairs
            .iter()
            .map(|pair| by_label.all(pair))
            .min_by_key(|list| list.len());
        let (Some(own), Some(all)) = (own, all) else {
            return Value::Unknown;
        };
        for candidates in [own, all] {
            let mut numbers: Vec<(u32, Object<'t>)> = Vec::new();
            for &(_, number) in candidates.iter().take(MAX_CANDIDATES) {
                work::count();
                let Some((object, labels)) = read(number) else { continue };
                match (
                    selector_matches(*selector, labels),
                    self.looks_in(bundle, namespaces, object),
                ) {
                    (Value::Known(false), _) | (_, Value::Known(false)) => {}
                    (Value::Known(true), Value::Known(true)) => numbers.push((number, object)),
                    _ if bundle.sees(self.object, object) => return Value::Unknown,
                    _ => {}
                }
            }
            let mut objects: Vec<Object<'t>> = numbers.iter().map(|&(_, object)| object).collect();
            objects.dedup();
            let joins = bundle.nearest(self.object, &objects);
            match joins.as_slice() {
                [] => {}
                [join] if !join.ambiguous => {
                    numbers.retain(|(_, object)| join.objects.contains(object));
                    return Value::Known(numbers.into_iter().map(|(number, _)| number).collect());
                }
                _ => return Value::Unknown,
            }
        }
        Value::Known(Vec::new())
    }

    fn looks_in(&self, bundle: &Bundle<'t>, namespaces: &Namespaces<'t>, object: Object<'t>) -> Value<bool> {
        match namespaces {
            Namespaces::Own => bundle.in_one_namespace(self.object, object),
            Namespaces::Named(names) => match object.namespace() {
                Value::Known(_) => Value::Known(names.contains(&object.namespace_text())),
                _ => Value::Unknown,
            },
            Namespaces::All => Value::Known(true),
            Namespaces::Unknown => Value::Unknown,
        }
    }
}

/// Every route of a bundle.
pub struct Routes<'t> {
    all: Vec<Route<'t>>,
    services: OnceCell<Lookup<(Symbol, Symbol)>>,
    pods: OnceCell<Lookup<(Symbol, Symbol)>>,
}

impl<'t> Routes<'t> {
    /// Of a bundle; linear.
    pub(crate) fn new(bundle: &Bundle<'t>) -> Self {
        let mut all = Vec::new();
        for (group, kind) in bundle.kinds() {
            let (group_text, kind_text) = (bundle.tree().text(group), bundle.tree().text(kind));
            let Some(read) = reader(group_text, kind_text) else {
                continue;
            };
            for object in bundle.of_kind(group, kind) {
                let start = whole(object).or(object.root().get(word!("spec")).known());
                all.extend(start.and_then(|start| read(object, start)));
            }
        }
        all.sort_by_key(|route: &Route<'t>| route.object.index());
        Routes {
            all,
            services: OnceCell::new(),
            pods: OnceCell::new(),
        }
    }

    /// All of them, in the bundle's order.
    #[must_use]
    pub fn all(&self) -> &[Route<'t>] {
        &self.all
    }

    /// Services by their own labels.
    fn services(&self, bundle: &Bundle<'t>) -> &Lookup<(Symbol, Symbol)> {
        self.services.get_or_init(|| {
            Lookup::new(bundle.of_kind(Symbol(0), word!("Service")).flat_map(|service| {
                let labels = service.root().at(&[word!("metadata"), word!("labels")]);
                known_pairs(labels).map(move |pair| (pair, service.scope(), service.index()))
            }))
        })
    }

    /// Workloads by the labels of their pods.
    fn pods(&self, bundle: &Bundle<'t>) -> &Lookup<(Symbol, Symbol)> {
        self.pods.get_or_init(|| {
            Lookup::new(bundle.workloads().iter().enumerate().flat_map(|(number, workload)| {
                let number = u32::try_from(number).unwrap_or(u32::MAX);
                known_pairs(workload.labels()).map(move |pair| (pair, workload.object.scope(), number))
            }))
        })
    }
}

/// Webhook configurations have no `spec`.
fn whole(object: Object<'_>) -> Option<Node<'_>> {
    (object.group_text() == "admissionregistration.k8s.io").then(|| object.root())
}

type Reader = for<'t> fn(Object<'t>, Node<'t>) -> Option<Route<'t>>;

/// What reads a kind.
fn reader(group: &str, kind: &str) -> Option<Reader> {
    Some(match (group, kind) {
        ("networking.k8s.io" | "extensions", "Ingress") => ingress::ingress,
        ("gateway.networking.k8s.io", "HTTPRoute" | "GRPCRoute" | "TCPRoute" | "UDPRoute" | "TLSRoute") => {
            gateway::route
        }
        ("networking.istio.io", "VirtualService") => gateway::virtual_service,
        ("traefik.io" | "traefik.containo.us", "IngressRoute" | "IngressRouteTCP" | "IngressRouteUDP") => {
            other::traefik
        }
        ("traefik.io" | "traefik.containo.us", "TraefikService") => other::traefik_service,
        ("projectcontour.io", "HTTPProxy") => other::contour,
        ("k8s.nginx.org", "VirtualServer" | "VirtualServerRoute" | "TransportServer") => other::nginx,
        ("apisix.apache.org", "ApisixRoute") => other::apisix,
        ("getambassador.io", "Mapping" | "TCPMapping") => other::emissary,
        ("configuration.konghq.com", "TCPIngress" | "UDPIngress") => other::kong,
        ("gloo.solo.io", "Upstream") => other::gloo,
        ("elbv2.k8s.aws", "TargetGroupBinding") => other::target_group,
        ("route.openshift.io", "Route") => other::open_shift,
        ("monitoring.coreos.com", "ServiceMonitor") => monitor::service_monitor,
        ("monitoring.coreos.com", "PodMonitor") => monitor::pod_monitor,
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration") => {
            server::webhooks
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => server::conversion,
        ("apiregistration.k8s.io", "APIService") => server::api_service,
        ("", "Service") => server::entry,
        _ => return None,
    })
}

/// Kinds as rules name them, for `kinds` and `context`: every route but Services.
pub const ROUTE_KINDS: &[&str] = &[
    "Ingress.networking.k8s.io",
    "Ingress.extensions",
    "HTTPRoute.gateway.networking.k8s.io",
    "GRPCRoute.gateway.networking.k8s.io",
    "TCPRoute.gateway.networking.k8s.io",
    "UDPRoute.gateway.networking.k8s.io",
    "TLSRoute.gateway.networking.k8s.io",
    "VirtualService.networking.istio.io",
    "IngressRoute.traefik.io",
    "IngressRouteTCP.traefik.io",
    "IngressRouteUDP.traefik.io",
    "TraefikService.traefik.io",
    "IngressRoute.traefik.containo.us",
    "IngressRouteTCP.traefik.containo.us",
    "IngressRouteUDP.traefik.containo.us",
    "TraefikService.traefik.containo.us",
    "HTTPProxy.projectcontour.io",
    "VirtualServer.k8s.nginx.org",
    "VirtualServerRoute.k8s.nginx.org",
    "TransportServer.k8s.nginx.org",
    "ApisixRoute.apisix.apache.org",
    "Mapping.getambassador.io",
    "TCPMapping.getambassador.io",
    "TCPIngress.configuration.konghq.com",
    "UDPIngress.configuration.konghq.com",
    "Upstream.gloo.solo.io",
    "TargetGroupBinding.elbv2.k8s.aws",
    "Route.route.openshift.io",
    "ServiceMonitor.monitoring.coreos.com",
    "PodMonitor.monitoring.coreos.com",
    "ValidatingWebhookConfiguration.admissionregistration.k8s.io",
    "MutatingWebhookConfiguration.admissionregistration.k8s.io",
    "CustomResourceDefinition.apiextensions.k8s.io",
    "APIService.apiregistration.k8s.io",
];

/// The items of a sequence at a path of keys.
fn items<'t>(node: Node<'t>, path: &[&str]) -> impl Iterator<Item = Node<'t>> + use<'t> {
    at(node, path).known().into_iter().flat_map(Node::items)
}

/// The node at a path of keys, which need not be in the vocabulary.
fn at<'t>(node: Node<'t>, path: &[&str]) -> Value<Node<'t>> {
    path.iter()
        .fold(Value::Known(node), |node, key| node.and_then(|node| node.get_text(key)))
}

/// Whether a scalar is this text.
fn is_text(node: Value<Node<'_>>, text: &str) -> bool {
    node.and_then(Node::text) == Value::Known(text)
}
