//! What lies around an object, by what it is.

use plimsoll_core::read::{Limits, Manifest, manifest_of_text};
use plimsoll_webhook::context::{Bounds, Prepared, Room, Store};
use serde_json::{Value, json};

use crate::cluster;

fn read(object: &Value) -> Manifest {
    manifest_of_text("review.json", object.to_string().into(), &Limits::default())
}

fn store(objects: &[Value]) -> Store {
    let mut store = Store::new(Bounds::default());
    for object in objects {
        store.put(Prepared::new(object.to_string()).expect("an object"));
    }
    store
}

/// The paths of what lies around, without `cluster/`.
fn around(store: &Store, subject: &Value) -> Vec<String> {
    let found = store.around(&[&read(subject)], Room::default());
    assert!(found.whole);
    let paths = found.objects.into_iter().map(|manifest| manifest.path);
    paths
        .map(|path| path.trim_start_matches("cluster/").to_owned())
        .collect()
}

fn object(kind: &str, namespace: &str, name: &str, spec: Value) -> Value {
    let version = match kind {
        "Deployment" | "StatefulSet" => "apps/v1",
        "NetworkPolicy" | "Ingress" => "networking.k8s.io/v1",
        "HTTPRoute" | "Gateway" | "GatewayClass" => "gateway.networking.k8s.io/v1",
        "CustomResourceDefinition" => "apiextensions.k8s.io/v1",
        "ServiceMonitor" => "monitoring.coreos.com/v1",
        "CiliumNetworkPolicy" => "cilium.io/v2",
        "Cluster" => "postgresql.cnpg.io/v1",
        "Widget" => "example.com/v1",
        _ => "v1",
    };
    let mut metadata = json!({"name": name, "labels": {"app": name}});
    if !namespace.is_empty() {
        metadata["namespace"] = json!(namespace);
    }
    json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec})
}

fn deployment(namespace: &str, name: &str, env: Value) -> Value {
    let pod = json!({"containers": [{"name": "main", "image": "registry.invalid/main:1", "env": env}]});
    let template = json!({"metadata": {"labels": {"app": name, "tier": "all"}}, "spec": pod});
    let selector = json!({"matchLabels": {"app": name}});
    object(
        "Deployment",
        namespace,
        name,
        json!({"selector": selector, "template": template}),
    )
}

fn service(namespace: &str, name: &str) -> Value {
    let spec = json!({"selector": {"app": name}, "ports": [{"port": 80}]});
    object("Service", namespace, name, spec)
}

fn config(namespace: &str, name: &str, data: Value) -> Value {
    let mut config = object("ConfigMap", namespace, name, Value::Null);
    config["data"] = data;
    config
}

fn env(value: &str) -> Value {
    json!([{"name": "URL", "value": value}])
}

fn policy(namespace: &str, name: &str, selector: Value, ingress: Value) -> Value {
    object(
        "NetworkPolicy",
        namespace,
        name,
        json!({"podSelector": selector, "ingress": ingress}),
    )
}

