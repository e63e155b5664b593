//! What admission adds to a create through a real API server: nothing registered, Plimsoll with all built-in policies over
//! HTTPS, a webhook that looks at nothing, and one comparable rule as a ValidatingAdmissionPolicy (CEL, inside the API
//! server), side by side.
//!
//! `cargo bench -p plimsoll-tests --bench admission`. Needs kubectl, kube-apiserver and etcd, as the tests do.
#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::io::{BufReader, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_tests::certificates::Authority;
use plimsoll_tests::cluster::Cluster;
use plimsoll_tests::cluster::webhook::Recorder;
use plimsoll_tests::guarded::wait;
use plimsoll_tests::server::{Server, connect_tls, read_answer};
use plimsoll_tests::{folder, write};
use rustls::{ClientConnection, StreamOwned};
use serde_json::json;

/// Creates of each kind in each namespace; the median counts.
const CREATES: usize = 400;
/// Not counted: until caches and connections are warm.
const WARM: usize = 50;

/// Namespaces, and what judges there.
const NAMESPACES: [(&str, &str); 5] = [
    ("plain", "nothing"),
    ("cel", "one rule in CEL"),
    // What no webhook goes without: the API server writes the object out, calls, and reads an answer.
    ("open", "a webhook that allows everything"),
    ("exempt", "Plimsoll, asked but exempt"),
    ("judged", "Plimsoll, all built-in policies"),
];
/// Those where Plimsoll is asked.
const ASKED: [&str; 2] = ["exempt", "judged"];

/// No literal passwords: of what Plimsoll looks for a small part.
const RULE_IN_CEL: &str = r#"
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: { name: no-literal-passwords }
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules:
      - { apiGroups: [ apps ], apiVersions: [ v1 ], operations: [ CREATE, UPDATE ], resources: [ deployments ] }
      - { apiGroups: [ "" ], apiVersions: [ v1 ], operations: [ CREATE, UPDATE ], resources: [ configmaps ] }
  variables:
    - name: secret
      expression: "'(?i)(password|passwd|secret|token|api_?key)'"
  validations:
    - expression: >-
        !has(object.data) || object.data.all(k, !k.matches(variables.secret))
    - expression: >-
        !has(object.spec) || object.spec.template.spec.containers.all(c, !has(c.env) ||
        c.env.all(e, !e.name.matches(variables.secret) || !has(e.value) || e.value == ''))
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: { name: no-literal-passwords }
spec:
  policyName: no-literal-passwords
  validationActions: [ Deny ]
  matchResources: { namespaceSelector: { matchLabels: { judge: cel } } }
"#;

/// A webhook that looks at nothing.
const OPEN: &str = r#"
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: { name: open }
webhooks:
  - name: open.plimsoll.dev
    clientConfig: { url: "https://127.0.0.1:PORT/validate", caBundle: CA }
    namespaceSelector: { matchLabels: { judge: open } }
    rules:
      - { apiGroups: [ "" ], apiVersions: [ v1 ], operations: [ CREATE ], resources: [ configmaps ] }
      - { apiGroups: [ apps ], apiVersions: [ v1 ], operations: [ CREATE ], resources: [ deployments ] }
    sideEffects: None
    admissionReviewVersions: [ v1 ]
"#;

fn main() {
    // `cargo test --benches` runs this too: once is enough to know that it works.
    let bench = std::env::args().any(|argument| argument == "--bench");
    let (creates, warm) = if bench { (CREATES, WARM) } else { (3, 1) };
    let Some(cluster) = Cluster::start() else { return };
    let authority = Authority::new("the server's");
    let own = authority.issue(&["127.0.0.1", "localhost"]);
    let scratch = folder(&[
        ("tls.crt", &own.certificate),
        ("tls.key", &own.key),
        ("plimsoll.yaml", "admission:\n  exempt:\n    namespaces: [exempt]\n"),
    ]);
    let program = PathBuf::from(env!("CARGO_BIN_EXE_plimsoll-under-test"));
    let kubeconfig = cluster.kubeconfig().display().to_string();
    let server = Server::start(
        &program.display().to_string(),
        scratch.path(),
        &["--tls-cert=tls.crt", "--tls-key=tls.key", "--config=plimsoll.yaml"],
        &[("KUBECONFIG", &kubeconfig)],
    );
    let ready = wait(Duration::from_secs(60), || {
        server.get("/readyz").filter(|answer| answer.status == 200)
    });
    assert!(ready.is_some(), "the server is not ready:\n{}", server.log());
    cluster.register(server.port, &authority.pem(), |manifest| manifest);
    cluster.must_with(&["apply", "-f", "-"], RULE_IN_CEL);
    let open = Recorder::start();
    let registration = OPEN.replace("PORT", &open.port.to_string());
    let registration = registration.replace("CA }", &format!("{} }}", STANDARD.encode(&open.ca)));
    cluster.must_with(&["apply", "-f", "-"], &registration);
    for (namespace, _) in NAMESPACES {
        cluster.must(&["create", "namespace", namespace]);
        let skip = format!("plimsoll.dev/skip={}", !ASKED.contains(&namespace));
        cluster.must(&["label", "namespace", namespace, &skip, &format!("judge={namespace}")]);
    }
    refused(&cluster, &scratch.path().join("bad.json"));
    let mut client = Client::new(&cluster);
    let mut order = Order::new(NAMESPACES.len());
    println!("median of a create in ms, and what it adds; {creates} each, in an order that changes\n");
    println!("| object | judged by | median | p99 | added | × CEL |");
    println!("|---|---|---|---|---|---|");
    for kind in ["configmaps", "deployments"] {
        let mut times = vec![Vec::with_capacity(creates); NAMESPACES.len()];
        for number in 0..warm + creates {
            // What one create leaves behind (events for watches, logs) is the next one's to bear: in another order each time.
            for &at in order.next() {
                let took = client.create(kind, NAMESPACES[at].0, number);
                if number >= warm {
                    times[at].push(took);
                }
            }
            drop(open.take());
        }
        let at = |times: &mut Vec<Duration>, share: f64| {
            times.sort_unstable();
            let at = (times.len() as f64 * share) as usize;
            times
                .get(at.min(times.len() - 1))
                .map_or(0.0, |took| took.as_secs_f64() * 1000.0)
        };
        let medians: Vec<f64> = times.iter_mut().map(|times| at(times, 0.5)).collect();
        for ((number, (_, judge)), times) in NAMESPACES.iter().enumerate().zip(&mut times) {
            let added = medians[number] - medians[0];
            println!(
                "| {kind} | {judge} | {:.3} | {:.3} | {added:.3} | {:.2} |",
                medians[number],
                at(times, 0.99),
                added / (medians[1] - medians[0])
            );
        }
    }
    println!(
        "\n{}",
        server
            .metrics()
            .lines()
            .filter(|line| ["reviews_total{", "seconds_sum", "seconds_count"]
                .iter()
                .any(|name| line.contains(name)))
            .collect::<Vec<_>>()
            .join("\n")
    );
}

