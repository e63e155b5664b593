//! What a table cannot say: things made for annotations, for lists, for charts.
//!
//! Sources: documentation of Strimzi, CloudNativePG, RabbitMQ, cert-manager, Crossplane, Kyverno, Argo CD, Flux, OpenShift's
//! service CA, and of the replicating controllers named by the annotations.

use super::{Made, Place, Product, at, one};
use crate::{Kind, Node, Object, Value, openchoreo, word};

/// What was found in a bundle.
#[derive(Default)]
pub(super) struct Found<'t> {
    pub(super) made: Vec<Made<'t>>,
    pub(super) unnamed: Vec<(Product, Object<'t>)>,
    pub(super) open: Vec<(Object<'t>, Option<&'t str>)>,
}

impl<'t> Found<'t> {
    fn add(&mut self, by: Object<'t>, product: Product, name: String, place: Place<'t>, ports: Value<Vec<i64>>) {
        self.made.push(Made {
            by,
            product,
            name,
            place,
            ports,
        });
    }

    fn service(&mut self, by: Object<'t>, name: String, ports: Value<Vec<i64>>) {
        self.add(by, Product::Service, name, Place::Beside, ports);
    }

    fn secret(&mut self, by: Object<'t>, name: Value<&str>, place: Place<'t>) {
        match name {
            Value::Known(name) => self.add(by, Product::Secret, name.to_owned(), place, Value::Known(Vec::new())),
            Value::Unknown => self.unnamed.push((Product::Secret, by)),
            Value::Absent => {}
        }
    }
}

/// Looks at one object.
pub(super) type Look = for<'t> fn(Object<'t>, &mut Found<'t>);

/// What looks at objects of a kind beyond the table.
pub(super) fn of(group: &str, kind: &str) -> Option<Look> {
    Some(match (group, kind) {
        ("", "Secret" | "ConfigMap") => replicated,
        ("", "Service") => serving_certificate,
        ("networking.k8s.io" | "extensions", "Ingress") => ingress_certificates,
        ("gateway.networking.k8s.io", "Gateway") => gateway_certificates,
        ("kafka.strimzi.io", "Kafka") => strimzi,
        ("postgresql.cnpg.io", "Cluster") => cloud_native_pg,
        ("rabbitmq.com", "RabbitmqCluster") => rabbitmq,
        ("kyverno.io", "ClusterPolicy" | "Policy") => generated,
        ("argoproj.io", "Application") => application,
        ("argoproj.io", "ApplicationSet") => application_set,
        ("helm.toolkit.fluxcd.io" | "helm.fluxcd.io", "HelmRelease") | ("helm.cattle.io", "HelmChart") => chart,
        ("operators.coreos.com", "Subscription") => subscription,
        (group, "Component" | "Workload" | "ComponentRelease") if openchoreo::is_group(group) => component,
        // Resources of a cloud, and claims to them, of any group that is not Kubernetes' own.
        (group, _) if group.contains('.') && !group.ends_with(".k8s.io") => connection,
        _ => return None,
    })
}

fn annotation<'t>(object: Object<'t>, key: &str) -> Value<Node<'t>> {
    object
        .root()
        .at(&[word!("metadata"), word!("annotations")])
        .and_then(|annotations| annotations.get_text(key))
}

/// Copies in other namespaces, made by a controller for an annotation of the original.
fn replicated<'t>(object: Object<'t>, found: &mut Found<'t>) {
    const MARKS: [&str; 5] = [
        "reflector.v1.k8s.emberstack.com/reflection-allowed",
        "reflector.v1.k8s.emberstack.com/reflection-auto-enabled",
        "kubed.appscode.com/sync",
        "replicator.v1.mittwald.de/replicate-to",
        "replicator.v1.mittwald.de/replication-allowed",
    ];
    if MARKS.iter().any(|mark| annotation(object, mark).known().is_some()) {
        let product = if object.kind() == word!("Secret") {
            Product::Secret
        } else {
            Product::ConfigMap
        };
        found.add(
            object,
            product,
            object.name().to_owned(),
            Place::Anywhere,
            Value::Known(Vec::new()),
        );
    }
}

/// OpenShift's certificate for a Service.
fn serving_certificate<'t>(service: Object<'t>, found: &mut Found<'t>) {
    for key in [
        "service.beta.openshift.io/serving-cert-secret-name",
        "service.alpha.openshift.io/serving-cert-secret-name",
    ] {
        found.secret(service, annotation(service, key).and_then(Node::text), Place::Beside);
    }
}