#[test]
fn a_workload_with_its_services_and_whom_it_calls() {
    let uses = json!([{"name": "URL", "value": "http://db.data.svc:80"}]);
    let mut web = deployment("shop", "web", uses);
    web["spec"]["template"]["spec"]["containers"][0]["envFrom"] = json!([{"configMapRef": {"name": "settings"}}]);
    let store = store(&[
        web.clone(),
        service("shop", "web"),
        object("Namespace", "", "shop", Value::Null),
        object("Namespace", "", "data", Value::Null),
        object("Namespace", "", "elsewhere", Value::Null),
        config("shop", "settings", json!({"CACHE": "cache:6379"})),
        service("shop", "cache"),
        deployment("shop", "cache", json!([])),
        service("data", "db"),
        deployment("data", "db", json!([])),
        deployment("shop", "unrelated", json!([])),
        service("shop", "unrelated"),
        service("elsewhere", "web"),
        deployment("elsewhere", "web", json!([])),
        object(
            "Ingress",
            "shop",
            "outside",
            json!({"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}),
        ),
        policy("shop", "over-web", json!({"matchLabels": {"app": "web"}}), json!([])),
        policy(
            "shop",
            "over-other",
            json!({"matchLabels": {"app": "unrelated"}}),
            json!([]),
        ),
        policy("shop", "over-all", json!({}), json!([])),
    ]);
    assert_eq!(
        around(&store, &web),
        [
            "Namespace/data",
            "Namespace/shop",
            "data/Deployment/db",
            "data/Service/db",
            "shop/ConfigMap/settings",
            "shop/Deployment/cache",
            "shop/Ingress/outside",
            "shop/NetworkPolicy/over-all",
            "shop/NetworkPolicy/over-web",
            "shop/Service/cache",
            "shop/Service/web",
        ]
    );
}

#[test]
fn a_service_with_its_pods_its_clients_and_its_routes() {
    let gateway = object("Gateway", "edge", "public", json!({"gatewayClassName": "envoy"}));
    let parents = json!([{"name": "public", "namespace": "edge"}]);
    let rules = json!([{"backendRefs": [{"name": "web", "port": 80}]}]);
    let store = store(&[
        deployment("shop", "web", json!([])),
        object(
            "HTTPRoute",
            "shop",
            "route",
            json!({"parentRefs": parents, "rules": rules}),
        ),
        gateway,
        object(
            "GatewayClass",
            "",
            "envoy",
            json!({"controllerName": "gateway.envoyproxy.io/controller"}),
        ),
        deployment("shop", "client", env("http://web:80/")),
        deployment("far", "client", env("http://WEB.shop.svc.cluster.local/")),
        deployment("far", "stranger", env("http://web/")),
        config("shop", "told", json!({"file": "upstream = web:80"})),
        object(
            "ServiceMonitor",
            "ops",
            "monitor",
            json!({"selector": {"matchLabels": {"app": "web"}}, "namespaceSelector": {"any": true}}),
        ),
        object(
            "ServiceMonitor",
            "ops",
            "own",
            json!({"selector": {"matchLabels": {"app": "web"}}}),
        ),
    ]);
    assert_eq!(
        around(&store, &service("shop", "web")),
        [
            "GatewayClass/envoy",
            "edge/Gateway/public",
            "far/Deployment/client",
            "ops/ServiceMonitor/monitor",
            "shop/ConfigMap/told",
            "shop/Deployment/client",
            "shop/Deployment/web",
            "shop/HTTPRoute/route",
        ]
    );
}

#[test]
fn a_policy_with_the_pods_it_decides_over_and_all_that_decides_too() {
    let peers = json!([{"from": [
        {"podSelector": {"matchLabels": {"app": "client"}}},
        {"namespaceSelector": {"matchLabels": {"app": "ops"}}, "podSelector": {"matchLabels": {"app": "scraper"}}},
    ]}]);
    let subject = policy("shop", "subject", json!({"matchLabels": {"app": "web"}}), peers);
    let mut proxy = deployment("edge", "proxy", json!([]));
    proxy["spec"]["template"]["spec"]["hostNetwork"] = json!(true);
    let store = store(&[
        subject.clone(),
        deployment("shop", "web", env("http://db/")),
        service("shop", "web"),
        deployment("shop", "client", env("http://web/")),
        deployment("shop", "db", json!([])),
        service("shop", "db"),
        policy("shop", "over-db", json!({"matchLabels": {"app": "db"}}), json!([])),
        policy(
            "shop",
            "over-client",
            json!({"matchLabels": {"app": "client"}}),
            json!([]),
        ),
        policy(
            "shop",
            "over-nobody",
            json!({"matchLabels": {"app": "nobody"}}),
            json!([]),
        ),
        object("Namespace", "", "ops", Value::Null),
        deployment("ops", "scraper", json!([])),
        deployment("other", "scraper", json!([])),
        object("CiliumNetworkPolicy", "shop", "layer", json!({"endpointSelector": {}})),
        proxy,
    ]);
    assert_eq!(
        around(&store, &subject),
        [
            "Namespace/ops",
            "edge/Deployment/proxy",
            "ops/Deployment/scraper",
            "shop/CiliumNetworkPolicy/layer",
            "shop/Deployment/client",
            "shop/Deployment/db",
            "shop/Deployment/web",
            "shop/NetworkPolicy/over-client",
            "shop/NetworkPolicy/over-db",
            "shop/Service/db",
            "shop/Service/web",
        ]
    );
}

#[test]
fn a_custom_resource_with_its_definition_and_what_operators_make() {
    let names = json!({"kind": "Widget"});
    let definition = object(
        "CustomResourceDefinition",
        "",
        "widgets.example.com",
        json!({"group": "example.com", "names": names}),
    );
    let widget = object("Widget", "shop", "one", json!({"partnerRef": {"name": "two"}}));
    let cluster = object("Cluster", "shop", "orders", json!({"instances": 3}));
    let store = store(&[
        definition,
        object("Widget", "shop", "two", json!({})),
        object("Widget", "shop", "three", json!({})),
        cluster,
    ]);
    assert_eq!(
        around(&store, &widget),
        ["CustomResourceDefinition/widgets.example.com", "shop/Widget/two"]
    );
    let web = deployment("shop", "web", env("postgres://orders-rw:5432/orders"));
    assert_eq!(around(&store, &web), ["shop/Cluster/orders"]);
}

#[test]
fn more_than_there_is_room_for_is_said() {
    let store = cluster::store(600, Bounds::default());
    let text = cluster::app(3).swap_remove(1);
    let subject = manifest_of_text("review.json", text.into(), &Limits::default());
    let whole = store.around(&[&subject], Room::default());
    assert!(whole.whole && whole.objects.len() > 3);
    for room in [
        Room {
            objects: 3,
            ..Room::default()
        },
        Room {
            bytes: 1000,
            ..Room::default()
        },
    ] {
        let less = store.around(&[&subject], room);
        assert!(!less.whole && less.objects.len() <= 3);
    }
}

#[test]
fn what_lies_around_does_not_depend_on_the_order_of_events_or_the_size_of_the_cluster() {
    let paths = |store: &Store| -> Vec<Vec<String>> {
        let of = |text: String| {
            let subject = manifest_of_text("review.json", text.into(), &Limits::default());
            let found = store.around(&[&subject], Room::default());
            found.objects.into_iter().map(|manifest| manifest.path).collect()
        };
        cluster::app(3).into_iter().map(of).collect()
    };
    let forwards = cluster::store(60, Bounds::default());
    let mut backwards = Store::new(Bounds::default());
    for app in (0..10).rev() {
        for text in cluster::app(app).into_iter().rev() {
            backwards.put(Prepared::new(text).expect("an object"));
        }
    }
    let expected = paths(&forwards);
    assert_eq!(paths(&backwards), expected);
    assert_eq!(paths(&cluster::store(6000, Bounds::default())), expected);
}
