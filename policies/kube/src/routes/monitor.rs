//! Monitors of the Prometheus operator.
//!
//! Source: Prometheus operator API reference, `ServiceMonitor` (a port's *name* of the Service, or a pod's `targetPort`),
//! `PodMonitor` (a declared container port), `NamespaceSelector` (the own namespace where it is empty).

use super::{Against, Backend, Namespaces, Port, Purpose, Route, To, at, items};
use crate::{Kind, Node, Object, Value, word};

/// A ServiceMonitor.
pub fn service_monitor<'t>(object: Object<'t>, spec: Node<'t>) -> Option<Route<'t>> {
    let selector = spec.get(word!("selector")).known()?;
    let mut route = Route::new(object, Purpose::Scrape);
    for endpoint in spec.items_of(word!("endpoints")) {
        let (port, against) = match endpoint.get(word!("port")) {
            Value::Absent => {
                let target = endpoint.get(word!("targetPort"));
                let against = match target.and_then(Node::integer) {
                    Value::Known(_) => Against::Pod,
                    _ => Against::Declared,
                };
                (Port::number_or_name(target, Port::Unsaid), against)
            }
            named => (name(named), Against::Service),
        };
        route.backends.push(backend(endpoint, selector, spec, port, against));
    }
    Some(route)
}

/// A PodMonitor.
pub fn pod_monitor<'t>(object: Object<'t>, spec: Node<'t>) -> Option<Route<'t>> {
    let selector = spec.get(word!("selector")).known()?;
    let mut route = Route::new(object, Purpose::Scrape);
    for endpoint in items(spec, &["podMetricsEndpoints"]) {
        let (port, against) = match (endpoint.get(word!("port")), endpoint.get_text("portNumber")) {
            // The older field: any port of the pod.
            (Value::Absent, Value::Absent) => (
                Port::number_or_name(endpoint.get(word!("targetPort")), Port::Unsaid),
                Against::Pod,
            ),
            (Value::Absent, number) => (Port::number(number, Port::Unsaid), Against::Declared),
            (named, _) => (name(named), Against::Declared),
        };
        route.backends.push(backend(endpoint, selector, spec, port, against));
    }
    Some(route)
}

/// A port by name: digits are a name here, which none has.
fn name(found: Value<Node<'_>>) -> Port<'_> {
    match found {
        Value::Known(at) => match at.text() {
            Value::Known("") => Port::Unsaid,
            Value::Known(name) => Port::Name { name, at, within: None },
            _ => Port::Unknown,
        },
        _ => Port::Unknown,
    }
}

fn backend<'t>(node: Node<'t>, selector: Node<'t>, spec: Node<'t>, port: Port<'t>, against: Against) -> Backend<'t> {
    Backend {
        at: node,
        to: To::Selected {
            selector,
            namespaces: namespaces(spec),
        },
        port,
        against,
    }
}

fn namespaces(spec: Node<'_>) -> Namespaces<'_> {
    let selector = spec.get(word!("namespaceSelector"));
    match (
        selector,
        at(spec, &["namespaceSelector", "any"]),
        at(spec, &["namespaceSelector", "matchNames"]),
    ) {
        (Value::Absent, ..) => Namespaces::Own,
        (Value::Known(_), Value::Known(any), _) if any.boolean() == Value::Known(true) => Namespaces::All,
        (Value::Known(_), Value::Absent | Value::Known(_), Value::Absent) => Namespaces::Own,
        (Value::Known(_), _, Value::Known(list)) if list.kind() == Kind::Sequence && list.is_final() => {
            let names: Option<Vec<&str>> = list.items().map(|name| name.text().known()).collect();
            match names {
                Some(names) if names.is_empty() => Namespaces::Own,
                Some(names) => Namespaces::Named(names),
                None => Namespaces::Unknown,
            }
        }
        _ => Namespaces::Unknown,
    }
}
