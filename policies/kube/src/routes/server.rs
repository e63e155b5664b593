//! What the API server calls, and Services that stand open by themselves.
//!
//! Sources: Kubernetes API reference, `ServiceReference` of webhooks, conversion and `APIService` (port 443 unless said
//! otherwise); documentation, page "Service" (types).

use super::{Against, Backend, Port, Purpose, Route, To, at, items};
use crate::{Node, Object, Value, service_ports, word};

/// The port that is called where none is named.
const HTTPS: u16 = 443;

/// Webhooks of admission; there is no `spec`.
pub fn webhooks<'t>(object: Object<'t>, root: Node<'t>) -> Option<Route<'t>> {
    let mut route = Route::new(object, Purpose::ApiServer);
    for hook in items(root, &["webhooks"]) {
        route
            .backends
            .extend(at(hook, &["clientConfig", "service"]).known().and_then(reference));
    }
    Some(route)
}

/// The conversion of a CustomResourceDefinition.
pub fn conversion<'t>(object: Object<'t>, spec: Node<'t>) -> Option<Route<'t>> {
    let service = at(spec, &["conversion", "webhook", "clientConfig", "service"]).known()?;
    let mut route = Route::new(object, Purpose::ApiServer);
    route.backends.extend(reference(service));
    Some(route)
}

/// An aggregated API.
pub fn api_service<'t>(object: Object<'t>, spec: Node<'t>) -> Option<Route<'t>> {
    let service = spec.get(word!("service")).known()?;
    let mut route = Route::new(object, Purpose::ApiServer);
    route.backends.extend(reference(service));
    Some(route)
}

fn reference(node: Node<'_>) -> Option<Backend<'_>> {
    let port = Port::number(node.get(word!("port")), Port::Default(HTTPS));
    // The namespace is required: what calls has none of its own.
    node.get(word!("namespace")).known()?;
    Backend::service(node, node.get(word!("name")), node.get(word!("namespace")), port)
}

/// A Service of type LoadBalancer or NodePort, or with external addresses: every port of it.
pub fn entry<'t>(object: Object<'t>, spec: Node<'t>) -> Option<Route<'t>> {
    let kind = spec.get(word!("type")).and_then(Node::symbol);
    let opens = matches!(kind, Value::Known(kind) if kind == word!("LoadBalancer") || kind == word!("NodePort"));
    let name = object.root().at(&[word!("metadata"), word!("name")]).known()?;
    if !opens && spec.items_of(word!("externalIPs")).next().is_none() {
        return None;
    }
    let mut route = Route::new(object, Purpose::Entry);
    route.backends.extend(service_ports(object).map(|port| Backend {
        at: port.node,
        to: To::Service {
            name,
            text: name.text(),
            namespace: Value::Absent,
        },
        port: Port::number(port.node.get(word!("port")), Port::Missing),
        against: Against::Service,
    }));
    Some(route)
}
