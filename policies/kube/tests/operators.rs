//! Objects that operators make.

mod support;

use plimsoll_kube::operators::is_always_there;
use plimsoll_kube::{Bundle, Product, Value};
use support::{object, with, with_files};

/// What a name is to the object `from`: its ports, `?` where they or the whole are unknown, `-` where nothing makes it.
fn found(bundle: &Bundle<'_>, product: Product, namespace: Option<&str>, name: &str) -> String {
    let from = object(bundle, "from");
    match bundle.operators().find(bundle, from, product, namespace, name) {
        Value::Known(made) => match &made.ports {
            Value::Known(ports) => format!("{ports:?}"),
            _ => "any port".to_owned(),
        },
        Value::Unknown => "?".to_owned(),
        Value::Absent => "-".to_owned(),
    }
}

const FROM: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: from, namespace: shop}\n---\n";

fn check(text: &str, expected: &[(Product, &str, &str)]) {
    with(&format!("{FROM}{text}"), |bundle| {
        for &(product, name, ports) in expected {
            assert_eq!(found(bundle, product, None, name), ports, "{product:?} {name}");
        }
    });
}

use Product::{ConfigMap, Secret, Service};

#[test]
fn secrets_that_controllers_write() {
    check(
        "
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: {name: sealed, namespace: shop}
spec: {template: {metadata: {name: other}}}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: outside, namespace: shop}
spec: {target: {name: inside}}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: plain, namespace: shop}
---
apiVersion: external-secrets.io/v1
kind: ClusterExternalSecret
metadata: {name: everywhere}
spec: {externalSecretName: shared}
---
apiVersion: secrets-store.csi.x-k8s.io/v1
kind: SecretProviderClass
metadata: {name: vault, namespace: shop}
spec: {secretObjects: [{secretName: one}, {secretName: two}]}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: web, namespace: shop}
spec: {secretName: web-tls}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop, annotations: {cert-manager.io/cluster-issuer: le}}
spec: {tls: [{secretName: site-tls}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: bare, namespace: shop}
spec: {tls: [{secretName: bare-tls}]}
---
apiVersion: database.shop.example/v1
kind: Instance
metadata: {name: db, namespace: infra}
spec: {writeConnectionSecretToRef: {name: db-conn, namespace: shop}}
",
        &[
            (Secret, "sealed", "[]"),
            (Secret, "other", "-"),
            (Secret, "outside", "-"),
            (Secret, "inside", "[]"),
            (Secret, "plain", "[]"),
            (Secret, "shared", "[]"),
            (Secret, "one", "[]"),
            (Secret, "two", "[]"),
            (Secret, "web-tls", "[]"),
            (Secret, "site-tls", "[]"),
            (Secret, "bare-tls", "-"),
            (Secret, "db-conn", "[]"),
            (ConfigMap, "sealed", "-"),
        ],
    );
}

#[test]
fn services_of_databases_and_brokers() {
    check(
        "
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: graph, namespace: shop}
spec: {managed: {services: {disabledDefaultServices: [ro], additional: [{serviceTemplate: {metadata: {name: graph-lb}}}]}}}
---
apiVersion: kafka.strimzi.io/v1beta2
kind: Kafka
metadata: {name: events, namespace: shop}
spec:
  kafka:
    listeners:
      - {name: plain, port: 9092, type: internal}
      - {name: outside, port: 9094, type: loadbalancer}
---
apiVersion: kafka.strimzi.io/v1beta2
kind: Kafka
metadata: {name: old, namespace: shop}
spec: {kafka: {listeners: {plain: {}}}}
---
apiVersion: elasticsearch.k8s.elastic.co/v1
kind: Elasticsearch
metadata: {name: logs, namespace: shop}
spec: {nodeSets: [{name: hot}], http: {service: {spec: {ports: [{port: 80}]}}}}
---
apiVersion: rabbitmq.com/v1beta1
kind: RabbitmqCluster
metadata: {name: queue, namespace: shop}
---
apiVersion: rabbitmq.com/v1beta1
kind: RabbitmqCluster
metadata: {name: queue-tls, namespace: shop}
spec: {tls: {secretName: queue-tls}}
---
apiVersion: acid.zalan.do/v1
kind: postgresql
metadata: {name: orders, namespace: shop}
spec: {users: {order_writer: []}}
---
apiVersion: postgres-operator.crunchydata.com/v1beta1
kind: PostgresCluster
metadata: {name: hippo, namespace: shop}
spec: {port: 5433, users: [{name: rhino}]}
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: hello, namespace: shop}
",
        &[
            (Service, "graph-rw", "[5432]"),
            (Service, "graph-ro", "-"),
            (Service, "graph-lb", "any port"),
            (Secret, "graph-app", "[]"),
            (Service, "events-kafka-bootstrap", "[9091, 9092]"),
            (Service, "events-kafka-outside-bootstrap", "[9094]"),
            (Secret, "events-cluster-ca-cert", "[]"),
            (Service, "old-kafka-bootstrap", "any port"),
            (Service, "logs-es-http", "any port"),
            (Service, "logs-es-hot", "any port"),
            (Service, "logs-es-transport", "[9300]"),
            (Secret, "logs-es-elastic-user", "[]"),
            (Service, "queue", "[5672, 15672, 15692]"),
            (Service, "queue-tls", "any port"),
            (Secret, "queue-default-user", "[]"),
            (Service, "orders-repl", "[5432]"),
            (Secret, "order-writer.orders.credentials.postgresql.acid.zalan.do", "[]"),
            (Service, "hippo-primary", "[5433]"),
            (Secret, "hippo-pguser-rhino", "[]"),
            (Secret, "hippo-pguser-hippo", "[]"),
            (Service, "hello", "[80, 443]"),
            (Service, "graph", "-"),
        ],
    );
}

