//! Where a route's requests come from: the namespace of the proxies that send them.
//!
//! Sources: installation guides of the controllers (default namespaces, names of classes, `spec.controller` of their
//! IngressClasses, `controllerName` of their GatewayClasses).

use super::{Purpose, Route, is_text};
use crate::{Bundle, Node, Symbol, Value, word};

/// Where requests come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin<'t> {
    /// From pods in one of these namespaces: that of the Gateway, those where the controller is installed by its guide. The
    /// first is the likeliest.
    Pods(Vec<&'t str>),
    /// From outside of the cluster, or from its nodes: a cloud's load balancer, a proxy on the node's network.
    Outside,
    /// From the API server.
    ApiServer,
    /// From a monitoring system's pods, wherever they are.
    Monitoring,
    /// From other pods.
    Mesh,
    /// Nothing tells.
    Unknown,
}

/// What a controller is known by (a part of its name, or a class), and the namespaces that its proxies are in; none for
/// those outside of the pod network.
const CONTROLLERS: &[(&str, &[&str])] = &[
    ("ingress-nginx", &["ingress-nginx"]),
    ("nginx.org", &["nginx-ingress"]),
    ("nginx-gateway", &["nginx-gateway"]),
    ("traefik", &["traefik", "kube-system"]),
    ("contour", &["projectcontour"]),
    ("kong", &["kong"]),
    ("haproxy", &["haproxy-controller", "ingress-controller"]),
    ("istio", &["istio-system", "istio-ingress"]),
    ("envoyproxy", &["envoy-gateway-system"]),
    ("envoy-gateway", &["envoy-gateway-system"]),
    ("gloo", &["gloo-system"]),
    ("kgateway", &["kgateway-system"]),
    ("apisix", &["ingress-apisix", "apisix"]),
    ("ambassador", &["ambassador", "emissary"]),
    ("emissary", &["emissary"]),
    ("openshift", &["openshift-ingress"]),
    ("cilium", &[]),
    ("alb", &[]),
    ("aws", &[]),
    ("gce", &[]),
    ("gke", &[]),
    ("azure", &[]),
    ("nginx", &["ingress-nginx"]),
];

/// Where the requests of a route come from.
pub fn origin<'t>(bundle: &Bundle<'t>, route: &Route<'t>) -> Origin<'t> {
    match route.purpose {
        Purpose::Mesh => return Origin::Mesh,
        Purpose::Scrape => return Origin::Monitoring,
        Purpose::ApiServer => return Origin::ApiServer,
        Purpose::Entry => return Origin::Outside,
        Purpose::Ingress => {}
    }
    let spec = route.object.root().get(word!("spec"));
    match (route.object.group_text(), route.object.kind_text()) {
        ("networking.k8s.io" | "extensions", _) => match class(route) {
            Some(class) => of_controller(controller_of(bundle, class).unwrap_or(class), None),
            None => Origin::Unknown,
        },
        ("gateway.networking.k8s.io", _) => spec
            .known()
            .map_or(Origin::Unknown, |spec| of_gateway(bundle, route, spec)),
        ("networking.istio.io", _) => of_controller("istio", None),
        ("traefik.io" | "traefik.containo.us", _) => of_controller("traefik", None),
        ("projectcontour.io", _) => of_controller("contour", None),
        ("k8s.nginx.org", _) => of_controller("nginx.org", None),
        ("apisix.apache.org", _) => of_controller("apisix", None),
        ("getambassador.io", _) => of_controller("ambassador", None),
        ("configuration.konghq.com", _) => of_controller("kong", None),
        ("gloo.solo.io", _) => of_controller("gloo", None),
        ("elbv2.k8s.aws", _) => Origin::Outside,
        ("route.openshift.io", _) => of_controller("openshift", None),
        _ => Origin::Unknown,
    }
}

/// The class of an Ingress: its field, or the annotation of old.
fn class<'t>(route: &Route<'t>) -> Option<&'t str> {
    let root = route.object.root();
    let field = root
        .at(&[word!("spec"), word!("ingressClassName")])
        .and_then(Node::text);
    let annotations = root.at(&[word!("metadata"), word!("annotations")]);
    let annotation = annotations
        .and_then(|all| all.get_text("kubernetes.io/ingress.class"))
        .and_then(Node::text);
    field.known().or(annotation.known())
}

/// `spec.controller` of the IngressClass of this name, where one is seen.
fn controller_of<'t>(bundle: &Bundle<'t>, class: &str) -> Option<&'t str> {
    let (group, kind) = (bundle.symbol("networking.k8s.io")?, bundle.symbol("IngressClass")?);
    let mut found = bundle.of_kind(group, kind).filter(|object| object.name() == class);
    let spec = found.next()?.root().get(word!("spec"));
    spec.and_then(|spec| spec.get_text("controller"))
        .and_then(Node::text)
        .known()
}

fn of_controller<'t>(name: &str, gateway: Option<&'t str>) -> Origin<'t> {
    let lower = name.to_ascii_lowercase();
    let known = CONTROLLERS.iter().find(|(part, _)| lower.contains(part));
    match (known, gateway) {
        (Some((_, [])), _) => Origin::Outside,
        (Some((_, namespaces)), _) => Origin::Pods(gateway.into_iter().chain(namespaces.iter().copied()).collect()),
        (None, Some(gateway)) => Origin::Pods(vec![gateway]),
        (None, None) => Origin::Unknown,
    }
}

/// From the proxies of the Gateways that a route attaches to.
fn of_gateway<'t>(bundle: &Bundle<'t>, route: &Route<'t>, spec: Node<'t>) -> Origin<'t> {
    for parent in spec.items_of(word!("parentRefs")) {
        let kind = parent.get(word!("kind"));
        if !kind.is_absent() && !is_text(kind, "Gateway") {
            continue;
        }
        let namespace = match parent.text_of(word!("namespace")) {
            Value::Known(namespace) => Some(namespace),
            Value::Absent => Some(route.object.namespace_text()).filter(|text| !text.is_empty()),
            Value::Unknown => None,
        };
        let name = parent.text_of(word!("name")).known();
        let class = name
            .and_then(|name| gateway_class(bundle, name, namespace))
            .unwrap_or_default();
        return of_controller(class, namespace);
    }
    Origin::Unknown
}

/// The controller of a Gateway, or the name of its class.
fn gateway_class<'t>(bundle: &Bundle<'t>, name: &str, namespace: Option<&str>) -> Option<&'t str> {
    let group = bundle.symbol("gateway.networking.k8s.io")?;
    let named = |kind: Symbol, name: &str, namespace: Option<&str>| {
        bundle
            .of_kind(group, kind)
            .find(|object| object.name() == name && namespace.is_none_or(|text| object.namespace_text() == text))
    };
    let gateway = named(word!("Gateway"), name, namespace)?;
    let spec = gateway.root().get(word!("spec"));
    let class = spec
        .and_then(|spec| spec.get_text("gatewayClassName"))
        .and_then(Node::text)
        .known()?;
    let controller = bundle
        .symbol("GatewayClass")
        .and_then(|kind| named(kind, class, None))
        .and_then(|object| {
            let spec = object.root().get(word!("spec"));
            spec.and_then(|spec| spec.get_text("controllerName"))
                .and_then(Node::text)
                .known()
        });
    Some(controller.unwrap_or(class))
}
