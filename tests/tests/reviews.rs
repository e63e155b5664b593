//! What a real API server asks an admission webhook. `tests/reviews/*.json` are recordings, for tests that need no server;
//! here each is made again and compared. `PLIMSOLL_RECORD=1` writes them anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_tests::cluster::Cluster;
use plimsoll_tests::cluster::webhook::Recorder;
use plimsoll_tests::guarded::wait;
use plimsoll_tests::{project, say};
use serde_json::{Value, json};

/// What the recordings were made with; another version fills in other defaults.
const VERSION: &str = "v1.34.";

/// Everything in the namespace `harbor` but what the clients do behind the scenes.
const REGISTRATION: &str = r#"
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: { name: recorder }
webhooks:
  - name: recorder.plimsoll.dev
    clientConfig: { url: "https://127.0.0.1:PORT/validate", caBundle: CA }
    rules:
      - { apiGroups: [ "" ], apiVersions: [ v1 ], operations: [ "*" ], resources: [ configmaps, namespaces, services, pods, pods/ephemeralcontainers, pods/exec, pods/resize ] }
      - { apiGroups: [ apps ], apiVersions: [ v1 ], operations: [ "*" ], resources: [ deployments, deployments/scale, deployments/status ] }
      - { apiGroups: [ autoscaling ], apiVersions: [ v2 ], operations: [ "*" ], resources: [ horizontalpodautoscalers ] }
      - { apiGroups: [ networking.k8s.io ], apiVersions: [ v1 ], operations: [ "*" ], resources: [ ingresses ] }
      - { apiGroups: [ lights.example.com ], apiVersions: [ v1 ], operations: [ "*" ], resources: [ beacons ] }
    matchConditions:
      - { name: harbor, expression: "request.namespace == 'harbor'" }
    timeoutSeconds: 5
    sideEffects: None
    admissionReviewVersions: [ v1 ]
"#;

const DEPLOYMENT: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: { name: quay, namespace: harbor, labels: { app: quay } }
spec:
  replicas: 2
  selector: { matchLabels: { app: quay } }
  template:
    metadata: { labels: { app: quay } }
    spec:
      containers:
        - name: web
          image: registry.invalid/quay:1
          ports: [ { containerPort: 3000 } ]
          env: [ { name: PORT, value: "3000" } ]
"#;

const SERVICE: &str = r#"
apiVersion: v1
kind: Service
metadata: { name: quay, namespace: harbor }
spec:
  selector: { app: quay }
  ports: [ { port: 80, targetPort: 3000 } ]
"#;

const POD: &str = r#"
apiVersion: v1
kind: Pod
metadata: { NAME, namespace: harbor, labels: { app: crane } }
spec:
  containers:
    - name: crane
      image: registry.invalid/crane:1
      ports: [ { containerPort: 3000 } ]
      resources: { requests: { cpu: 50m, memory: 64Mi } }
"#;

const OWNED: &str = "generateName: quay-5d9-, ownerReferences: [ { apiVersion: apps/v1, kind: ReplicaSet, name: quay-5d9, \
                     uid: 11111111-2222-4333-8444-555555555555, controller: true } ]";

const CONFIG_MAP: &str = r#"
apiVersion: v1
kind: ConfigMap
metadata: { name: tides, namespace: harbor }
data: { depth: "12", origin: "https://harbor.example" }
"#;

const INGRESS: &str = r#"
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: quay
  namespace: harbor
  annotations: { nginx.ingress.kubernetes.io/enable-cors: "true", nginx.ingress.kubernetes.io/cors-allow-origin: "*" }
spec:
  rules:
    - host: quay.example
      http: { paths: [ { path: /, pathType: Prefix, backend: { service: { name: quay, port: { number: 80 } } } } ] }
"#;

const SCALER: &str = r#"
apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata: { name: quay, namespace: harbor }
spec: { scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: quay }, maxReplicas: 4 }
"#;

const DEFINITION: &str = r#"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: beacons.lights.example.com }
spec:
  group: lights.example.com
  scope: Namespaced
  names: { kind: Beacon, plural: beacons, singular: beacon }
  versions:
    - name: v1
      served: true
      storage: true
      subresources: { status: {} }
      schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } }
"#;

const BEACON: &str = r#"
apiVersion: lights.example.com/v1
kind: Beacon
metadata: { name: north, namespace: harbor }
spec: { colour: red, every: 5s, lamps: [] }
"#;

/// An API server and a recorder that it asks.
struct Scene {
    cluster: Cluster,
    recorder: Recorder,
    recorded: BTreeMap<&'static str, Value>,
}

