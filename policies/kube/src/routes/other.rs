//! Routes of ingress controllers' own kinds.
//!
//! Sources: Traefik reference, page "Kubernetes CRD"; Contour API reference, `HTTPProxy`; NGINX Ingress Controller reference,
//! pages "VirtualServer", "TransportServer"; APISIX ingress controller reference, `ApisixRoute`; Emissary documentation,
//! "Mapping"; Kong reference, `TCPIngress`; Gloo API, `kubernetes.UpstreamSpec`; AWS load balancer controller reference,
//! `TargetGroupBinding`; OpenShift API reference, `Route` (`port.targetPort` is the port of the endpoints, by name or number).

use std::borrow::Cow;

use super::{Against, Backend, Port, Purpose, Route, Served, To, at, items};
use crate::hosts::scan::scan;
use crate::{Node, Object, Value, word};

/// `routes[].services[]` of Traefik's IngressRoutes.
pub fn traefik<'t>(object: Object<'t>, spec: Node<'t>) -> Option<Route<'t>> {
    let mut route = Route::new(object, Purpose::Ingress);
    for rule in items(spec, &["routes"]) {
        for service in items(rule, &["services"]) {
            route.backends.extend(traefik_backend(service));
        }
        if let Some((at, text)) = rule
            .get_text("match")
            .known()
            .and_then(|at| Some((at, at.text().known()?)))
        {
            route.hosts.extend(matched_hosts(at, text));
        }
    }
    Some(route)
}

/// Traefik's services of services.
pub fn traefik_service<'t>(object: Object<'t>, spec: Node<'t>) -> Option<Route<'t>> {
    let mut route = Route::new(object, Purpose::Ingress);
    let lists = items(spec, &["weighted", "services"]).chain(items(spec, &["mirroring", "mirrors"]));
    for service in lists.chain(spec.get_text("mirroring").known()) {
        route.backends.extend(traefik_backend(service));
    }
    Some(route)
}