/// Whether cert-manager makes certificates for a route.
fn is_issued(object: Object<'_>) -> bool {
    let annotations = object.root().at(&[word!("metadata"), word!("annotations")]);
    annotations.known().into_iter().flat_map(Node::members).any(|member| {
        matches!(
            member.key_text(),
            "cert-manager.io/cluster-issuer"
                | "cert-manager.io/issuer"
                | "certmanager.k8s.io/cluster-issuer"
                | "certmanager.k8s.io/issuer"
                | "kubernetes.io/tls-acme"
        )
    })
}

fn ingress_certificates<'t>(ingress: Object<'t>, found: &mut Found<'t>) {
    if is_issued(ingress) {
        for node in at(ingress.root(), "spec.tls.*.secretName") {
            found.secret(ingress, node.and_then(Node::text), Place::Beside);
        }
    }
}

fn gateway_certificates<'t>(gateway: Object<'t>, found: &mut Found<'t>) {
    if is_issued(gateway) {
        for node in at(gateway.root(), "spec.listeners.*.tls.certificateRefs.*.name") {
            found.secret(gateway, node.and_then(Node::text), Place::Beside);
        }
    }
}

fn strimzi<'t>(kafka: Object<'t>, found: &mut Found<'t>) {
    let name = kafka.name();
    if name.is_empty() {
        found
            .unnamed
            .extend([(Product::Service, kafka), (Product::Secret, kafka)]);
        return;
    }
    // Brokers talk to each other on 9091, whatever else there is.
    let mut internal = Value::Known(vec![9091]);
    match one(kafka.root(), "spec.kafka.listeners") {
        Value::Known(listeners) if listeners.kind() == Kind::Sequence && listeners.is_final() => {
            for listener in listeners.items() {
                let port = listener.integer_of(word!("port"));
                match (listener.text_of(word!("type")), listener.text_of(word!("name"))) {
                    (Value::Known("internal"), _) => {
                        internal = match (internal, port) {
                            (Value::Known(mut all), Value::Known(port)) => {
                                all.push(port);
                                Value::Known(all)
                            }
                            _ => Value::Unknown,
                        };
                    }
                    (Value::Known(_), Value::Known(listener)) => {
                        let ports = port.map(|port| vec![port]);
                        let ports = if ports.is_absent() { Value::Unknown } else { ports };
                        found.service(kafka, format!("{name}-kafka-{listener}-bootstrap"), ports);
                    }
                    _ => internal = Value::Unknown,
                }
            }
        }
        _ => internal = Value::Unknown,
    }
    found.service(kafka, format!("{name}-kafka-bootstrap"), internal);
    for (suffix, ports) in [
        ("kafka-brokers", Value::Unknown),
        ("zookeeper-client", Value::Known(vec![2181])),
        ("zookeeper-nodes", Value::Unknown),
        ("cruise-control", Value::Known(vec![9090])),
    ] {
        found.service(kafka, format!("{name}-{suffix}"), ports);
    }
    for suffix in [
        "cluster-ca",
        "cluster-ca-cert",
        "clients-ca",
        "clients-ca-cert",
        "cluster-operator-certs",
        "kafka-brokers",
        "zookeeper-nodes",
        "entity-topic-operator-certs",
        "entity-user-operator-certs",
    ] {
        found.secret(kafka, Value::Known(&format!("{name}-{suffix}")), Place::Beside);
    }
}

fn cloud_native_pg<'t>(cluster: Object<'t>, found: &mut Found<'t>) {
    let name = cluster.name();
    if name.is_empty() {
        found
            .unnamed
            .extend([(Product::Service, cluster), (Product::Secret, cluster)]);
        return;
    }
    let disabled = at(cluster.root(), "spec.managed.services.disabledDefaultServices.*");
    for suffix in ["rw", "ro", "r"] {
        let off = disabled
            .iter()
            .any(|item| item.and_then(Node::text) == Value::Known(suffix));
        if !off {
            found.service(cluster, format!("{name}-{suffix}"), Value::Known(vec![5432]));
        }
    }
    for node in at(
        cluster.root(),
        "spec.managed.services.additional.*.serviceTemplate.metadata.name",
    ) {
        match node.and_then(Node::text) {
            Value::Known(additional) => found.service(cluster, additional.to_owned(), Value::Unknown),
            Value::Unknown => found.unnamed.push((Product::Service, cluster)),
            Value::Absent => {}
        }
    }
    for suffix in ["app", "superuser", "ca", "server", "replication"] {
        found.secret(cluster, Value::Known(&format!("{name}-{suffix}")), Place::Beside);
    }
}

