//! Connections that a system needs.

use std::collections::BTreeSet;

use plimsoll_sdk::kube::hosts::{Destination, Reference, Source};
use plimsoll_sdk::kube::netpol::Protocol;
use plimsoll_sdk::kube::routes::{Against, Backend, Port, Purpose, Route};
use plimsoll_sdk::kube::{Class, ServicePort, Workload, is_headless, service_ports};
use plimsoll_sdk::{Bundle, Join, Object, Value, word};

use crate::common::targets;

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
