//! Services: their ports, and the pods they select.
//!
//! Sources: Kubernetes documentation, page "Service"; API reference, `ServicePort`; endpoint slice controller (a numeric
//! `targetPort` is used as it is, a name is looked up in each pod).

use std::collections::BTreeMap;

use plimsoll_tree::Symbol;

use crate::lookup::{Lookup, MAX_CANDIDATES};
use crate::selector::{known_pairs, map_matches};
use crate::{Bundle, Class, Join, Kind, Node, Object, Value, Workload, word, work};

/// A port of a Service.
#[derive(Clone, Copy, Debug)]
pub struct ServicePort<'t> {
    /// The item of `ports`.
    pub node: Node<'t>,
    /// What clients dial.
    pub port: Value<i64>,
    /// `TCP`, `UDP` or `SCTP`; TCP unless said otherwise.
    pub protocol: Value<Symbol>,
    /// Where the pods listen.
    pub target: Target<'t>,
}

/// Where a Service's port leads to.
#[derive(Clone, Copy, Debug)]
pub enum Target<'t> {
    /// To this number; the node is `targetPort`, or `port` where that is absent.
    Number(i64, Node<'t>),
    /// To the port of this name, whatever its number in each pod.
    Name(Symbol, Node<'t>),
    /// Decided later, or refused by the API server.
    Unknown,
}

/// The ports of a Service, as written.
pub fn service_ports<'t>(service: Object<'t>) -> impl Iterator<Item = ServicePort<'t>> + use<'t> {
    let spec = service.root().get(word!("spec")).known();
    spec.into_iter()
        .flat_map(|spec| spec.items_of(word!("ports")))
        .map(|node| {
            let port = node.get(word!("port"));
            let target = match (node.get(word!("targetPort")), port) {
                (Value::Known(target), _) | (Value::Absent, Value::Known(target)) => number_or_name(target),
                _ => Target::Unknown,
            };
            ServicePort {
                node,
                port: port.and_then(Node::integer),
                protocol: node
                    .get(word!("protocol"))
                    .and_then(Node::symbol)
                    .or_default(word!("TCP")),
                target,
            }
        })
}

fn number_or_name(node: Node<'_>) -> Target<'_> {
    match (node.integer(), node.symbol()) {
        // 0 is the default of a typed client: as if absent, and nothing to compare with.
        (Value::Known(number), _) if (1..=65_535).contains(&number) => Target::Number(number, node),
        (_, Value::Known(name)) if node.tree().text(name).bytes().any(|byte| byte.is_ascii_alphabetic()) => {
            Target::Name(name, node)
        }
        _ => Target::Unknown,
    }
}

/// Whether a Service is a name for something else (`ExternalName`), or may be.
fn is_external_name(spec: Node<'_>) -> bool {
    match spec.get(word!("type")).and_then(Node::symbol) {
        Value::Known(kind) => kind == word!("ExternalName"),
        Value::Absent => false,
        Value::Unknown => true,
    }
}

/// Whether a Service has no address of its own (`clusterIP: None`): clients by name reach the pods themselves.
#[must_use]
pub fn is_headless(service: Object<'_>) -> bool {
    service
        .root()
        .at(&[word!("spec"), word!("clusterIP")])
        .and_then(Node::symbol)
        == Value::Known(word!("None"))
}

/// The pods that a Service selects, in one alternative.
pub struct Selected<'t> {
    /// How they were found.
    pub join: Join<'t>,
    /// Numbers of the workloads in [`Bundle::workloads`], ascending.
    pub workloads: Vec<usize>,
}

/// Which pods each Service selects.
pub struct Selection<'t> {
    /// Services that select pods in what they see, in order, with one entry for each alternative.
    pub services: Vec<(Object<'t>, Vec<Selected<'t>>)>,
}

impl<'t> Selection<'t> {
    /// Of all Services of a bundle. Every Service looks in its own directory first, and by its rarest label.
    pub(crate) fn new(bundle: &Bundle<'t>) -> Self {
        let pods = Pods::new(bundle.workloads());
        let services = bundle
            .of_kind(Symbol(0), word!("Service"))
            .filter_map(|service| {
                let spec = service.root().get(word!("spec")).known()?;
                if is_external_name(spec) {
                    return None;
                }
                let selected = pods.selected(bundle, service, spec.get(word!("selector")));
                (!selected.is_empty()).then_some((service, selected))
            })
            .collect();
        Selection { services }
    }
}

/// Pods by label.
struct Pods<'a, 't> {
    workloads: &'a [Workload<'t>],
    by_label: Lookup<(Symbol, Symbol)>,
}

impl<'a, 't> Pods<'a, 't> {
    fn new(workloads: &'a [Workload<'t>]) -> Self {
        let entries = workloads
            .iter()
            .enumerate()
            .filter(|(_, workload)| !matches!(workload.class, Class::Template | Class::OpenChoreo | Class::Overrides))
            .flat_map(|(number, workload)| {
                let number = u32::try_from(number).unwrap_or(u32::MAX);
                known_pairs(workload.labels()).map(move |pair| (pair, workload.object.scope(), number))
            });
        Pods {
            workloads,
            by_label: Lookup::new(entries),
        }
    }

    fn selected(&self, bundle: &Bundle<'t>, service: Object<'t>, selector: Value<Node<'t>>) -> Vec<Selected<'t>> {
        if !selector.known().is_some_and(|map| map.kind() == Kind::Map) {
            return Vec::new();
        }
        let own = known_pairs(selector)
            .map(|pair| self.by_label.own(&pair, service.scope()))
            .min_by_key(|list| list.len());
        let found = self.matching(bundle, service, selector, own.unwrap_or_default());
        if !found.is_empty() {
            return found;
        }
        let all = known_pairs(selector)
            .map(|pair| self.by_label.all(&pair))
            .min_by_key(|list| list.len());
        self.matching(bundle, service, selector, all.unwrap_or_default())
    }

    /// Those of the candidates that the Service selects, nearest first.
    fn matching(
        &self,
        bundle: &Bundle<'t>,
        service: Object<'t>,
        selector: Value<Node<'t>>,
        candidates: &[(u32, u32)],
    ) -> Vec<Selected<'t>> {
        let mut numbers: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        let mut objects: Vec<Object<'t>> = Vec::new();
        for &(_, number) in candidates.iter().take(MAX_CANDIDATES) {
            work::count();
            let number = number as usize;
            let Some(workload) = self.workloads.get(number) else {
                continue;
            };
            if map_matches(selector, workload.labels()) == Value::Known(true)
                && bundle.in_one_namespace(service, workload.object) == Value::Known(true)
            {
                objects.push(workload.object);
                numbers.entry(workload.object.index()).or_default().push(number);
            }
        }
        objects.dedup();
        bundle
            .nearest(service, &objects)
            .into_iter()
            .map(|join| {
                let mut workloads: Vec<usize> = join
                    .objects
                    .iter()
                    .flat_map(|object| numbers.get(&object.index()).into_iter().flatten().copied())
                    .collect();
                workloads.sort_unstable();
                Selected { join, workloads }
            })
            .collect()
    }
}