impl Scene {
    fn start() -> Option<Scene> {
        let cluster = Cluster::start()?;
        let recorder = Recorder::start();
        let registration = REGISTRATION
            .replace("PORT", &recorder.port.to_string())
            .replace("CA", &STANDARD.encode(&recorder.ca));
        cluster.must_with(&["apply", "-f", "-"], DEFINITION);
        cluster.must(&["create", "namespace", "harbor"]);
        cluster.must_with(&["apply", "-f", "-"], &registration);
        wait(std::time::Duration::from_secs(60), || {
            let _ = cluster.kubectl(&["-n", "harbor", "create", "configmap", "probe", "--dry-run=server"]);
            (!recorder.take().is_empty()).then_some(())
        })
        .expect("the API server never asks the webhook");
        cluster.must(&["wait", "--for=condition=established", "crd/beacons.lights.example.com"]);
        Some(Scene {
            cluster,
            recorder,
            recorded: BTreeMap::new(),
        })
    }

    /// Runs kubectl in the namespace, and keeps the first review that comes of it.
    fn record(&mut self, name: &'static str, arguments: &[&str], input: &str) {
        self.record_of(name, arguments, input, true);
    }

    fn record_of(&mut self, name: &'static str, arguments: &[&str], input: &str, works: bool) {
        let _ = self.recorder.take();
        let run = self
            .cluster
            .kubectl_with(&[&["-n", "harbor"], arguments].concat(), input);
        assert_eq!(run.code == 0, works, "{name}: {}{}", run.stdout, run.stderr);
        let mut reviews = self.recorder.take();
        assert!(!reviews.is_empty(), "{name}: no review came");
        let mut review = reviews.remove(0);
        settle(&mut review);
        assert!(self.recorded.insert(name, review).is_none(), "{name} is recorded twice");
    }

    fn apply(&mut self, name: &'static str, input: &str) {
        self.record(name, &["apply", "-f", "-"], input);
    }

    fn create(&mut self, name: &'static str, input: &str) {
        self.record(name, &["create", "-f", "-"], input);
    }
}

/// Replaces what differs from run to run: uids, versions, times and their order, addresses, generated names.
fn settle(review: &mut Value) {
    let request = &review["request"];
    let generated = [&request["object"], &request["oldObject"]]
        .into_iter()
        .find_map(|object| {
            let prefix = object["metadata"]["generateName"].as_str()?;
            Some((
                object["metadata"]["name"].as_str()?.to_owned(),
                format!("{prefix}x7k2p"),
            ))
        });
    let mut names: BTreeMap<String, String> = generated.into_iter().collect();
    walk(review, "", &mut names);
}

fn walk(value: &mut Value, key: &str, names: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) => members.iter_mut().for_each(|(key, value)| walk(value, key, names)),
        Value::Array(items) => {
            if key == "managedFields" {
                // The API server sorts them by time.
                items.sort_by_key(|item| format!("{} {} {}", item["manager"], item["operation"], item["subresource"]));
            }
            items.iter_mut().for_each(|value| walk(value, key, names));
        }
        Value::String(text) => {
            let next = names.len() + 1;
            match key {
                "uid" if text.len() == 36 && !text.starts_with("11111111") => {
                    *text = names
                        .entry(text.clone())
                        .or_insert_with(|| format!("00000000-0000-4000-8000-{next:012}"))
                        .clone();
                }
                "resourceVersion" => {
                    *text = names.entry(text.clone()).or_insert_with(|| next.to_string()).clone();
                }
                "creationTimestamp" | "deletionTimestamp" | "time" | "kubectl.kubernetes.io/restartedAt" => {
                    *text = "2026-01-01T00:00:00Z".to_owned();
                }
                "clusterIP" | "clusterIPs" if text.starts_with("10.") => *text = "10.0.0.10".to_owned(),
                _ => {
                    if let Some(other) = names.get(text.as_str()) {
                        other.clone_into(text);
                    }
                }
            }
        }
        _ => {}
    }
}

fn folder() -> PathBuf {
    project().join("tests/reviews")
}