fn rabbitmq<'t>(cluster: Object<'t>, found: &mut Found<'t>) {
    let name = cluster.name();
    if name.is_empty() {
        found.unnamed.push((Product::Service, cluster));
        return;
    }
    // Plugins, TLS and overrides add and take ports.
    let plain = ["spec.tls", "spec.override", "spec.rabbitmq"]
        .iter()
        .all(|path| one(cluster.root(), path).is_absent());
    let ports = if plain {
        Value::Known(vec![5672, 15672, 15692])
    } else {
        Value::Unknown
    };
    found.service(cluster, name.to_owned(), ports);
}

/// What a Kyverno policy generates, in whatever namespace.
fn generated<'t>(policy: Object<'t>, found: &mut Found<'t>) {
    for rule in at(policy.root(), "spec.rules.*.generate") {
        let Value::Known(rule) = rule else { continue };
        let product = match rule.text_of(word!("kind")) {
            Value::Known("Secret") => Product::Secret,
            Value::Known("ConfigMap") => Product::ConfigMap,
            Value::Known("Service") => Product::Service,
            Value::Known("ServiceAccount") => Product::ServiceAccount,
            _ => continue,
        };
        match rule.text_of(word!("name")) {
            Value::Known(name) if !name.contains("{{") => {
                let ports = if product == Product::Service {
                    Value::Unknown
                } else {
                    Value::Known(Vec::new())
                };
                found.add(policy, product, name.to_owned(), Place::Anywhere, ports);
            }
            _ => found.unnamed.push((product, policy)),
        }
    }
}

/// The Secret with a connection's details that Crossplane writes.
fn connection<'t>(object: Object<'t>, found: &mut Found<'t>) {
    let Value::Known(reference) = one(object.root(), "spec.writeConnectionSecretToRef") else {
        return;
    };
    let place = match reference.text_of(word!("namespace")) {
        Value::Known(namespace) => Place::Named(namespace),
        Value::Absent => Place::Beside,
        Value::Unknown => Place::Anywhere,
    };
    found.secret(object, reference.text_of(word!("name")), place);
}

fn application<'t>(application: Object<'t>, found: &mut Found<'t>) {
    if let Value::Known(spec) = application.root().get(word!("spec")) {
        installs(application, spec, found);
    }
}

fn application_set<'t>(set: Object<'t>, found: &mut Found<'t>) {
    if let Value::Known(spec) = one(set.root(), "spec.template.spec") {
        installs(set, spec, found);
    }
}

/// An Argo CD application, where it renders a chart: one that names plain manifests finds them in the input, or elsewhere.
fn installs<'t>(object: Object<'t>, spec: Node<'t>, found: &mut Found<'t>) {
    let sources = [one(spec, "source")].into_iter().chain(at(spec, "sources.*"));
    let rendered = sources.into_iter().any(|source| match source {
        Value::Known(source) => ["chart", "helm", "plugin"]
            .iter()
            .any(|key| !source.get_text(key).is_absent()),
        Value::Unknown => true,
        Value::Absent => false,
    });
    if rendered {
        let into = one(spec, "destination.namespace").and_then(Node::text);
        found.open.push((object, into.known()));
    }
}

/// A Helm release of Flux or k3s.
fn chart<'t>(release: Object<'t>, found: &mut Found<'t>) {
    let into = match one(release.root(), "spec.targetNamespace").and_then(Node::text) {
        Value::Absent => own_namespace(release),
        into => into.known(),
    };
    found.open.push((release, into));
}

fn subscription<'t>(subscription: Object<'t>, found: &mut Found<'t>) {
    found.open.push((subscription, own_namespace(subscription)));
}

fn own_namespace(object: Object<'_>) -> Option<&str> {
    Some(object.namespace_text()).filter(|namespace| !namespace.is_empty())
}

/// The Service that the platform makes for an OpenChoreo component.
fn component<'t>(object: Object<'t>, found: &mut Found<'t>) {
    let name = openchoreo::component_of(object);
    let ports: Option<Vec<i64>> = openchoreo::endpoints_of(object)
        .and_then(|endpoints| endpoints.iter().map(|endpoint| endpoint.port.known()).collect());
    let ports = ports.map_or(Value::Unknown, Value::Known);
    match name {
        Value::Known(name) => {
            let name = object.root().tree().text(name).to_owned();
            found.add(object, Product::Service, name, Place::Cell, ports);
        }
        Value::Unknown => found.unnamed.push((Product::Service, object)),
        Value::Absent => {}
    }
}