fn traefik_backend(node: Node<'_>) -> Option<Backend<'_>> {
    let port = Port::number_or_name(node.get(word!("port")), Port::Unsaid);
    let mut backend = Backend::service(node, node.get(word!("name")), node.get(word!("namespace")), port)?;
    let kind = node.text_of(word!("kind")).or_default("Service");
    // `api@internal` is Traefik's own.
    let own = matches!(backend.to, To::Service { text: Value::Known(name), .. } if name.contains('@'));
    if own || kind != Value::Known("Service") {
        backend.to = To::Other;
    }
    Some(backend)
}

/// The hosts in Traefik's rules: ``Host(`a`)``, ``HostSNI(`a`, `b`)``.
fn matched_hosts<'t>(at: Node<'t>, text: &'t str) -> Vec<Served<'t>> {
    let mut hosts = Vec::new();
    for (start, _) in text.match_indices("Host") {
        let rest = text.get(start..).unwrap_or_default();
        let Some(open) = rest
            .find('(')
            .filter(|&open| matches!(rest.get(..open), Some("Host" | "HostSNI")))
        else {
            continue;
        };
        let inner = rest.get(open + 1..).unwrap_or_default();
        let inner = inner.get(..inner.find(')').unwrap_or(inner.len())).unwrap_or_default();
        let mut from = start + open + 1;
        for piece in inner.split(',') {
            let host = piece.trim().trim_matches(['`', '"', '\'']);
            let lead = piece.find(host).unwrap_or(0);
            if !host.is_empty() && host != "*" {
                hosts.push(Served {
                    host,
                    at,
                    within: from + lead..from + lead + host.len(),
                });
            }
            from += piece.len() + 1;
        }
    }
    hosts
}

/// Contour's HTTPProxy.
pub fn contour<'t>(object: Object<'t>, spec: Node<'t>) -> Option<Route<'t>> {
    let mut route = Route::new(object, Purpose::Ingress);
    route.serves(at(spec, &["virtualhost", "fqdn"]));
    let routed = items(spec, &["routes"]).flat_map(|rule| items(rule, &["services"]));
    for service in routed.chain(items(spec, &["tcpproxy", "services"])) {
        let port = Port::number(service.get(word!("port")), Port::Unsaid);
        route.backends.extend(Backend::service(
            service,
            service.get(word!("name")),
            Value::Absent,
            port,
        ));
    }
    Some(route)
}

/// VirtualServer, VirtualServerRoute, TransportServer.
pub fn nginx<'t>(object: Object<'t>, spec: Node<'t>) -> Option<Route<'t>> {
    let mut route = Route::new(object, Purpose::Ingress);
    route.serves(spec.get(word!("host")));
    for upstream in items(spec, &["upstreams"]) {
        let port = Port::number(upstream.get(word!("port")), Port::Unsaid);
        let backend = Backend::service(upstream, upstream.get(word!("service")), Value::Absent, port);
        // `namespace/name` is another form.
        let plain = |backend: &Backend<'_>| !matches!(backend.to, To::Service { text: Value::Known(name), .. } if name.contains('/'));
        route.backends.extend(backend.filter(plain));
    }
    Some(route)
}

/// ApisixRoute.
pub fn apisix<'t>(object: Object<'t>, spec: Node<'t>) -> Option<Route<'t>> {
    let mut route = Route::new(object, Purpose::Ingress);
    for rule in items(spec, &["http"]) {
        route.serves_all(at(rule, &["match", "hosts"]));
        let listed = items(rule, &["backends"]).chain(rule.get(word!("backend")).known());
        for backend in listed {
            // Unless it resolves to endpoints, a Service's port.
            route.backends.extend(named_backend(backend));
        }
    }
    for rule in items(spec, &["stream"]) {
        route
            .backends
            .extend(rule.get(word!("backend")).known().and_then(named_backend));
    }
    Some(route)
}

/// Kong's TCPIngress and UDPIngress.
pub fn kong<'t>(object: Object<'t>, spec: Node<'t>) -> Option<Route<'t>> {
    let mut route = Route::new(object, Purpose::Ingress);
    for rule in spec.items_of(word!("rules")) {
        route.serves(rule.get(word!("host")));
        route
            .backends
            .extend(rule.get(word!("backend")).known().and_then(named_backend));
    }
    Some(route)
}

/// `serviceName` and `servicePort`.
fn named_backend(node: Node<'_>) -> Option<Backend<'_>> {
    let port = Port::number_or_name(node.get_text("servicePort"), Port::Unsaid);
    Backend::service(node, node.get_text("serviceName"), Value::Absent, port)
}

/// Emissary's Mapping and TCPMapping: `service` is a host with scheme and port, or without.
pub fn emissary<'t>(object: Object<'t>, spec: Node<'t>) -> Option<Route<'t>> {
    let mut route = Route::new(object, Purpose::Ingress);
    for key in [word!("hostname"), word!("host")] {
        route.serves(spec.get(key));
    }
    let service = spec.get(word!("service")).known()?;
    let Value::Known(text) = service.text() else {
        return Some(route);
    };
    let (host, port) = match scan(text, false).into_iter().next() {
        Some(found) => {
            let port = match &found.port {
                Some(range) => match text.get(range.clone()).unwrap_or_default().parse() {
                    Ok(number) => Port::Number {
                        number,
                        at: service,
                        within: Some(range.clone()),
                    },
                    Err(_) => Port::Unknown,
                },
                None if text.get(found.scheme.clone()) == Some("https") => Port::Default(443),
                None => Port::Default(80),
            };
            (text.get(found.host).unwrap_or_default(), port)
        }
        // The default is 443 where TLS is asked for elsewhere.
        None if spec.get(word!("tls")).is_absent() => (text, Port::Default(80)),
        None => (text, Port::Unknown),
    };
    route.backends.push(Backend {
        at: service,
        to: To::Host {
            at: service,
            host: Cow::Borrowed(host),
        },
        port,
        against: Against::Service,
    });
    Some(route)
}

/// Gloo's Upstream.
pub fn gloo<'t>(object: Object<'t>, spec: Node<'t>) -> Option<Route<'t>> {
    let kube = spec.get_text("kube").known()?;
    let mut route = Route::new(object, Purpose::Ingress);
    let port = Port::number(kube.get_text("servicePort"), Port::Unsaid);
    let namespace = kube.get_text("serviceNamespace");
    route
        .backends
        .extend(Backend::service(kube, kube.get_text("serviceName"), namespace, port));
    Some(route)
}

/// TargetGroupBinding.
pub fn target_group<'t>(object: Object<'t>, spec: Node<'t>) -> Option<Route<'t>> {
    let service = spec.get_text("serviceRef").known()?;
    let mut route = Route::new(object, Purpose::Ingress);
    let port = Port::number_or_name(service.get(word!("port")), Port::Unsaid);
    route.backends.extend(Backend::service(
        service,
        service.get(word!("name")),
        Value::Absent,
        port,
    ));
    Some(route)
}

/// OpenShift's Route.
pub fn open_shift<'t>(object: Object<'t>, spec: Node<'t>) -> Option<Route<'t>> {
    let mut route = Route::new(object, Purpose::Ingress);
    route.serves(spec.get(word!("host")));
    let port = Port::number_or_name(at(spec, &["port", "targetPort"]), Port::Unsaid);
    for to in spec
        .get(word!("to"))
        .known()
        .into_iter()
        .chain(items(spec, &["alternateBackends"]))
    {
        if let Some(mut backend) = Backend::service(to, to.get(word!("name")), Value::Absent, port.clone()) {
            backend.against = Against::Endpoint;
            if to.text_of(word!("kind")).or_default("Service") != Value::Known("Service") {
                backend.to = To::Other;
            }
            route.backends.push(backend);
        }
    }
    Some(route)
}
