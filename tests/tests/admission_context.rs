//! Judging in the light of what the cluster holds.

use std::collections::BTreeSet;
use std::time::Duration;

use plimsoll_tests::DEPLOYMENT;
use plimsoll_tests::cluster::Cluster;
use plimsoll_tests::cluster::server::Server;
use plimsoll_tests::cluster::transcript::Transcript;
use plimsoll_tests::guarded::wait;

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");

const DENY: &str = "admission: { mode: deny }\n";

const PATIENCE: Duration = Duration::from_secs(60);

/// A Service in front of the pods of this name.
fn service(app: &str, port: u16) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{ name: {app} }}\nspec: {{ selector: {{ app: {app} }}, ports: [ {{ port: 80, \
         targetPort: {port} }} ] }}\n"
    )
}

fn deployment(app: &str) -> String {
    DEPLOYMENT.replace("quay", app)
}

/// Lets in the pods of its namespace.
const POLICY: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: quay }
spec:
  podSelector: { matchLabels: { app: quay } }
  policyTypes: [ Ingress ]
  ingress: [ { from: [ { podSelector: {} } ] } ]
";

const ROUTE: &str = "
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: quay }
spec:
  ingressClassName: nginx
  defaultBackend: { service: { name: quay, port: { number: 80 } } }
";

/// Waits until the server knows so many objects of a kind.
fn knows(server: &Server, kind: &str, objects: f64) {
    let label = format!("kind=\"{kind}\"");
    let known = wait(PATIENCE, || {
        (server.metric("plimsoll_context_objects", &label) >= objects).then_some(())
    });
    assert!(
        known.is_some(),
        "{objects} of {kind} are never known:\n{}",
        server.metrics()
    );
}

#[test]
fn what_is_there_decides_whatever_came_first() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.grant();
    cluster.must(&["create", "namespace", "harbor"]);
    let server = Server::start(PROGRAM, &cluster, DENY, &[]);
    server.register(&cluster, |manifest| manifest);
    let before = |kind: &str| server.metric("plimsoll_context_objects", &format!("kind=\"{kind}\""));
    let (deployments, services) = (before("Deployment.apps"), before("Service"));

    let mut seen = Transcript::default();
    let mut apply = |title: &str, object: &str| {
        seen.title(title);
        seen.kubectl(&cluster, &["-n", "harbor", "apply", "-f", "-"], object)
            .code
            == 0
    };
    assert!(apply("Pods that listen on 3000", &deployment("quay")));
    knows(&server, "Deployment.apps", deployments + 1.0);
    assert!(!apply("A Service that sends to another port", &service("quay", 4000)));
    assert!(apply("The right one", &service("quay", 3000)));
    knows(&server, "Service", services + 1.0);
    assert!(!apply("It cannot be made wrong either", &service("quay", 4000)));

    assert!(apply("A Service whose pods are not there yet", &service("pier", 4000)));
    knows(&server, "Service", services + 2.0);
    assert!(!apply("Pods that it does not reach", &deployment("pier")));
    assert!(apply("The Service is put right", &service("pier", 3000)));
    let right = wait(PATIENCE, || {
        let run = cluster.kubectl_with(
            &["-n", "harbor", "create", "--dry-run=server", "-f", "-"],
            &deployment("pier"),
        );
        (run.code == 0).then_some(())
    });
    assert!(right.is_some(), "the change is never known");
    assert!(apply("so its pods are let in", &deployment("pier")));

    assert!(apply("A policy that lets in the namespace", POLICY));
    knows(&server, "NetworkPolicy.networking.k8s.io", 1.0);
    assert!(apply("A route, whose requests come from outside", ROUTE));

    let wrong = |namespace: &str| {
        let dry = ["-n", namespace, "apply", "--dry-run=server", "-f", "-"];
        cluster.kubectl_with(&dry, &service("quay", 4000))
    };
    assert_ne!(wrong("harbor").code, 0);
    cluster.must(&["label", "namespace", "harbor", "plimsoll.dev/mode=warn"]);
    let warned = wait(PATIENCE, || {
        let run = wrong("harbor");
        (run.code == 0).then_some(run.stderr)
    });
    assert!(warned.is_some_and(|warned| warned.contains("Warning: ports/target-port-mismatch")));
    assert!(apply("A namespace whose mode is warn", &service("quay", 4000)));
    seen.compare("context");
}

#[test]
fn what_is_watched_may_be_watched_and_what_may_not_is_given_up() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.grant();
    cluster.must(&["create", "namespace", "harbor"]);
    let server = Server::start(PROGRAM, &cluster, DENY, &[]);
    let kinds = |server: &Server| -> BTreeSet<String> {
        let metrics = server.metrics();
        let lines = metrics
            .lines()
            .filter_map(|line| line.strip_prefix("plimsoll_context_synced{kind=\""));
        let synced = lines.filter(|line| line.ends_with(" 1"));
        synced
            .filter_map(|line| line.split('"').next())
            .map(str::to_owned)
            .collect()
    };
    let all = kinds(&server);
    assert!(
        all.contains("Service") && all.contains("ConfigMap") && !all.contains("Secret"),
        "{all:?}"
    );
    assert_eq!(
        server.metric("plimsoll_context_synced", ""),
        all.len() as f64,
        "{}",
        server.metrics()
    );
    assert!(!server.log().contains("forbidden"), "{}", server.log());
    drop(server);

    // Services are taken away from it.
    let role = cluster.must(&["get", "clusterrole", "plimsoll-plimsoll", "-o", "json"]);
    let mut role: serde_json::Value = serde_json::from_str(&role).expect("JSON");
    let rules = role["rules"].as_array_mut().expect("rules");
    for rule in rules {
        let resources = rule["resources"].as_array_mut().expect("resources");
        resources.retain(|resource| resource != "services");
        if resources.is_empty() {
            resources.push("none".into());
        }
    }
    cluster.must_with(&["replace", "-f", "-"], &role.to_string());
    let server = Server::start(PROGRAM, &cluster, DENY, &[]);
    assert_eq!(server.metric("plimsoll_context_synced", "kind=\"Service\""), 0.0);
    server.register(&cluster, |manifest| manifest);
    cluster.must_with(&["-n", "harbor", "apply", "-f", "-"], &deployment("quay"));
    knows(&server, "Deployment.apps", 1.0);
    let skipped = server.metric("plimsoll_rules_skipped_total", "");
    cluster.must_with(&["-n", "harbor", "apply", "-f", "-"], &service("quay", 4000));
    assert!(
        server.metric("plimsoll_rules_skipped_total", "") > skipped,
        "{}",
        server.metrics()
    );
}
