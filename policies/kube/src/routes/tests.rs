//! Every kind of route names Services and ports, and has an origin.

use plimsoll_core::bundle::{Bundle as Built, Options};
use plimsoll_core::read::{self, Limits};

use super::{Against, Origin, Port, To};
use crate::{Bundle, Value};

fn with(text: &str, check: impl FnOnce(&Bundle<'_>)) {
    let manifest = read::manifest("app.yaml", text.as_bytes(), &Limits::default());
    let built = Built::build(vec![manifest], &Options::default()).expect("it fits");
    let tree = built.tree();
    check(&Bundle::new(&tree));
}

/// Backends as text, then hosts.
fn backends(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    with(text, |bundle| {
        for route in bundle.routes().all() {
            for backend in &route.backends {
                let port = match &backend.port {
                    Port::Number { number, .. } => format!("{number}"),
                    Port::Name { name, .. } => (*name).to_owned(),
                    Port::Default(number) => format!("({number})"),
                    Port::Unsaid => "-".to_owned(),
                    Port::Missing => "missing".to_owned(),
                    Port::Unknown => "?".to_owned(),
                };
                let to = match &backend.to {
                    To::Service { text, namespace, .. } => {
                        format!(
                            "{}{}",
                            text.known().unwrap_or("?"),
                            namespace.known().map_or(String::new(), |ns| format!(".{ns}"))
                        )
                    }
                    To::Host { host, .. } => format!("host {host}"),
                    To::Selected { .. } => "selected".to_owned(),
                    To::Other => "other".to_owned(),
                };
                all.push(format!("{to}:{port}"));
            }
            for host in &route.hosts {
                assert_eq!(
                    host.at.raw_text().and_then(|text| text.get(host.within.clone())),
                    Some(host.host)
                );
                all.push(format!("serves {}", host.host));
            }
        }
    });
    all
}

fn object(version: &str, kind: &str, spec: &str) -> String {
    format!("---\napiVersion: {version}\nkind: {kind}\nmetadata: {{name: shop, namespace: shop}}\nspec: {spec}\n")
}

#[test]
fn every_kind_names_backends() {
    for (version, kind, spec, expected) in [
        (
            "networking.k8s.io/v1",
            "Ingress",
            "{defaultBackend: {service: {name: a, port: {number: 80}}}, rules: [{host: shop.example, http: {paths: [{backend: {service: {name: b, port: {name: web}}}}, {backend: {service: {name: forward, port: {name: use-annotation}}}}]}}]}",
            &["a:80", "b:web", "serves shop.example"][..],
        ),
        (
            "extensions/v1beta1",
            "Ingress",
            "{rules: [{http: {paths: [{backend: {serviceName: a, servicePort: 80}}]}}]}",
            &["a:80"],
        ),
        (
            "gateway.networking.k8s.io/v1",
            "HTTPRoute",
            "{hostnames: [shop.example], rules: [{backendRefs: [{name: a, namespace: x, port: 80, filters: [{requestMirror: {backendRef: {name: c, port: 1}}}]}, {name: b}, {kind: Bucket, group: storage.example, name: d}], filters: [{requestMirror: {backendRef: {name: e, port: 2}}}]}]}",
            &[
                "a.x:80",
                "c:1",
                "b:missing",
                "other:missing",
                "e:2",
                "serves shop.example",
            ],
        ),
        (
            "networking.istio.io/v1",
            "VirtualService",
            "{hosts: [shop.example], http: [{route: [{destination: {host: a, port: {number: 80}}}], mirror: {host: b.x.svc.cluster.local}, mirrors: [{destination: {host: c}}]}], tcp: [{route: [{destination: {host: d}}]}]}",
            &[
                "host a:80",
                "host c:-",
                "host b.x.svc.cluster.local:-",
                "host d:-",
                "serves shop.example",
            ],
        ),
        (
            "traefik.io/v1alpha1",
            "IngressRoute",
            "{routes: [{match: 'Host(`a.example`, `b.example`) && Path(`/`)', services: [{name: a, port: web}, {name: api@internal, kind: TraefikService}, {name: b, kind: TraefikService}]}]}",
            &["a:web", "other:-", "other:-", "serves a.example", "serves b.example"],
        ),
        (
            "traefik.io/v1alpha1",
            "TraefikService",
            "{mirroring: {name: a, port: 80, mirrors: [{name: b, port: 81}]}}",
            &["b:81", "a:80"],
        ),
        (
            "projectcontour.io/v1",
            "HTTPProxy",
            "{virtualhost: {fqdn: shop.example}, routes: [{services: [{name: a, port: 80}]}], tcpproxy: {services: [{name: b, port: 81}]}}",
            &["a:80", "b:81", "serves shop.example"],
        ),
        (
            "k8s.nginx.org/v1",
            "VirtualServer",
            "{host: shop.example, upstreams: [{service: a, port: 80}, {service: x/b, port: 81}]}",
            &["a:80", "serves shop.example"],
        ),
        (
            "apisix.apache.org/v2",
            "ApisixRoute",
            "{http: [{match: {hosts: [shop.example]}, backends: [{serviceName: a, servicePort: 80}]}], stream: [{backend: {serviceName: b, servicePort: tcp}}]}",
            &["a:80", "b:tcp", "serves shop.example"],
        ),
        (
            "getambassador.io/v2",
            "Mapping",
            "{hostname: shop.example, service: 'a.x:81'}",
            &["host a.x:81", "serves shop.example"],
        ),
        (
            "getambassador.io/v2",
            "Mapping",
            "{service: 'https://a'}",
            &["host a:(443)"],
        ),
        ("getambassador.io/v2", "Mapping", "{service: a}", &["host a:(80)"]),
        (
            "configuration.konghq.com/v1beta1",
            "TCPIngress",
            "{rules: [{host: shop.example, port: 9000, backend: {serviceName: a, servicePort: 80}}]}",
            &["a:80", "serves shop.example"],
        ),
        (
            "gloo.solo.io/v1",
            "Upstream",
            "{kube: {serviceName: a, serviceNamespace: x, servicePort: 80}}",
            &["a.x:80"],
        ),
        (
            "elbv2.k8s.aws/v1beta1",
            "TargetGroupBinding",
            "{serviceRef: {name: a, port: web}}",
            &["a:web"],
        ),
        (
            "route.openshift.io/v1",
            "Route",
            "{host: shop.example, to: {kind: Service, name: a}, alternateBackends: [{kind: Service, name: b}], port: {targetPort: web}}",
            &["a:web", "b:web", "serves shop.example"],
        ),
        (
            "monitoring.coreos.com/v1",
            "ServiceMonitor",
            "{selector: {matchLabels: {app: a}}, endpoints: [{port: web}, {targetPort: 80}]}",
            &["selected:web", "selected:80"],
        ),
        (
            "monitoring.coreos.com/v1",
            "PodMonitor",
            "{selector: {matchLabels: {app: a}}, podMetricsEndpoints: [{port: web}, {portNumber: 80}]}",
            &["selected:web", "selected:80"],
        ),
        (
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            "{conversion: {webhook: {clientConfig: {service: {name: a, namespace: x}}}}}",
            &["a.x:(443)"],
        ),
        (
            "apiregistration.k8s.io/v1",
            "APIService",
            "{service: {name: a, namespace: x, port: 8443}}",
            &["a.x:8443"],
        ),
        ("v1", "Service", "{type: NodePort, ports: [{port: 80}]}", &["shop:80"]),
        ("v1", "Service", "{ports: [{port: 80}]}", &[]),
    ] {
        assert_eq!(backends(&object(version, kind, spec)), expected, "{kind}");
    }
}

#[test]
fn webhooks_and_annotations_name_backends() {
    let hooks = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: shop}\nwebhooks: [{clientConfig: {service: {name: a, namespace: x}}}, {clientConfig: {url: 'https://b'}}]\n";
    assert_eq!(backends(hooks), ["a.x:(443)"]);
    let ingress = "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    nginx.ingress.kubernetes.io/auth-url: http://auth.x.svc.cluster.local:81/verify
    nginx.ingress.kubernetes.io/mirror-target: http://mirror/
    nginx.ingress.kubernetes.io/default-backend: fallback
    alb.ingress.kubernetes.io/actions.split: '{\"type\":\"forward\",\"forwardConfig\":{\"targetGroups\":[{\"serviceName\":\"a\",\"servicePort\":\"80\"},{\"serviceName\": \"b\", \"servicePort\": 81, \"weight\": 2}]}}'
spec: {}
";
    assert_eq!(
        backends(ingress),
        ["host auth.x.svc.cluster.local:81", "fallback:-", "a:80", "b:81"]
    );
}

