//! Work grows with the input, and not with its square.

use plimsoll_core::bundle::{Bundle as Built, Options};
use plimsoll_core::read::{self, Limits};

use crate::hosts::Destination;
use crate::netpol::Policies;
use crate::{Bundle, Environment, Product, Value, work};

/// One copy of a small system, in a directory of its own, with labels that all copies share.
fn system(namespace: &str) -> String {
    let workload = |name: &str| {
        format!(
            "
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, {namespace}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}, part-of: shop}}}}
    spec:
      containers:
        - name: main
          image: registry.shop.example/{name}:1
          envFrom: [{{configMapRef: {{name: shop-env}}}}]
          env: [{{name: DB_URL, value: 'http://db/'}}, {{name: ELSE_URL, value: 'http://else:1/'}}]
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, {namespace}}}
spec:
  selector: {{part-of: shop, app: {name}}}
  ports: [{{port: 80}}]
"
        )
    };
    let rest = format!(
        "
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: shop-env, {namespace}}}
data: {{PORT: \"8080\"}}
---
apiVersion: v1
kind: Service
metadata: {{name: nowhere, {namespace}}}
spec:
  selector: {{app: nowhere}}
  ports: [{{port: 80}}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: web, {namespace}}}
spec:
  podSelector: {{matchLabels: {{app: web}}}}
---
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {{name: orders, {namespace}}}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {{name: later, {namespace}}}
spec: {{target: {{name: \"${{name}}\"}}}}
"
    );
    format!("{}{}{rest}", workload("web"), workload("db"))
}

/// Comparisons that answering every question about so many copies takes.
fn comparisons(copies: usize, namespace: &str) -> u64 {
    let text = system(namespace);
    let manifests = (0..copies)
        .map(|number| read::manifest(&format!("copy-{number}/app.yaml"), text.as_bytes(), &Limits::default()))
        .collect();
    let built = Built::build(manifests, &Options::default()).expect("it fits");
    let tree = built.tree();
    let bundle = Bundle::new(&tree);
    work::take();
    assert_eq!(
        bundle.selection().services.len(),
        2 * copies,
        "each of two Services finds its pods"
    );
    let policies = Policies::new(&bundle);
    let mut isolated = 0;
    for &workload in bundle.workloads() {
        let end = crate::netpol::End::Workload(workload);
        let reach = policies.reach(&bundle, end, end);
        assert_eq!(reach.allowed.is_all(), workload.name() == "db");
        if policies.ingress_isolated(&bundle, workload) == Value::Known(true) {
            isolated += 1;
        }
        assert!(policies.any_seen(workload.object));
        let find = |product, name| bundle.operators().find(&bundle, workload.object, product, None, name);
        assert!(
            find(Product::Service, "orders-rw").known().is_some(),
            "the nearest cluster is found"
        );
        assert!(
            find(Product::Secret, "orders-other").is_unknown(),
            "it may be the one that is named later"
        );
        for container in workload.containers() {
            let environment = Environment::of(&bundle, workload.object, container);
            assert!(
                environment.get("PORT").known().is_some(),
                "the nearest ConfigMap is found"
            );
        }
    }
    assert_eq!(isolated, copies);
    let hosts = bundle.hosts();
    let led = hosts.all(&bundle).filter(|reference| {
        let destination = hosts.destination(&bundle, reference);
        matches!(&*destination, Destination::Service { .. })
    });
    assert_eq!(
        led.count(),
        2 * copies,
        "each of two workloads finds the nearest Service"
    );
    for route in bundle.routes().all() {
        let backend = route.backends.first().expect("a backend");
        let found = route.service_of(&bundle, backend).known().is_some()
            || route
                .selected_pods(&bundle, backend)
                .known()
                .is_some_and(|pods| pods.len() == 2);
        assert!(found, "each route finds what it leads to");
    }
    work::take()
}

#[test]
fn ten_times_the_objects_take_at_most_eleven_times_the_work() {
    for namespace in ["", "namespace: shop"] {
        let (few, many) = (comparisons(60, namespace), comparisons(600, namespace));
        assert!(few > 0);
        assert!(
            many <= 11 * few,
            "{few} comparisons for 60 copies, {many} for 600 ({namespace})"
        );
    }
}
