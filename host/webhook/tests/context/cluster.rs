//! Clusters of any size whose neighbourhoods are alike: apps of six objects, ten apps a namespace, each calling the next.

use plimsoll_webhook::context::{Bounds, Keep, Prepared, Store, pruned};
use serde_json::{Value, json};

const APPS_IN_NAMESPACE: usize = 10;
const OBJECTS_IN_APP: usize = 6;

/// A cluster of about so many objects, all kinds known.
pub fn store(objects: usize, bounds: Bounds) -> Store {
    let mut store = Store::new(bounds);
    for app in 0..objects.div_ceil(OBJECTS_IN_APP) {
        for text in self::app(app) {
            store.put(Prepared::new(text).expect("an object"));
        }
    }
    let kinds: Vec<String> = store.kinds().map(|(kind, _)| kind.to_owned()).collect();
    for kind in kinds {
        store.finish(&kind);
    }
    store
}

/// Bytes of the objects' texts.
#[allow(dead_code, reason = "the benchmark's alone")]
pub fn json_bytes(objects: usize) -> usize {
    let apps = 0..objects.div_ceil(OBJECTS_IN_APP);
    apps.flat_map(app).map(|text| text.len()).sum()
}

/// The pruned texts of an app's objects, and of its namespace where it is the first there.
pub fn app(number: usize) -> Vec<String> {
    let namespace = format!("team-{}", number / APPS_IN_NAMESPACE);
    let first = number.is_multiple_of(APPS_IN_NAMESPACE);
    let name = format!("app-{number}");
    let next = number - number % APPS_IN_NAMESPACE + (number + 1) % APPS_IN_NAMESPACE;
    let labels = json!({"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "shop"});
    let metadata = |name: &str| {
        json!({
            "name": name, "namespace": namespace, "labels": labels, "uid": format!("{number:08x}-0000-4000-8000-000000000000"),
            "resourceVersion": number.to_string(), "creationTimestamp": "2026-01-02T03:04:05Z", "generation": 1,
            "managedFields": [{"manager": "kubectl", "operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}}}}],
        })
    };
    let probe = json!({
        "httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"}, "periodSeconds": 10, "timeoutSeconds": 1,
        "successThreshold": 1, "failureThreshold": 3,
    });
    let container = json!({
        "name": "server", "image": format!("registry.example.com/shop/{name}:1.2.3"), "imagePullPolicy": "IfNotPresent",
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "env": [
            {"name": "PORT", "value": "8080"},
            {"name": "NEXT_URL", "value": format!("http://app-{next}.{namespace}.svc.cluster.local:80/api")},
            {"name": "LOG_LEVEL", "value": "info"},
            {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": format!("{name}-db"), "key": "password"}}},
        ],
        "envFrom": [{"configMapRef": {"name": format!("{name}-settings")}}],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "readinessProbe": probe, "livenessProbe": probe,
        "securityContext": {"runAsNonRoot": true, "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    });
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata(&name),
        "spec": {
            "replicas": 2, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600,
            "selector": {"matchLabels": {"app.kubernetes.io/name": name}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "containers": [container], "volumes": [{"name": "tmp", "emptyDir": {}}], "dnsPolicy": "ClusterFirst",
                    "restartPolicy": "Always", "schedulerName": "default-scheduler", "terminationGracePeriodSeconds": 30,
                },
            },
        },
        "status": {"replicas": 2, "readyReplicas": 2, "observedGeneration": 1},
    });
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": metadata(&name),
        "spec": {
            "type": "ClusterIP", "clusterIP": "10.0.0.1", "selector": {"app.kubernetes.io/name": name},
            "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}],
        },
    });
    let settings = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(&format!("{name}-settings")),
        "data": {"FEATURES": "search,cart", "CACHE_TTL": "60s", "UPSTREAM": format!("app-{next}:80")},
    });
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata(&name),
        "spec": {"rules": [{"host": format!("{name}.example.com"), "http": {"paths": [
            {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": name, "port": {"number": 80}}}},
        ]}}]},
    });
    let policy = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata(&name),
        "spec": {
            "podSelector": {"matchLabels": {"app.kubernetes.io/name": name}}, "policyTypes": ["Ingress"],
            "ingress": [{
                "from": [
                    {"podSelector": {"matchLabels": {"app.kubernetes.io/part-of": "shop"}}},
                    {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}},
                ],
                "ports": [{"port": 8080, "protocol": "TCP"}],
            }],
        },
    });
    let scaler = json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": metadata(&name),
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}, "maxReplicas": 5},
    });
    let own = json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": namespace, "labels": {"kubernetes.io/metadata.name": namespace}},
    });
    let mut all: Vec<Value> = vec![deployment, service, settings, ingress, policy, scaler];
    if first {
        all.push(own);
    }
    all.into_iter()
        .map(|object| pruned(object, Keep::default()).expect("it is kept"))
        .collect()
}