#[test]
fn requests_come_from_somewhere() {
    let origin = |text: &str| {
        let mut found = String::new();
        with(text, |bundle| {
            let route = bundle.routes().all().first().expect("a route");
            found = match route.origin(bundle) {
                Origin::Pods(namespaces) => namespaces.join(" "),
                Origin::Outside => "outside".to_owned(),
                Origin::ApiServer => "api server".to_owned(),
                Origin::Monitoring => "monitoring".to_owned(),
                Origin::Mesh => "mesh".to_owned(),
                Origin::Unknown => "unknown".to_owned(),
            };
        });
        found
    };
    let ingress = |class: &str| object("networking.k8s.io/v1", "Ingress", &format!("{{{class}}}"));
    assert_eq!(origin(&ingress("ingressClassName: nginx")), "ingress-nginx");
    assert_eq!(origin(&ingress("ingressClassName: alb")), "outside");
    assert_eq!(origin(&ingress("")), "unknown");
    let class = "---\napiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: front}\nspec: {controller: ingress-controllers.konghq.com/kong}\n";
    assert_eq!(origin(&(ingress("ingressClassName: front") + class)), "kong");
    let route = object(
        "gateway.networking.k8s.io/v1",
        "HTTPRoute",
        "{parentRefs: [{name: front, namespace: gates}]}",
    );
    assert_eq!(origin(&route), "gates");
    let gateway = "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: front, namespace: gates}\nspec: {gatewayClassName: cilium}\n";
    assert_eq!(origin(&(route + gateway)), "outside");
    let service = object("networking.istio.io/v1", "VirtualService", "{hosts: [a], http: []}");
    assert_eq!(origin(&service), "mesh");
}

#[test]
fn monitors_select_by_labels() {
    let monitor = object(
        "monitoring.coreos.com/v1",
        "ServiceMonitor",
        "{selector: {matchLabels: {app: a}}, endpoints: [{port: web}]}",
    );
    let service = |name: &str, namespace: &str, app: &str| {
        format!(
            "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: {namespace}, labels: {{app: {app}}}}}\nspec: {{ports: [{{port: 80}}]}}\n"
        )
    };
    let all = monitor + &service("one", "shop", "a") + &service("two", "other", "a") + &service("three", "shop", "b");
    with(&all, |bundle| {
        let route = bundle.routes().all().first().expect("a route");
        let backend = route.backends.first().expect("an endpoint");
        assert!(backend.against == Against::Service);
        let Value::Known(found) = route.selected_services(bundle, backend) else {
            panic!("it is known");
        };
        let names: Vec<&str> = found.iter().map(|service| service.name()).collect();
        assert_eq!(names, ["one"]);
    });
}