#[test]
fn the_recorded_reviews_are_what_an_api_server_sends() {
    let Some(mut scene) = Scene::start() else { return };

    scene.apply("configmap-create", CONFIG_MAP);
    scene.apply("service-create", SERVICE);
    scene.apply("ingress-create", INGRESS);
    scene.record(
        "deployment-dry-run",
        &["apply", "--dry-run=server", "-f", "-"],
        DEPLOYMENT,
    );
    scene.apply("deployment-create", DEPLOYMENT);
    scene.apply("deployment-update", &DEPLOYMENT.replace("quay:1", "quay:2"));
    scene.record(
        "deployment-server-side-apply",
        &["apply", "--server-side", "-f", "-"],
        &DEPLOYMENT.replace("name: quay,", "name: pier,"),
    );
    scene.record("deployment-label", &["label", "deployment", "quay", "tier=front"], "");
    scene.record("deployment-scale", &["scale", "deployment", "quay", "--replicas=3"], "");
    let status = r#"{"status":{"replicas":2,"observedGeneration":1}}"#;
    let patch = ["patch", "deployment", "quay", "--subresource=status", "-p", status];
    scene.record("deployment-status", &patch, "");
    scene.record(
        "deployment-rollout-restart",
        &["rollout", "restart", "deployment", "quay"],
        "",
    );
    let finalizer = r#"{"metadata":{"finalizers":["example.com/hold"]}}"#;
    scene.record(
        "deployment-finalizer",
        &["patch", "deployment", "quay", "-p", finalizer],
        "",
    );
    scene.record(
        "deployment-delete",
        &["delete", "deployment", "quay", "--wait=false"],
        "",
    );
    let none = r#"{"metadata":{"finalizers":null}}"#;
    scene.record(
        "deployment-being-deleted",
        &["patch", "deployment", "quay", "-p", none],
        "",
    );

    scene.create("pod-create", &POD.replace("NAME", "name: crane"));
    scene.create("pod-generate-name", &POD.replace("NAME", "generateName: crane-"));
    let owned = POD.replace("NAME", OWNED);
    let controller = "--as=system:serviceaccount:kube-system:replicaset-controller";
    scene.record(
        "pod-owned",
        &["create", controller, "--as-group=system:masters", "-f", "-"],
        &owned,
    );
    let forged = [
        "create",
        "--as=drifter@example.invalid",
        "--as-group=system:masters",
        "-f",
        "-",
    ];
    scene.record("pod-owner-forged", &forged, &owned);
    let debug = [
        "debug",
        "crane",
        "--image=registry.invalid/tools:1",
        "-c",
        "tools",
        "--profile=general",
    ];
    scene.record("pod-ephemeral-container", &debug, "");
    let resources = r#"{"spec":{"containers":[{"name":"crane","resources":{"requests":{"cpu":"100m"}}}]}}"#;
    let resize = ["patch", "pod", "crane", "--subresource=resize", "-p", resources];
    scene.record("pod-resize", &resize, "");
    // No node runs it: the API server asks before it finds that out.
    let exec = "/api/v1/namespaces/harbor/pods/crane/exec?command=true&stdout=true";
    scene.record_of("pod-exec", &["get", "--raw", exec], "", false);
    scene.record("pod-delete", &["delete", "pod", "crane", "--wait=false"], "");

    scene.apply("scaler-converted", SCALER);
    scene.apply("custom-resource-create", BEACON);
    scene.apply("custom-resource-update", &BEACON.replace("red", "green"));
    scene.record(
        "collection-delete",
        &["delete", "--raw", "/api/v1/namespaces/harbor/configmaps"],
        "",
    );
    scene.record(
        "namespace-update",
        &["label", "namespace", "harbor", "plimsoll.dev/mode=warn"],
        "",
    );

    let recording = std::env::var_os("PLIMSOLL_RECORD").is_some();
    let version: Value = serde_json::from_str(&scene.cluster.must(&["version", "-o", "json"])).expect("JSON");
    let version = version["serverVersion"]["gitVersion"].as_str().unwrap_or_default();
    if !recording && !version.starts_with(VERSION) {
        say(&format!(
            "not compared: the recordings are of {VERSION}, this is {version}"
        ));
        return;
    }
    for (name, review) in &scene.recorded {
        let file = folder().join(format!("{name}.json"));
        let text = serde_json::to_string_pretty(review).expect("JSON") + "\n";
        if recording {
            std::fs::write(&file, text).expect("the recording can be written");
            continue;
        }
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(
            kept, text,
            "{name}: another review than the recorded one; PLIMSOLL_RECORD=1 writes it anew"
        );
    }
    let recorded: BTreeSet<String> = scene.recorded.keys().map(|name| format!("{name}.json")).collect();
    let kept: BTreeSet<String> = std::fs::read_dir(folder())
        .expect("the recordings are there")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(kept, recorded, "recordings that nothing makes, or that are missing");
}

#[test]
fn the_recordings_are_what_their_names_say() {
    let request = |name: &str| -> Value {
        let text = std::fs::read_to_string(folder().join(format!("{name}.json"))).expect("a recording");
        let review: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(review["apiVersion"], "admission.k8s.io/v1", "{name}");
        assert!(review["request"]["uid"].is_string(), "{name}");
        review["request"].clone()
    };
    assert_eq!(request("deployment-dry-run")["dryRun"], true);
    assert_eq!(request("deployment-scale")["subResource"], "scale");
    assert_eq!(request("deployment-status")["subResource"], "status");
    assert_eq!(request("pod-ephemeral-container")["subResource"], "ephemeralcontainers");
    assert_eq!(request("pod-exec")["operation"], "CONNECT");
    assert_eq!(request("deployment-delete")["object"], Value::Null);
    assert!(request("deployment-being-deleted")["object"]["metadata"]["deletionTimestamp"].is_string());
    let generated = request("pod-generate-name");
    assert_eq!(generated["name"], generated["object"]["metadata"]["name"]);
    assert_eq!(request("collection-delete").get("name"), None);
    let converted = request("scaler-converted");
    assert_ne!(converted["kind"], converted["requestKind"]);
    assert_eq!(request("namespace-update")["namespace"], json!("harbor"));
}
