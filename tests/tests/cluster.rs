//! A live cluster judged, and files judged in its light: against a real API server.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use plimsoll_tests::cluster::Cluster;
use plimsoll_tests::guarded::wait;
use plimsoll_tests::server::Server;
use plimsoll_tests::{Run, folder};
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");
/// How long it may take until something is seen.
const PATIENCE: Duration = Duration::from_secs(60);

/// Values that must not be shown: invented.
const SECRET: &str = "tr0mbone-Qu4rtz-91";
const PASSWORD: &str = "h4rbour-L1ght-77x";

/// Runs the program in a folder, with this kubeconfig and nothing else in the environment.
fn run(folder: &Path, kubeconfig: &Path, arguments: &[&str]) -> Run {
    let output = Command::new(PROGRAM)
        .current_dir(folder)
        .args(arguments)
        .env_clear()
        .env("HOME", folder)
        .env("KUBECONFIG", kubeconfig)
        .stdin(Stdio::null())
        .output()
        .expect("it starts");
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn service(namespace: &str, target: u16) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{ name: quay, namespace: {namespace} }}\nspec:\n  selector: {{ app: quay }}\n  \
         ports: [ {{ port: 80, targetPort: {target} }} ]\n"
    )
}

fn deployment(namespace: &str) -> String {
    format!(
        "\
apiVersion: apps/v1
kind: Deployment
metadata: {{ name: quay, namespace: {namespace} }}
spec:
  selector: {{ matchLabels: {{ app: quay }} }}
  template:
    metadata: {{ labels: {{ app: quay }} }}
    spec:
      containers:
        - name: web
          image: registry.invalid/quay:1
          env:
            - {{ name: PORT, value: \"3000\" }}
            - {{ name: DB_PASSWORD, value: {PASSWORD} }}
          ports: [ {{ containerPort: 3000 }} ]
          readinessProbe: {{ httpGet: {{ path: /, port: 3000 }} }}
          livenessProbe: {{ httpGet: {{ path: /alive, port: 3000 }} }}
"
    )
}

/// The findings of one rule, as lines.
fn of(run: &Run, rule: &str) -> Vec<String> {
    let findings = run.findings();
    findings.into_iter().filter(|line| line.starts_with(rule)).collect()
}

const MISMATCH: &str = "ports/target-port-mismatch ";

#[test]
fn a_live_cluster_is_judged_and_files_in_its_light() {
    let Some(cluster) = Cluster::shared() else { return };
    let objects = [
        "apiVersion: v1\nkind: Namespace\nmetadata: { name: harbour }\n".to_owned(),
        "apiVersion: v1\nkind: Namespace\nmetadata: { name: lagoon }\n".to_owned(),
        service("harbour", 80),
        deployment("harbour"),
        deployment("lagoon"),
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{ name: keys, namespace: harbour }}\nstringData: {{ password: {SECRET} }}\n"
        ),
    ];
    cluster.must_with(&["apply", "-f", "-"], &objects.join("---\n"));
    let kubeconfig = cluster.kubeconfig();
    let empty = folder(&[]);

    let all = run(empty.path(), &kubeconfig, &["check", "--cluster", "--format", "json"]);
    assert_eq!(all.code, 1, "{}", all.stderr);
    let found = of(&all, MISMATCH);
    assert_eq!(found.len(), 1, "{}", all.stdout);
    assert!(
        found[0].starts_with("ports/target-port-mismatch error cluster/harbour/Service/quay:"),
        "{found:?}"
    );
    let password = of(&all, "secrets/plaintext-env ");
    assert!(
        password.iter().any(|line| line.ends_with("Deployment/quay")),
        "{}",
        all.stdout
    );
    assert!(
        all.json()["summary"]["objects"]
            .as_u64()
            .is_some_and(|objects| objects >= 4)
    );
    for file in all.json()["findings"].as_array().into_iter().flatten() {
        assert_ne!(file["object"]["kind"], "Secret");
    }

    let human = run(
        empty.path(),
        &kubeconfig,
        &["check", "--cluster", "--namespace", "harbour"],
    );
    assert!(
        human.stdout.contains("targetPort: 80"),
        "the object as YAML: {}",
        human.stdout
    );
    for shown in [&all.stdout, &all.stderr, &human.stdout, &human.stderr] {
        assert!(!shown.contains(SECRET) && !shown.contains(PASSWORD), "{shown}");
    }
    let elsewhere = run(
        empty.path(),
        &kubeconfig,
        &["check", "--cluster", "--namespace", "lagoon", "--format", "json"],
    );
    assert_eq!(of(&elsewhere, MISMATCH), Vec::<String>::new());
    assert_eq!(elsewhere.json()["inputs-failed"].as_array().map(Vec::len), Some(0));

    // A file beside a Deployment that runs.
    let files = folder(&[
        ("k8s/wrong.yaml", &service("lagoon", 8080)),
        ("k8s/elsewhere.yaml", &service("nowhere", 8080)),
    ]);
    let alone = run(files.path(), &kubeconfig, &["check", "--format", "json"]);
    assert_eq!(of(&alone, MISMATCH), Vec::<String>::new());
    let light = ["check", "--against-cluster", "--format", "json"];
    let together = run(files.path(), &kubeconfig, &light);
    let found = of(&together, MISMATCH);
    assert_eq!(found.len(), 1, "{}", together.stdout);
    assert!(
        found[0].starts_with("ports/target-port-mismatch error k8s/wrong.yaml:"),
        "nothing of what is wrong in the cluster alone, and no less sure: {found:?}"
    );
    assert_eq!(together.json()["summary"]["documents"], 2);

    // A file takes the place of what runs, whatever namespace it is told to be in.
    let bare = service("harbour", 3000).replace(", namespace: harbour", "");
    let fixed = folder(&[("service.yaml", &bare)]);
    let judged = run(
        fixed.path(),
        &kubeconfig,
        &[&light[..], &["--namespace", "harbour"]].concat(),
    );
    assert_eq!(of(&judged, MISMATCH), Vec::<String>::new(), "{}", judged.stdout);
    let broken = folder(&[("service.yaml", &bare.replace("3000", "3001"))]);
    let judged = run(
        broken.path(),
        &kubeconfig,
        &[&light[..], &["--namespace", "harbour"]].concat(),
    );
    assert_eq!(of(&judged, MISMATCH).len(), 1, "{}", judged.stdout);

    // Who may do nothing is told so.
    let text = std::fs::read_to_string(&kubeconfig).expect("it is there");
    let nobody = text.replace("user: { token: ", "user: { as: nobody, token: ");
    assert_ne!(nobody, text);
    let path = cluster.folder().join("nobody");
    std::fs::write(&path, nobody).expect("it is written");
    let refused = run(empty.path(), &path, &["check", "--cluster", "--format", "json"]);
    assert_eq!(refused.code, 2, "{}{}", refused.stdout, refused.stderr);
    assert!(
        refused.stdout.contains("Service cannot be listed: 403 Forbidden"),
        "{}",
        refused.stdout
    );
}

