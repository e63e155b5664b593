//! `plimsoll serve` behind a real API server: what `kubectl` is answered.

use std::collections::BTreeSet;
use std::time::Duration;

use plimsoll_tests::cluster::Cluster;
use plimsoll_tests::cluster::server::Server;
use plimsoll_tests::cluster::transcript::Transcript;
use plimsoll_tests::guarded::wait;
use plimsoll_tests::{DEPLOYMENT, list, project, say};

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");

const DENY: &str = "admission: { mode: deny }\n";

/// A credential in the clear, which any rule set must refuse.
const CREDENTIAL: &str = "{ name: DB_PASSWORD, value: \"tide-table-4711\" }";

const POD: &str = "
apiVersion: v1
kind: Pod
metadata: { NAME }
spec: { containers: [ { name: crane, image: \"registry.invalid/crane:1\", env: [ ENV ] } ] }
";

const OWNED: &str = "name: quay-1, ownerReferences: [ { apiVersion: apps/v1, kind: ReplicaSet, name: quay-5d9, \
                     uid: 11111111-2222-4333-8444-555555555555, controller: true } ]";

const BEACON: &str = "
apiVersion: lights.example.com/v1
kind: Beacon
metadata: { name: north }
spec: { source: \"postgres://keeper:tide-table-4711@lamp-db:5432/lamps\" }
";

/// A Deployment of this name with a credential in the clear.
fn bad(name: &str) -> String {
    let with = DEPLOYMENT.replace("env: [ {", &format!("env: [ {CREDENTIAL}, {{"));
    with.replace("quay", name)
}

/// A definition of a kind of which anything is taken.
fn definition(group: &str, version: &str, kind: &str, scope: &str) -> String {
    let singular = kind.to_lowercase();
    let plural = match singular.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{singular}s"),
    };
    format!(
        "---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{ name: {plural}.{group} }}
spec:
  group: {group}
  scope: {scope}
  names: {{ kind: {kind}, plural: {plural}, singular: {singular} }}
  versions:
    - name: {version}
      served: true
      storage: true
      schema: {{ openAPIV3Schema: {{ type: object, x-kubernetes-preserve-unknown-fields: true }} }}
"
    )
}

fn namespaced<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [&["-n", "harbor"], arguments].concat()
}

#[test]
fn operations() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.must(&["create", "namespace", "harbor"]);
    cluster.must_with(
        &["apply", "-f", "-"],
        &definition("lights.example.com", "v1", "Beacon", "Namespaced"),
    );
    cluster.must(&["wait", "--for=condition=established", "crd/beacons.lights.example.com"]);
    // There before anybody judged.
    cluster.must_with(&namespaced(&["apply", "-f", "-"]), &bad("old-timer"));
    let server = Server::start(PROGRAM, &cluster, DENY, &["--no-context"]);
    server.register(&cluster, |manifest| {
        let rule = "      - apiGroups: [\"lights.example.com\"]\n        apiVersions: [\"v1\"]\n        resources: [\"beacons\"]\n\
                    \x20       operations: [ CREATE, UPDATE ]\n        scope: Namespaced\n    matchConditions:";
        manifest.replace("    matchConditions:", rule)
    });

    let mut seen = Transcript::default();
    let mut step = |title: &str, arguments: &[&str], input: &str| {
        seen.title(title);
        let run = seen.kubectl(&cluster, &namespaced(arguments), input);
        // kubectl repeats the whole patch where one fails; what is ours comes after it.
        let ours = run
            .stderr
            .rsplit_once("admission webhook")
            .map_or(&*run.stderr, |(_, ours)| ours);
        assert!(!ours.contains("tide-table"), "a secret's value is shown: {ours}");
        run.code == 0
    };
    let apply = ["apply", "-f", "-"];

    assert!(step("A good object", &apply, DEPLOYMENT));
    assert!(!step("A credential in the clear", &apply, &bad("pier")));
    assert!(!step("It was not stored", &["get", "deployment", "pier"], ""));
    assert!(!step(
        "A dry run is answered alike",
        &["apply", "--dry-run=server", "-f", "-"],
        &bad("pier")
    ));
    assert!(!step(
        "So is server-side apply",
        &["apply", "--server-side", "-f", "-"],
        &bad("pier")
    ));
    assert!(!step("A good object made bad", &apply, &bad("quay")));
    assert!(step(
        "And made otherwise",
        &apply,
        &DEPLOYMENT.replace("quay:1", "quay:2")
    ));
    assert!(step("Scaled", &["scale", "deployment", "quay", "--replicas=3"], ""));

    assert!(step(
        "What was bad before can be scaled",
        &["scale", "deployment", "old-timer", "--replicas=0"],
        ""
    ));
    assert!(step(
        "and restarted",
        &["rollout", "restart", "deployment", "old-timer"],
        ""
    ));
    let image = bad("old-timer").replace("old-timer:1", "old-timer:2");
    assert!(step("and changed: it is told what is wrong", &apply, &image));
    let worse = image.replace(
        CREDENTIAL,
        &format!("{CREDENTIAL}, {}", CREDENTIAL.replace("DB_", "API_")),
    );
    assert!(!step("but not made worse", &apply, &worse));
    let status = r#"{"status":{"replicas":2}}"#;
    let patch = ["patch", "deployment", "old-timer", "--subresource=status", "-p", status];
    assert!(step("Its status is nobody's business", &patch, ""));
    assert!(step(
        "and it can be deleted",
        &["delete", "deployment", "old-timer"],
        ""
    ));

    let pod = |name: &str, env: &str| POD.replace("NAME", name).replace("ENV", env);
    let create = ["create", "-f", "-"];
    assert!(!step(
        "A name that the API server makes up",
        &create,
        &pod("generateName: crane-", CREDENTIAL)
    ));
    assert!(!step("An owner that is made up", &create, &pod(OWNED, CREDENTIAL)));
    let controller = "--as=system:serviceaccount:kube-system:replicaset-controller";
    let owned = ["create", controller, "--as-group=system:masters", "-f", "-"];
    assert!(step(
        "What a controller makes of a judged owner",
        &owned,
        &pod(OWNED, CREDENTIAL)
    ));
    assert!(step("A Pod", &create, &pod("name: crane", "")));
    let debug = [
        "debug",
        "crane",
        "--image=registry.invalid/tools:1",
        "-c",
        "tools",
        "--profile=general",
    ];
    let leak = [&debug[..], &["--env=DB_PASSWORD=tide-table-4711"]].concat();
    assert!(!step("An ephemeral container", &leak, ""));
    assert!(step("without a credential", &debug, ""));
    assert!(step("Its end", &["delete", "pod", "crane", "--wait=false"], ""));

    assert!(!step("A custom resource", &apply, BEACON));
    assert!(step(
        "without a password in it",
        &apply,
        &BEACON.replace(":tide-table-4711", "")
    ));
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: { name: key }\nstringData: { password: tide-table-4711 }\n";
    assert!(step("Secrets are not sent", &apply, secret));
    let excused = bad("pier").replace(
        "{ name: pier }",
        "{ name: pier, annotations: { plimsoll.dev/break-glass: storm } }",
    );
    assert!(!step(
        "The glass is not there to be broken unless the operator says so",
        &apply,
        &excused
    ));
    let waived = bad("pier").replace(
        "{ name: pier }",
        "{ name: pier, annotations: { plimsoll.dev/allow: \"secrets/*: known\" } }",
    );
    assert!(!step(
        "nor are credentials waived by who writes them down",
        &apply,
        &waived
    ));
    seen.compare("operations");

    // What the page lists is what is there.
    let page = std::fs::read_to_string(project().join("docs/deploy.md")).expect("the page");
    let listed: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `plimsoll_")?.split('`').next())
        .collect();
    let metrics = server.metrics();
    let kinds: BTreeSet<&str> = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE plimsoll_"))
        .filter_map(|line| line.split(' ').next())
        .collect();
    let strip = |name: &str| -> String {
        let name = name.strip_suffix("_total").unwrap_or(name);
        name.strip_suffix("_info").unwrap_or(name).to_owned()
    };
    let listed: BTreeSet<String> = listed.into_iter().map(strip).collect();
    let there: BTreeSet<String> = kinds.into_iter().map(str::to_owned).collect();
    // Those are first there when something has happened.
    let later = ["config_reloads", "context_objects", "context_synced", "policy_failures"].map(str::to_owned);
    let there: BTreeSet<String> = there.into_iter().chain(later).collect();
    assert_eq!(listed, there, "docs/deploy.md (left) and /metrics (right) differ");
    assert!(
        server.metric("plimsoll_reviews_total", "decision=\"denied\"") >= 10.0,
        "{metrics}"
    );
    let log = server.log();
    assert!(
        log.contains("secrets/plaintext-env") && !log.contains("tide-table"),
        "{log}"
    );
}

#[test]
fn modes() {
    let Some(cluster) = Cluster::start() else { return };
    let server = Server::start(PROGRAM, &cluster, DENY, &["--no-context"]);
    server.register(&cluster, |manifest| manifest);
    let mut seen = Transcript::default();
    let apply = ["apply", "--dry-run=server", "-f", "-"];
    let reloads = |result: &str| server.metric("plimsoll_config_reloads_total", result);
    let mut taken = 0.0;
    for mode in ["warn", "audit", "deny"] {
        server.configure(&format!("admission: {{ mode: {mode} }}\n"));
        taken += 1.0;
        let reloaded = wait(Duration::from_secs(30), || (reloads("taken") >= taken).then_some(()));
        assert!(reloaded.is_some(), "{mode}: {}", server.log());
        seen.title(mode);
        let run = seen.kubectl(&cluster, &apply, &bad("pier"));
        assert_eq!(run.code == 0, mode != "deny", "{mode}");
    }
    server.configure("admission: { mode: perhaps }\n");
    assert!(wait(Duration::from_secs(30), || (reloads("refused") >= 1.0).then_some(())).is_some());
    seen.title("A wrong configuration is refused, the old one serves on");
    assert_ne!(seen.kubectl(&cluster, &apply, &bad("pier")).code, 0);
    seen.compare("modes");
    assert!(
        server.log().contains("perhaps") || server.log().contains("plimsoll.yaml"),
        "{}",
        server.log()
    );
}

/// The kinds that the samples use besides Kubernetes' own.
fn define(cluster: &Cluster) {
    let mut definitions = String::new();
    for (group, version, scope, kinds) in [
        ("bitnami.com", "v1alpha1", "Namespaced", &["SealedSecret"][..]),
        ("cert-manager.io", "v1", "Namespaced", &["Certificate"]),
        ("cert-manager.io", "v1", "Cluster", &["ClusterIssuer"]),
        ("external-secrets.io", "v1", "Namespaced", &["ExternalSecret"]),
        ("postgresql.cnpg.io", "v1", "Namespaced", &["Cluster"]),
        (
            "openchoreo.dev",
            "v1alpha1",
            "Namespaced",
            &[
                "Component",
                "ComponentRelease",
                "ComponentType",
                "DeploymentPipeline",
                "Environment",
                "Project",
                "ReleaseBinding",
                "RenderedRelease",
                "SecretReference",
                "Workload",
            ],
        ),
        (
            "core.openchoreo.dev",
            "v1alpha1",
            "Namespaced",
            &["Component", "ComponentRelease", "ReleaseBinding", "Workload"],
        ),
    ] {
        kinds
            .iter()
            .for_each(|kind| definitions += &definition(group, version, kind, scope));
    }
    cluster.must_with(&["apply", "-f", "-"], &definitions);
    cluster.must(&["wait", "--for=condition=established", "crd", "--all"]);
}

/// The files of each sample in this state, namespaces first, as whoever installs it would; and what they say it has.
fn samples_of(state: &str) -> Vec<(String, Vec<String>)> {
    let samples = project().join("samples");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&samples).expect("the samples").flatten() {
        let Ok(files) = std::fs::read_dir(entry.path().join(state)) else {
            continue;
        };
        let name = entry.file_name().to_string_lossy().into_owned();
        let files = files
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut files: Vec<String> = files.filter(|file| file.ends_with(".yaml")).collect();
        files.sort_by_key(|file| (file != "namespace.yaml", file.clone()));
        let files = files
            .iter()
            .map(|file| format!("samples/{name}/{state}/{file}"))
            .collect();
        found.push((name, files));
    }
    found.sort();
    assert!(found.len() >= 6, "{found:?}");
    found
}

