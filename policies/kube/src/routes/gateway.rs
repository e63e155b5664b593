//! Gateway API and Istio.
//!
//! Sources: Gateway API reference, `BackendObjectReference` (kind and group default to a Service, whose port is required),
//! `HTTPRequestMirrorFilter`; Istio reference, page "Virtual Service" (`Destination`: a short host is looked up in the
//! namespace of the rule; the port may be left out where the Service has one).

use std::borrow::Cow;

use super::{Against, Backend, Port, Purpose, Route, To, at, is_text, items};
use crate::{Node, Object, Value, word};

/// HTTPRoute, GRPCRoute, TCPRoute, UDPRoute, TLSRoute.
pub fn route<'t>(object: Object<'t>, spec: Node<'t>) -> Option<Route<'t>> {
    let mut route = Route::new(object, Purpose::Ingress);
    // Routes of a mesh have a Service for a parent.
    if spec
        .items_of(word!("parentRefs"))
        .any(|parent| is_text(parent.get(word!("kind")), "Service"))
    {
        route.purpose = Purpose::Mesh;
    }
    route.serves_all(spec.get(word!("hostnames")));
    for rule in spec.items_of(word!("rules")) {
        for backend in rule.items_of(word!("backendRefs")) {
            route.backends.extend(reference(backend));
            mirrors(backend, &mut route);
        }
        mirrors(rule, &mut route);
    }
    Some(route)
}

fn mirrors<'t>(holder: Node<'t>, route: &mut Route<'t>) {
    for filter in holder.items_of(word!("filters")) {
        let mirror = at(filter, &["requestMirror", "backendRef"]).known();
        route.backends.extend(mirror.and_then(reference));
    }
}

/// A reference to a backend.
fn reference(node: Node<'_>) -> Option<Backend<'_>> {
    let group = node.get_text("group").and_then(Node::text).or_default("");
    let kind = node.text_of(word!("kind")).or_default("Service");
    let port = Port::number(node.get(word!("port")), Port::Missing);
    let mut backend = Backend::service(node, node.get(word!("name")), node.get(word!("namespace")), port)?;
    match (group, kind) {
        (Value::Known(""), Value::Known("Service")) => {}
        _ => backend.to = To::Other,
    }
    Some(backend)
}

/// Istio's VirtualService.
pub fn virtual_service<'t>(object: Object<'t>, spec: Node<'t>) -> Option<Route<'t>> {
    // Without gateways it is for the pods of the mesh.
    let gateways: Vec<_> = items(spec, &["gateways"]).map(Node::text).collect();
    let meshed = gateways.iter().all(|name| *name == Value::Known("mesh"));
    let mut route = Route::new(object, if meshed { Purpose::Mesh } else { Purpose::Ingress });
    route.serves_all(spec.get_text("hosts"));
    for protocol in ["http", "tls", "tcp"] {
        for rule in items(spec, &[protocol]) {
            for target in items(rule, &["route"]).chain(items(rule, &["mirrors"])) {
                route
                    .backends
                    .extend(target.get_text("destination").known().and_then(destination));
            }
            route
                .backends
                .extend(rule.get_text("mirror").known().and_then(destination));
        }
    }
    Some(route)
}

fn destination(node: Node<'_>) -> Option<Backend<'_>> {
    let host = node.get(word!("host")).known()?;
    Some(Backend {
        at: node,
        to: To::Host {
            at: host,
            host: Cow::Borrowed(host.text().known()?),
        },
        port: Port::number(at(node, &["port", "number"]), Port::Unsaid),
        against: Against::Service,
    })
}