/// What a review of this object is answered: whether it is allowed, and what is said.
fn review(server: &Server, object: &str) -> (bool, String) {
    let object: Value = serde_json::from_str(object).expect("JSON");
    let version = object["apiVersion"].as_str().unwrap_or_default();
    let (group, version) = version.rsplit_once('/').unwrap_or(("", version));
    let kind = json!({"group": group, "version": version, "kind": object["kind"]});
    let request = json!({
        "uid": "1", "kind": kind, "resource": {"group": group, "version": version, "resource": "x"}, "operation": "CREATE",
        "name": object["metadata"]["name"], "namespace": object["metadata"]["namespace"], "userInfo": {"username": "a"},
        "object": object, "oldObject": null, "options": null, "dryRun": false,
    });
    let response = server.review(&request);
    let message = response["status"]["message"].as_str().unwrap_or_default().to_owned();
    (response["allowed"] == true, message)
}

#[test]
fn reviews_are_judged_in_the_light_of_what_is_there_now() {
    let Some(cluster) = Cluster::shared() else { return };
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: { name: marina }\n";
    cluster.must_with(&["apply", "-f", "-"], namespace);
    let scratch = folder(&[]);
    let kubeconfig = cluster.kubeconfig();
    let variables = [("KUBECONFIG", kubeconfig.to_str().expect("UTF-8"))];
    let server = Server::start(PROGRAM, scratch.path(), &["--plain-http", "--linger=0"], &variables);
    server.wait_for_metric("plimsoll_context_synced{kind=\"Service\"} 1");
    server.wait_for_metric("plimsoll_context_synced{kind=\"Deployment.apps\"} 1");
    server.wait_for_metric("plimsoll_context_synced{kind=\"HTTPRoute.gateway.networking.k8s.io\"} 1");
    let ready = wait(PATIENCE, || server.get("/readyz").filter(|answer| answer.status == 200));
    assert!(ready.is_some(), "{}", server.log());
    let metrics = server.metrics();
    assert!(!metrics.contains("kind=\"Secret\""), "{metrics}");

    let wrong = r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"quay","namespace":"marina"},
        "spec":{"selector":{"app":"quay"},"ports":[{"port":80,"targetPort":80,"protocol":"TCP"}]}}"#;
    let (allowed, message) = review(&server, wrong);
    assert!(allowed, "its pods may come later: {message}");
    cluster.must_with(&["apply", "-f", "-"], &deployment("marina"));
    let denied = wait(PATIENCE, || {
        Some(review(&server, wrong)).filter(|(allowed, _)| !allowed)
    });
    let (_, message) = denied.expect("the Deployment is seen");
    assert!(
        message.contains("targets 80, but") && message.contains("3000"),
        "{message}"
    );
    let right = wrong.replace("\"targetPort\":80", "\"targetPort\":3000");
    assert!(review(&server, &right).0);
    cluster.must(&["delete", "deployment", "quay", "-n", "marina"]);
    wait(PATIENCE, || review(&server, wrong).0.then_some(())).expect("it is seen to be gone");
}

#[test]
fn without_a_cluster_it_says_so() {
    let folder = folder(&[(
        "closed",
        "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [ { name: a, context: { cluster: a, user: a } } ]\n\
         clusters: [ { name: a, cluster: { server: \"http://127.0.0.1:1\" } } ]\nusers: [ { name: a, user: {} } ]\n",
    )]);
    for (config, arguments, expected) in [
        ("none", &["check", "--cluster"][..], "no cluster: "),
        ("closed", &["check", "--cluster"], "127.0.0.1:1"),
        ("closed", &["check", "--against-cluster"], "127.0.0.1:1"),
        (
            "closed",
            &["check", "--namespace", "a"],
            "--namespace is about a cluster",
        ),
        ("closed", &["check", "--cluster", "k8s"], "cannot be used with"),
        (
            "none",
            &[
                "serve",
                "--plain-http",
                "--listen=127.0.0.1:0",
                "--metrics-listen=127.0.0.1:0",
            ],
            "--no-context",
        ),
    ] {
        let run = run(folder.path(), &folder.path().join(config), arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains(expected), "{arguments:?}: {}", run.stderr);
    }
}