/// Both judges are there: neither takes a literal password.
fn refused(cluster: &Cluster, file: &std::path::Path) {
    let bad = object("deployments", "bad", Some("Gr4nite-Puffin-93"));
    write(file, bad.as_bytes());
    for namespace in ["judged", "cel"] {
        let refused = wait(Duration::from_secs(60), || {
            let run = cluster.kubectl(&[
                "create",
                "--dry-run=server",
                "-n",
                namespace,
                "-f",
                &file.display().to_string(),
            ]);
            (run.code != 0).then_some(run.stderr)
        });
        assert!(refused.is_some(), "{namespace} takes everything");
    }
}

fn object(kind: &str, name: &str, password: Option<&str>) -> String {
    let object = if kind == "configmaps" {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name},
            "data": {"LOG_LEVEL": "info", "app.properties": "server.port=3000\nserver.host=0.0.0.0\n"},
        })
    } else {
        let password = password.map_or(
            json!({"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}),
            |value| json!({"name": "DB_PASSWORD", "value": value}),
        );
        let probe = json!({"httpGet": {"path": "/ready", "port": 3000}});
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "labels": {"app": name}},
            "spec": {
                "replicas": 2, "selector": {"matchLabels": {"app": name}},
                "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{
                    "name": "web", "image": "registry.invalid/web:1",
                    "ports": [{"containerPort": 3000}],
                    "env": [{"name": "PORT", "value": "3000"}, password],
                    "readinessProbe": probe, "livenessProbe": probe,
                    "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}},
                }]}},
            },
        })
    };
    object.to_string()
}

/// Another order each time, the same in each run.
struct Order {
    order: Vec<usize>,
    seed: u64,
}

impl Order {
    fn new(length: usize) -> Self {
        Order {
            order: (0..length).collect(),
            seed: 0x9e37_79b9_7f4a_7c15,
        }
    }

    fn next(&mut self) -> &[usize] {
        for last in (1..self.order.len()).rev() {
            // Xorshift, by Marsaglia.
            self.seed ^= self.seed << 13;
            self.seed ^= self.seed >> 7;
            self.seed ^= self.seed << 17;
            self.order.swap(last, (self.seed % (last as u64 + 1)) as usize);
        }
        &self.order
    }
}

/// One connection that is kept.
struct Client {
    stream: BufReader<StreamOwned<ClientConnection, TcpStream>>,
    token: &'static str,
}

impl Client {
    fn new(cluster: &Cluster) -> Self {
        let stream = connect_tls(cluster.port(), &cluster.authority(), None).expect("a connection");
        Client {
            stream: BufReader::new(stream),
            token: cluster.token(),
        }
    }

    /// Creates an object: how long that took.
    fn create(&mut self, kind: &str, namespace: &str, number: usize) -> Duration {
        let body = object(kind, &format!("one-{number}"), None);
        let group = if kind == "configmaps" { "api/v1" } else { "apis/apps/v1" };
        let request = format!(
            "POST /{group}/namespaces/{namespace}/{kind} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        );
        let start = Instant::now();
        self.stream
            .get_mut()
            .write_all(request.as_bytes())
            .expect("the connection is open");
        let answer = read_answer(&mut self.stream).expect("an answer");
        let took = start.elapsed();
        assert_eq!(answer.status, 201, "{answer:?}");
        took
    }
}
