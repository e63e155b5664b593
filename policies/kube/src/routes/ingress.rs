//! Ingress.
//!
//! Sources: Kubernetes API reference, `IngressBackend`; documentation, page "Ingress".

use super::{Backend, Port, Purpose, Route, annotations, at};
use crate::{Node, Object, Value, word};

/// The name of a port that says: this is no Service, look into the annotation (AWS load balancer controller).
const BY_ANNOTATION: &str = "use-annotation";

/// An Ingress, also of the versions before v1.
pub fn ingress<'t>(object: Object<'t>, spec: Node<'t>) -> Option<Route<'t>> {
    let mut route = Route::new(object, Purpose::Ingress);
    for key in [word!("defaultBackend"), word!("backend")] {
        route.backends.extend(spec.get(key).known().and_then(backend));
    }
    for rule in spec.items_of(word!("rules")) {
        route.serves(rule.get(word!("host")));
        let paths = rule.at(&[word!("http"), word!("paths")]).known();
        for path in paths.into_iter().flat_map(Node::items) {
            route
                .backends
                .extend(path.get(word!("backend")).known().and_then(backend));
        }
    }
    annotations::read(object, &mut route);
    Some(route)
}

fn backend(node: Node<'_>) -> Option<Backend<'_>> {
    let found = match node.get(word!("service")).known() {
        Some(service) => {
            let port = match (at(service, &["port", "number"]), at(service, &["port", "name"])) {
                (Value::Absent, name) => Port::number_or_name(name, Port::Unsaid),
                (number, _) => Port::number(number, Port::Unsaid),
            };
            Backend::service(node, service.get(word!("name")), Value::Absent, port)
        }
        None => {
            let port = Port::number_or_name(node.get_text("servicePort"), Port::Unsaid);
            Backend::service(node, node.get_text("serviceName"), Value::Absent, port)
        }
    };
    found.filter(|backend| !matches!(backend.port, Port::Name { name, .. } if name == BY_ANNOTATION))
}