/// Makes the namespaces that a file puts objects into, where no file makes them.
fn make_namespaces(cluster: &Cluster, file: &str) {
    let text = std::fs::read_to_string(project().join(file)).expect("a file");
    let named = text.lines().filter_map(|line| line.strip_prefix("  namespace: "));
    let namespaces: BTreeSet<&str> = named.map(str::trim).collect();
    for namespace in namespaces {
        let _ = cluster.kubectl(&["create", "namespace", namespace]);
    }
}

/// Every sample, as broken as it is or mended, applied file by file; each object is judged by itself.
fn samples(state: &str) {
    let Some(cluster) = Cluster::start() else { return };
    define(&cluster);
    let server = Server::start(PROGRAM, &cluster, DENY, &["--no-context"]);
    server.register(&cluster, |manifest| manifest);
    for (name, files) in samples_of(state) {
        let mut seen = Transcript::default();
        for file in &files {
            if !file.ends_with("/namespace.yaml") {
                make_namespaces(&cluster, file);
            }
            let _ = seen.kubectl(&cluster, &["apply", "-f", file], "");
        }
        seen.compare(&format!("{name}-{state}"));
        // By the API server itself, or by us.
        let refused = seen.text().contains("Error from server");
        assert_eq!(refused, state == "broken", "{name}: {}", seen.text());
    }
}