#[test]
fn namespaces_count() {
    let text = format!(
        "{FROM}apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {{name: graph, namespace: data}}\n---\n\
         apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {{name: any}}\n"
    );
    with(&text, |bundle| {
        assert_eq!(found(bundle, Service, None, "graph-rw"), "-");
        assert_eq!(found(bundle, Service, Some("data"), "graph-rw"), "[5432]");
        assert_eq!(found(bundle, Service, Some("elsewhere"), "graph-rw"), "-");
        // It names no namespace, and two are named here: it may be in any.
        assert_eq!(found(bundle, Service, None, "any-rw"), "?");
    });
}

#[test]
fn names_that_are_decided_later_may_be_any() {
    check(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: x, namespace: shop}\n\
         spec: {target: {name: '${name}'}}\n",
        &[(Secret, "db", "?"), (ConfigMap, "db", "-")],
    );
    with(
        &format!(
            "{FROM}apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{name: x, namespace: other}}\n\
             spec: {{target: {{name: '${{name}}'}}}}\n"
        ),
        |bundle| assert_eq!(found(bundle, Secret, None, "db"), "-"),
    );
}

#[test]
fn alternatives_do_not_see_each_other() {
    let cluster = |port: u16| {
        format!(
            "{FROM}apiVersion: postgres-operator.crunchydata.com/v1beta1\nkind: PostgresCluster\n\
             metadata: {{name: hippo, namespace: shop}}\nspec: {{port: {port}}}\n"
        )
    };
    with_files(
        &[("dev/app.yaml", &cluster(5432)), ("prod/app.yaml", &cluster(6432))],
        |bundle| {
            let ports: Vec<Option<Vec<i64>>> = bundle
                .objects()
                .filter(|object| object.name() == "from")
                .map(|from| {
                    let made = bundle.operators().find(bundle, from, Service, None, "hippo-primary");
                    made.known().and_then(|made| made.ports.clone().known())
                })
                .collect();
            assert_eq!(ports, [Some(vec![5432]), Some(vec![6432])]);
        },
    );
}

#[test]
fn components_of_one_project_call_each_other_by_name() {
    let text = "
apiVersion: openchoreo.dev/v1alpha1
kind: Workload
metadata: {name: from, namespace: default}
spec: {owner: {projectName: shop, componentName: from}, container: {image: a}}
---
apiVersion: openchoreo.dev/v1alpha1
kind: Component
metadata: {name: db, namespace: default}
spec: {owner: {projectName: shop}}
---
apiVersion: openchoreo.dev/v1alpha1
kind: Workload
metadata: {name: db-workload, namespace: default}
spec:
  owner: {projectName: shop, componentName: db}
  container: {image: postgres:16}
  endpoints: {tcp: {type: TCP, port: 5432}}
---
apiVersion: openchoreo.dev/v1alpha1
kind: Component
metadata: {name: other, namespace: default}
spec: {owner: {projectName: bank}}
";
    with(text, |bundle| {
        assert_eq!(found(bundle, Service, None, "db"), "[5432]");
        assert_eq!(found(bundle, Service, None, "other"), "-");
        assert_eq!(found(bundle, Service, Some("cell"), "db"), "?");
    });
}

#[test]
fn charts_open_their_namespace() {
    let text = format!(
        "{FROM}apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: a, namespace: argocd}}\n\
         spec: {{source: {{chart: redis}}, destination: {{namespace: cache}}}}\n---\n\
         apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: b, namespace: argocd}}\n\
         spec: {{source: {{path: apps/web}}, destination: {{namespace: web}}}}\n---\n\
         apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: c, namespace: flux}}\n"
    );
    with(&text, |bundle| {
        let from = object(bundle, "from");
        let open = |namespace| bundle.operators().is_open(bundle, from, namespace);
        assert!(open(Some("cache")) && open(Some("flux")));
        assert!(!open(Some("web")) && !open(Some("argocd")) && !open(None));
    });
    let text = format!(
        "{FROM}apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {{name: a, namespace: argocd}}\n\
         spec: {{template: {{spec: {{source: {{chart: redis}}, destination: {{namespace: '{{{{name}}}}'}}}}}}}}\n"
    );
    with(&text, |bundle| {
        let from = object(bundle, "from");
        assert!(
            bundle.operators().is_open(bundle, from, None),
            "it may install anywhere"
        );
    });
}

#[test]
fn every_cluster_has_them() {
    assert!(is_always_there(Service, "default", "kubernetes"));
    assert!(!is_always_there(Service, "shop", "kubernetes"));
    assert!(is_always_there(ConfigMap, "shop", "kube-root-ca.crt"));
    assert!(is_always_there(Product::ServiceAccount, "shop", "default"));
    assert!(is_always_there(Product::Namespace, "", "kube-system"));
    assert!(!is_always_there(Secret, "default", "kubernetes"));
}
