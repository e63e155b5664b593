//! The manifests of `deploy/` in a real API server: they are taken, and it asks the webhook about what it should and nothing
//! else.

use std::time::Duration;

use plimsoll_tests::cluster::Cluster;
use plimsoll_tests::cluster::webhook::Recorder;
use plimsoll_tests::guarded::wait;
use serde_json::Value;

const DEPLOYMENT: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: { name: quay }
spec:
  selector: { matchLabels: { app: quay } }
  template:
    metadata: { labels: { app: quay } }
    spec: { containers: [ { name: web, image: \"registry.invalid/quay:1\" } ] }
";

const POD: &str = "
apiVersion: v1
kind: Pod
metadata: { name: crane }
spec: { containers: [ { name: crane, image: \"registry.invalid/crane:1\" } ] }
";

const CONFIG_MAP: &str = "
apiVersion: v1
kind: ConfigMap
metadata: { name: tides }
data: { depth: \"12\" }
";

const SECRET: &str = "
apiVersion: v1
kind: Secret
metadata: { name: chart }
stringData: { note: not-a-secret }
";

/// An object of this kind that a controller is said to own.
fn owned(kind: &str, name: &str, owner: &str, spec: &str) -> String {
    let version = if kind == "Pod" {
        "v1"
    } else if kind == "Job" {
        "batch/v1"
    } else {
        "apps/v1"
    };
    let group = if matches!(owner, "Job" | "CronJob") {
        "batch/v1"
    } else {
        "apps/v1"
    };
    format!(
        "apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: {name}\n  ownerReferences: [ {{ apiVersion: {group}, kind: \
         {owner}, name: quay, uid: 11111111-2222-4333-8444-555555555555, controller: true }} ]\nspec: {spec}\n"
    )
}

const CONTAINER: &str = "{ containers: [ { name: a, image: \"registry.invalid/a:1\" } ], restartPolicy: Always }";
const ONCE: &str = "{ containers: [ { name: a, image: \"registry.invalid/a:1\" } ], restartPolicy: Never }";

struct Scene {
    cluster: Cluster,
    recorder: Recorder,
}

impl Scene {
    /// The manifests in an API server, asking a recorder instead of the server that they name.
    fn start() -> Option<Scene> {
        let cluster = Cluster::start()?;
        let made = cluster.grant();
        assert!(made.contains("deployment.apps/plimsoll created"), "{made}");
        cluster.must(&["create", "namespace", "harbor"]);
        let recorder = Recorder::start();
        cluster.register(recorder.port, &recorder.ca, |manifest| manifest);
        wait(Duration::from_secs(60), || {
            let _ = cluster.kubectl(&["-n", "harbor", "create", "configmap", "probe", "--dry-run=server"]);
            (!recorder.take().is_empty()).then_some(())
        })
        .expect("the API server never asks the webhook");
        Some(Scene { cluster, recorder })
    }

    /// Runs kubectl, which must succeed, and says what the webhook was asked: `CREATE pods`.
    fn asked(&self, arguments: &[&str], input: &str) -> Vec<String> {
        let _ = self.recorder.take();
        self.cluster.must_with(arguments, input);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let one = |review: Value| {
            let request = &review["request"];
            let part = match text(&request["subResource"]) {
                part if part.is_empty() => part,
                part => format!("/{part}"),
            };
            format!(
                "{} {}{part}",
                text(&request["operation"]),
                text(&request["resource"]["resource"])
            )
        };
        self.recorder.take().into_iter().map(one).collect()
    }

    /// The same in the namespace `harbor`.
    fn harbor(&self, arguments: &[&str], input: &str) -> Vec<String> {
        self.asked(&[&["-n", "harbor"], arguments].concat(), input)
    }

    fn harbor_as(&self, user: &str, input: &str) -> Vec<String> {
        let user = format!("--as={user}");
        self.harbor(&["create", &user, "--as-group=system:masters", "-f", "-"], input)
    }
}

const NOTHING: [&str; 0] = [];

#[test]
fn the_webhook_is_asked_about_what_it_should_and_nothing_else() {
    let Some(scene) = Scene::start() else { return };
    let apply = ["apply", "-f", "-"];

    assert_eq!(scene.harbor(&apply, DEPLOYMENT), ["CREATE deployments"]);
    assert_eq!(scene.harbor(&apply, DEPLOYMENT), NOTHING, "nothing changed");
    assert_eq!(
        scene.harbor(&apply, &DEPLOYMENT.replace("quay:1", "quay:2")),
        ["UPDATE deployments"]
    );
    assert_eq!(
        scene.harbor(&["apply", "--dry-run=server", "-f", "-"], DEPLOYMENT),
        ["UPDATE deployments"]
    );
    assert_eq!(
        scene.harbor(&["label", "deployment", "quay", "tier=front"], ""),
        ["UPDATE deployments"]
    );
    assert_eq!(
        scene.harbor(&["label", "deployment", "quay", "tier-"], ""),
        ["UPDATE deployments"]
    );
    assert_eq!(
        scene.harbor(&["annotate", "deployment", "quay", "berth=4"], ""),
        ["UPDATE deployments"]
    );
    assert_eq!(
        scene.harbor(&["rollout", "restart", "deployment", "quay"], ""),
        ["UPDATE deployments"]
    );
    assert_eq!(
        scene.harbor(&["scale", "deployment", "quay", "--replicas=3"], ""),
        NOTHING
    );
    let status = [
        "patch",
        "deployment",
        "quay",
        "--subresource=status",
        "-p",
        r#"{"status":{"replicas":2}}"#,
    ];
    assert_eq!(scene.harbor(&status, ""), NOTHING);
    let finalizers = |list: &str| format!(r#"{{"metadata":{{"finalizers":{list}}}}}"#);
    let patch = |patch: &str| scene.harbor(&["patch", "deployment", "quay", "-p", patch], "");
    assert_eq!(patch(&finalizers(r#"["example.com/hold"]"#)), NOTHING);
    assert_eq!(
        scene.harbor(&["delete", "deployment", "quay", "--wait=false"], ""),
        NOTHING
    );
    assert_eq!(patch(&finalizers("null")), NOTHING);

    assert_eq!(scene.harbor(&apply, CONFIG_MAP), ["CREATE configmaps"]);
    assert_eq!(
        scene.harbor(&apply, &CONFIG_MAP.replace("12", "13")),
        ["UPDATE configmaps"]
    );
    assert_eq!(scene.harbor(&apply, SECRET), NOTHING);
    assert_eq!(scene.harbor(&apply, POD), ["CREATE pods"]);
    let debug = [
        "debug",
        "crane",
        "--image=registry.invalid/tools:1",
        "-c",
        "tools",
        "--profile=general",
    ];
    assert_eq!(scene.harbor(&debug, ""), ["UPDATE pods/ephemeralcontainers"]);
    assert_eq!(scene.harbor(&["delete", "pod", "crane", "--wait=false"], ""), NOTHING);

    for namespace in ["kube-system", "plimsoll"] {
        assert_eq!(
            scene.asked(&["-n", namespace, "create", "-f", "-"], CONFIG_MAP),
            NOTHING,
            "{namespace}"
        );
    }
    scene.cluster.must(&["create", "namespace", "pier"]);
    scene
        .cluster
        .must(&["label", "namespace", "pier", "plimsoll.dev/skip=true"]);
    assert_eq!(scene.asked(&["-n", "pier", "create", "-f", "-"], CONFIG_MAP), NOTHING);
}

#[test]
fn what_controllers_make_of_judged_objects_is_known_by_owner_and_account() {
    let Some(scene) = Scene::start() else { return };
    let of = |name: &str| format!("system:serviceaccount:kube-system:{name}");
    let replicas = "{ selector: { matchLabels: { app: a } }, template: { metadata: { labels: { app: a } }, spec: { \
                    containers: [ { name: a, image: \"registry.invalid/a:1\" } ] } } }";
    let job = format!("{{ template: {{ spec: {ONCE} }} }}");
    for (kind, owner, account, spec) in [
        ("Pod", "ReplicaSet", "replicaset-controller", CONTAINER),
        ("Pod", "StatefulSet", "statefulset-controller", CONTAINER),
        ("Pod", "DaemonSet", "daemon-set-controller", CONTAINER),
        ("Pod", "Job", "job-controller", ONCE),
        ("Pod", "ReplicationController", "replication-controller", CONTAINER),
        ("ReplicaSet", "Deployment", "deployment-controller", replicas),
        ("Job", "CronJob", "cronjob-controller", &job),
    ] {
        let resource = format!("CREATE {}s", kind.to_lowercase());
        let name = |case: &str| format!("{}-{case}", owner.to_lowercase());
        let object = |case: &str| owned(kind, &name(case), owner, spec);
        assert_eq!(
            scene.harbor_as(&of(account), &object("owned")),
            NOTHING,
            "{kind} of {owner}"
        );
        assert_eq!(
            scene.harbor_as("drifter", &object("forged")),
            [resource.as_str()],
            "{kind} of {owner}"
        );
        assert_eq!(
            scene.harbor_as(&of("ttl-controller"), &object("other")),
            [resource.as_str()],
            "{kind} of {owner} by another controller"
        );
        let alone = object("alone").replace(", controller: true", "");
        assert_eq!(
            scene.harbor_as(&of(account), &alone),
            [resource.as_str()],
            "no controller"
        );
    }
    let free = |name: &str| POD.replace("name: crane }", &format!("name: {name} }}"));
    assert_eq!(
        scene.harbor_as(&of("replicaset-controller"), &free("free")),
        ["CREATE pods"]
    );
    assert_eq!(scene.harbor_as("system:node:berth", &free("mirror")), NOTHING);
    assert_eq!(scene.harbor_as("system:nodes-friend", &free("friend")), ["CREATE pods"]);
}

#[test]
fn the_account_may_watch_and_nothing_else_and_its_pods_are_let_in() {
    let Some(scene) = Scene::start() else { return };
    let may = |arguments: &[&str]| {
        let account = "--as=system:serviceaccount:plimsoll:plimsoll";
        let run = scene
            .cluster
            .kubectl(&[&["auth", "can-i", account], arguments].concat());
        run.stdout.trim() == "yes"
    };
    for kind in [
        "services",
        "namespaces",
        "deployments.apps",
        "configmaps",
        "ingresses.networking.k8s.io",
    ] {
        assert!(may(&["list", kind, "-A"]) && may(&["watch", kind, "-A"]), "{kind}");
        assert!(!may(&["get", kind, "-A"]) && !may(&["update", kind, "-A"]), "{kind}");
    }
    assert!(!may(&["list", "secrets", "-A"]) && !may(&["list", "secrets", "-n", "plimsoll"]));
    assert!(!may(&["create", "pods", "-n", "plimsoll"]) && !may(&["list", "serviceaccounts", "-A"]));

    // The namespace asks for the strictest Pod security there is.
    let template = scene.cluster.must(&[
        "-n",
        "plimsoll",
        "get",
        "deployment",
        "plimsoll",
        "-o",
        "jsonpath={.spec.template}",
    ]);
    let mut pod: Value = serde_json::from_str(&template).expect("JSON");
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    pod["metadata"]["name"] = "try".into();
    let run = scene.cluster.kubectl_with(
        &["-n", "plimsoll", "create", "--dry-run=server", "-f", "-"],
        &pod.to_string(),
    );
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
}