/// What is said of each object of the samples when all of them are there.
fn samples_in_place(state: &str) {
    let Some(cluster) = Cluster::start() else { return };
    define(&cluster);
    let _ = cluster.grant();
    for (_, files) in samples_of(state) {
        for file in &files {
            if !file.ends_with("/namespace.yaml") {
                make_namespaces(&cluster, file);
            }
            // What the API server itself refuses is not there to be judged.
            let _ = cluster.kubectl(&["apply", "-f", file]);
        }
    }
    let all = "admission: { mode: deny, on-update: all }\n";
    let server = Server::start(PROGRAM, &cluster, all, &[]);
    server.register(&cluster, |manifest| manifest);
    let mut said = BTreeSet::new();
    for (name, files) in samples_of(state) {
        let mut seen = Transcript::default();
        for file in &files {
            let look = ["annotate", "--overwrite", "--dry-run=server", "looked=at", "-f", file];
            let _ = seen.kubectl(&cluster, &look, "");
        }
        seen.compare(&format!("{name}-{state}-in-place"));
        let text = seen.text();
        let rules = text
            .split('[')
            .filter_map(|rest| rest.split_once("]\n").or(rest.split_once("] ")));
        let denied: BTreeSet<String> = rules
            .map(|(rule, _)| rule.to_owned())
            .filter(|rule| rule.contains('/') && !rule.contains(' '))
            .collect();
        assert_eq!(
            denied.is_empty(),
            !text.contains("denied the request"),
            "{name}: {text}"
        );
        let expected = std::fs::read_to_string(project().join(format!("samples/{name}/{state}/expected.json")));
        let expected: serde_json::Value = serde_json::from_str(&expected.unwrap_or_default()).unwrap_or_default();
        let errors: BTreeSet<String> = list(&expected, "findings")
            .iter()
            .filter(|finding| finding["severity"] == "error")
            .filter_map(|finding| finding["rule"].as_str().map(str::to_owned))
            .collect();
        assert!(
            denied.is_subset(&errors),
            "{name}: {denied:?} is denied, and `check` has the errors {errors:?}"
        );
        say(&format!(
            "{name} {state}: not said: {:?}",
            errors.difference(&denied).collect::<Vec<_>>()
        ));
        said.extend(denied);
    }
    assert_eq!(said.is_empty(), state == "fixed", "{said:?}");
}

#[test]
fn broken_samples() {
    samples("broken");
}

#[test]
fn fixed_samples() {
    samples("fixed");
}

#[test]
fn broken_samples_in_place() {
    samples_in_place("broken");
}

#[test]
fn fixed_samples_in_place() {
    samples_in_place("fixed");
}
