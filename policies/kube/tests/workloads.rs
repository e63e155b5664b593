//! Workloads and containers of every dialect.

mod support;

use plimsoll_kube::{Bundle, Class, ContainerClass, Dialect, EnvSource};
use support::{object, with, workload};

/// Name, class and dialect of the workloads of a text.
fn classes(text: &str) -> Vec<(String, Class, Dialect)> {
    let mut found = Vec::new();
    with(text, |bundle| {
        found = bundle
            .workloads()
            .iter()
            .map(|workload| (workload.name().to_owned(), workload.class, workload.dialect))
            .collect();
    });
    found
}

#[test]
fn built_in_kinds_carry_pod_templates() {
    let template = "template: {metadata: {labels: {app: a}}, spec: {containers: [{name: main, image: i}]}}";
    for (version, kind, class) in [
        ("apps/v1", "Deployment", Class::Replicated),
        ("apps/v1", "StatefulSet", Class::Replicated),
        ("apps/v1", "ReplicaSet", Class::Replicated),
        ("extensions/v1beta1", "Deployment", Class::Replicated),
        ("v1", "ReplicationController", Class::Replicated),
        ("argoproj.io/v1alpha1", "Rollout", Class::Replicated),
        ("apps.openshift.io/v1", "DeploymentConfig", Class::Replicated),
        ("apps/v1", "DaemonSet", Class::PerNode),
        ("batch/v1", "Job", Class::Batch),
        ("serving.knative.dev/v1", "Service", Class::Knative),
    ] {
        let text = format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}\nspec: {{{template}}}\n");
        assert_eq!(classes(&text), [("a".to_owned(), class, Dialect::Kubernetes)], "{kind}");
    }
    for text in [
        format!(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: a}}\nspec: {{jobTemplate: {{spec: {{{template}}}}}}}\n"
        ),
        format!(
            "apiVersion: keda.sh/v1alpha1\nkind: ScaledJob\nmetadata: {{name: a}}\nspec: {{jobTargetRef: {{{template}}}}}\n"
        ),
    ] {
        assert_eq!(classes(&text), [("a".to_owned(), Class::Batch, Dialect::Kubernetes)]);
    }
    assert_eq!(
        classes(&format!(
            "apiVersion: v1\nkind: PodTemplate\nmetadata: {{name: a}}\n{template}\n"
        )),
        [("a".to_owned(), Class::Template, Dialect::Kubernetes)]
    );
    // The same kinds of other groups are something else, and so is every kind that is not known.
    for kind in ["Deployment", "CloneSet"] {
        let text = format!("apiVersion: shop.example/v1\nkind: {kind}\nmetadata: {{name: a}}\nspec: {{{template}}}\n");
        assert_eq!(classes(&text), [("a".to_owned(), Class::Other, Dialect::Kubernetes)]);
    }
    for template in [
        "template: {spec: {containers: 3}}",
        "template: {spec: {}}",
        "template: none",
        "x: y",
    ] {
        let text = format!("apiVersion: shop.example/v1\nkind: Pooler\nmetadata: {{name: a}}\nspec: {{{template}}}\n");
        assert_eq!(classes(&text), []);
    }
}

#[test]
fn replica_specs_carry_pod_templates() {
    let template = "template: {spec: {containers: [{name: main, image: i}]}}";
    for (version, kind, spec) in [
        ("ray.io/v1", "RayCluster", format!("headGroupSpec: {{{template}}}")),
        (
            "ray.io/v1",
            "RayJob",
            format!("rayClusterSpec: {{workerGroupSpecs: [{{{template}}}]}}"),
        ),
        (
            "ray.io/v1",
            "RayService",
            format!("rayClusterConfig: {{headGroupSpec: {{{template}}}}}"),
        ),
        (
            "sparkoperator.k8s.io/v1beta2",
            "SparkApplication",
            format!("driver: {{{template}}}"),
        ),
        ("batch.volcano.sh/v1alpha1", "Job", format!("tasks: [{{{template}}}]")),
        (
            "kubeflow.org/v1",
            "TFJob",
            format!("tfReplicaSpecs: {{Worker: {{{template}}}}}"),
        ),
    ] {
        let text = format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}\nspec: {{{spec}}}\n");
        assert_eq!(
            classes(&text),
            [("a".to_owned(), Class::Batch, Dialect::Kubernetes)],
            "{kind}"
        );
    }
}

#[test]
fn several_templates_make_several_workloads() {
    let text = "
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: flow}
spec:
  templates:
    - {name: steps, steps: []}
    - {name: a, container: {image: i}}
    - {name: b, script: {image: i}, sidecars: [{name: side, image: s}]}
---
apiVersion: batch.volcano.sh/v1alpha1
kind: Job
metadata: {name: train}
spec:
  tasks:
    - template: {spec: {containers: [{name: main, image: i}]}}
    - template: {spec: {containers: [{name: main, image: i}]}}
";
    let found = classes(text);
    assert_eq!(found.len(), 4);
    assert!(found.iter().all(|(_, class, _)| *class == Class::Batch));
    with(text, |bundle| {
        let all: Vec<usize> = bundle.workloads().iter().map(|one| one.containers().len()).collect();
        assert_eq!(all, [1, 2, 1, 1]);
    });
}

#[test]
fn containers_have_classes() {
    with(
        "
apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  containers: [{name: app, image: i}]
  initContainers:
    - {name: side, image: i, restartPolicy: Always}
    - {name: init, image: i}
    - {name: mistaken, image: i, restartPolicy: always}
  ephemeralContainers: [{name: debug, image: i}]
",
        |bundle| {
            let found: Vec<(&str, ContainerClass)> = workload(bundle, "a")
                .containers()
                .iter()
                .map(|container| (container.name(), container.class))
                .collect();
            assert_eq!(
                found,
                [
                    ("app", ContainerClass::App),
                    ("side", ContainerClass::Sidecar),
                    ("init", ContainerClass::Init),
                    ("mistaken", ContainerClass::Init),
                    ("debug", ContainerClass::Ephemeral),
                ]
            );
            assert_eq!(workload(bundle, "a").running().len(), 2);
        },
    );
}

/// Names of containers, and names and kinds of source of their variables.
fn variables(bundle: &Bundle<'_>, name: &str) -> Vec<(String, String, &'static str)> {
    let workload = workload(bundle, name);
    let mut found = Vec::new();
    for container in workload.containers() {
        for entry in container.env() {
            let source = match entry.source {
                EnvSource::Literal(_) => "literal",
                EnvSource::Secret(_) => "secret",
                EnvSource::ConfigMap(_) => "config map",
                EnvSource::Other(_) => "other",
                EnvSource::Nothing => "nothing",
                EnvSource::Unknown => "unknown",
            };
            found.push((container.name().to_owned(), entry.name_text().to_owned(), source));
        }
    }
    found
}

#[test]
fn open_choreo_describes_containers_in_four_ways() {
    let env = "env: [{key: A, value: '1'}, {key: B, valueFrom: {secretKeyRef: {name: s, key: k}}}]";
    let expected = |container: &str| {
        vec![
            (container.to_owned(), "A".to_owned(), "literal"),
            (container.to_owned(), "B".to_owned(), "secret"),
        ]
    };
    for (text, container, class, dialect) in [
        (
            format!("kind: Workload\nmetadata: {{name: a}}\nspec: {{container: {{image: i, {env}}}}}"),
            "main",
            Class::OpenChoreo,
            Dialect::OpenChoreo,
        ),
        (
            format!("kind: Workload\nmetadata: {{name: a}}\nspec: {{containers: {{web: {{image: i, {env}}}}}}}"),
            "web",
            Class::OpenChoreo,
            Dialect::OpenChoreo,
        ),
        (
            format!(
                "kind: ComponentRelease\nmetadata: {{name: a}}\nspec: {{workload: {{container: {{image: i, {env}}}}}}}"
            ),
            "main",
            Class::OpenChoreo,
            Dialect::OpenChoreo,
        ),
        (
            format!(
                "kind: ReleaseBinding\nmetadata: {{name: a}}\nspec: {{workloadOverrides: {{container: {{{env}}}}}}}"
            ),
            "main",
            Class::Overrides,
            Dialect::OpenChoreo,
        ),
        (
            "kind: ComponentRelease\nmetadata: {name: a}\nspec: {image: i, envVariables: [{name: A, value: '1'}, \
             {name: B, valueFrom: {secretKeyRef: {name: s, key: k}}}], ports: [{containerPort: 80}]}"
                .to_owned(),
            "main",
            Class::OpenChoreo,
            Dialect::Flat,
        ),
    ] {
        let text = format!("apiVersion: openchoreo.dev/v1alpha1\n{text}\n");
        with(&text, |bundle| {
            assert_eq!(variables(bundle, "a"), expected(container), "{text}");
            let workload = workload(bundle, "a");
            assert_eq!((workload.class, workload.dialect), (class, dialect), "{text}");
        });
    }
    // `Component` has no containers, in whatever group.
    assert!(
        classes("apiVersion: openchoreo.dev/v1alpha1\nkind: Component\nmetadata: {name: a}\nspec: {owner: {}}\n")
            .is_empty()
    );
}

#[test]
fn rendered_objects_are_workloads_of_their_own() {
    with(
        "
apiVersion: openchoreo.dev/v1alpha1
kind: RenderedRelease
metadata: {name: release}
spec:
  resources:
    - id: deployment
      object:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: inner}
        spec: {template: {spec: {containers: [{name: main, image: i}]}}}
",
        |bundle| {
            let inner = workload(bundle, "inner");
            assert_eq!(inner.class, Class::Replicated);
            let outer = plimsoll_kube::openchoreo::outer(bundle, inner.object);
            assert_eq!(outer.map(plimsoll_kube::Object::name), Some("release"));
            assert!(plimsoll_kube::openchoreo::is_open_choreo(
                bundle,
                object(bundle, "release")
            ));
        },
    );
}

#[test]
fn templates_are_unknown_and_never_absent() {
    with(
        "
apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec:
  template:
    metadata: {labels: '${labels}'}
    spec:
      containers:
        - {name: main, image: i, env: '${env}', ports: '${ports}', args: '${args}'}
",
        |bundle| {
            let workload = workload(bundle, "a");
            let container = support::first(workload);
            assert!(container.env_unknown());
            assert!(container.ports_unknown());
            assert!(container.command_line_unknown());
            assert!(!workload.containers_unknown());
            assert!(!workload.is_partial());
        },
    );
}
