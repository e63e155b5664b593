//! Selectors, Services and NetworkPolicies.

mod support;

use plimsoll_kube::netpol::{Policies, isolates_ingress};
use plimsoll_kube::selector::{map_matches, selector_matches};
use plimsoll_kube::{Bundle, Target, Value, service_ports, word};
use support::{object, with, with_files, workload};

/// Whether a selector of this text matches labels of this text.
fn matches(selector: &str, labels: &str, test: impl Fn(&Bundle<'_>) -> Value<bool>) -> Value<bool> {
    let text = format!(
        "apiVersion: x/v1\nkind: X\nmetadata: {{name: s, namespace: a}}\nspec: {{selector: {selector}}}\n---\n\
         apiVersion: x/v1\nkind: X\nmetadata: {{name: l, namespace: a, labels: {labels}}}\n"
    );
    let mut found = Value::Absent;
    with(&text, |bundle| found = test(bundle));
    found
}

fn by_map(selector: &str, labels: &str) -> Value<bool> {
    matches(selector, labels, |bundle| {
        let selector = object(bundle, "s").root().at(&[word!("spec"), word!("selector")]);
        let labels = object(bundle, "l").root().at(&[word!("metadata"), word!("labels")]);
        map_matches(selector, labels)
    })
}

fn by_selector(selector: &str, labels: &str) -> Value<bool> {
    matches(selector, labels, |bundle| {
        let selector = object(bundle, "s").root().at(&[word!("spec"), word!("selector")]);
        let labels = object(bundle, "l").root().at(&[word!("metadata"), word!("labels")]);
        selector_matches(selector.known().expect("it is there"), labels)
    })
}

#[test]
fn equality_maps() {
    for (selector, labels, expected) in [
        ("{app: a}", "{app: a, tier: b}", Value::Known(true)),
        ("{app: a, tier: c}", "{app: a, tier: b}", Value::Known(false)),
        ("{app: a}", "{}", Value::Known(false)),
        // No selector selects nothing.
        ("{}", "{app: a}", Value::Known(false)),
        ("null", "{app: a}", Value::Known(false)),
        ("{app: '${x}'}", "{app: a}", Value::Unknown),
        ("{app: a}", "'${labels}'", Value::Unknown),
        // One pair that differs decides, whatever the other is.
        ("{app: '${x}', tier: c}", "{app: a, tier: b}", Value::Known(false)),
        // What only a controller adds is never missing.
        (
            "{app: a, statefulset.kubernetes.io/pod-name: a-0}",
            "{app: a}",
            Value::Unknown,
        ),
    ] {
        assert_eq!(by_map(selector, labels), expected, "{selector} of {labels}");
    }
}

#[test]
fn label_selectors() {
    for (selector, labels, expected) in [
        ("{}", "{app: a}", Value::Known(true)),
        ("{matchLabels: {app: a}}", "{app: a}", Value::Known(true)),
        (
            "{matchExpressions: [{key: app, operator: In, values: [a, b]}]}",
            "{app: b}",
            Value::Known(true),
        ),
        (
            "{matchExpressions: [{key: app, operator: In, values: [a, b]}]}",
            "{}",
            Value::Known(false),
        ),
        (
            "{matchExpressions: [{key: app, operator: NotIn, values: [a]}]}",
            "{}",
            Value::Known(true),
        ),
        (
            "{matchExpressions: [{key: app, operator: NotIn, values: [a]}]}",
            "{app: a}",
            Value::Known(false),
        ),
        (
            "{matchExpressions: [{key: app, operator: Exists}]}",
            "{app: a}",
            Value::Known(true),
        ),
        (
            "{matchExpressions: [{key: app, operator: DoesNotExist}]}",
            "{app: a}",
            Value::Known(false),
        ),
        (
            "{matchExpressions: [{key: app, operator: Like}]}",
            "{app: a}",
            Value::Unknown,
        ),
        (
            "{matchLabels: {app: a}, matchExpressions: [{key: tier, operator: Exists}]}",
            "{app: a}",
            Value::Known(false),
        ),
        (
            "{matchLabels: '${x}', matchExpressions: [{key: tier, operator: Exists}]}",
            "{app: a}",
            Value::Known(false),
        ),
        ("{matchLabels: '${x}'}", "{app: a}", Value::Unknown),
    ] {
        assert_eq!(by_selector(selector, labels), expected, "{selector} of {labels}");
    }
}

const PODS: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: i}]}}}
";
const SERVICE: &str = "apiVersion: v1
kind: Service
metadata: {name: front}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}, {port: 81}, {port: 82, targetPort: http}, {port: 83, targetPort: '${x}'}, {port: 84, targetPort: '8080'}]}
";

#[test]
fn targets_default_to_the_port() {
    with(SERVICE, |bundle| {
        let targets: Vec<String> = service_ports(object(bundle, "front"))
            .map(|port| match port.target {
                Target::Number(number, _) => number.to_string(),
                Target::Name(name, node) => node.tree().text(name).to_owned(),
                Target::Unknown => "?".to_owned(),
            })
            .collect();
        assert_eq!(targets, ["8080", "81", "http", "?", "?"]);
    });
}

/// Names and files of the pods that each Service selects, one entry for each alternative.
fn selected(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    with_files(files, |bundle| {
        for (_, reaches) in &bundle.selection().services {
            for reach in reaches {
                found.push(
                    reach
                        .workloads
                        .iter()
                        .filter_map(|&number| bundle.workloads().get(number))
                        .map(|workload| workload.object.file().to_owned())
                        .collect(),
                );
            }
        }
    });
    found
}

#[test]
fn services_select_the_nearest_pods_of_their_namespace() {
    assert_eq!(
        selected(&[("a/s.yaml", SERVICE), ("a/p.yaml", PODS), ("b/p.yaml", PODS)]),
        [["a/p.yaml"]]
    );
    // Twins: each meets its own.
    assert_eq!(
        selected(&[
            ("a/s.yaml", SERVICE),
            ("a/p.yaml", PODS),
            ("b/s.yaml", SERVICE),
            ("b/p.yaml", PODS)
        ]),
        [["a/p.yaml"], ["b/p.yaml"]]
    );
    // A Service above two alternatives is judged with each.
    assert_eq!(
        selected(&[("s.yaml", SERVICE), ("a/p.yaml", PODS), ("b/p.yaml", PODS)]),
        [["a/p.yaml"], ["b/p.yaml"]]
    );
    let elsewhere = PODS.replace("{name: web}", "{name: web, namespace: north}");
    // The only namespace that is named is where the rest is.
    assert_eq!(selected(&[("s.yaml", SERVICE), ("p.yaml", &elsewhere)]), [["p.yaml"]]);
    let third = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: south}\n";
    assert!(selected(&[("s.yaml", SERVICE), ("p.yaml", &elsewhere), ("c.yaml", third)]).is_empty());
}

#[test]
fn types_of_policies_have_defaults() {
    for (spec, expected) in [
        ("{}", Value::Known(true)),
        ("{egress: [{}]}", Value::Known(true)),
        ("{policyTypes: []}", Value::Known(true)),
        ("{policyTypes: [Egress]}", Value::Known(false)),
        ("{policyTypes: [Egress, Ingress]}", Value::Known(true)),
        ("{policyTypes: '${types}'}", Value::Unknown),
        ("{policyTypes: [Egress, '${type}']}", Value::Unknown),
    ] {
        let text =
            format!("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p}}\nspec: {spec}\n");
        with(&text, |bundle| {
            assert_eq!(isolates_ingress(object(bundle, "p")), expected, "{spec}")
        });
    }
}

#[test]
fn policies_add_up_over_everything_seen() {
    let policy =
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec: {podSelector: {}}\n";
    for (files, expected) in [
        (vec![("a/p.yaml", PODS)], Value::Known(false)),
        (vec![("a/p.yaml", PODS), ("z/n.yaml", policy)], Value::Known(true)),
    ] {
        with_files(&files, |bundle| {
            let policies = Policies::new(bundle);
            assert_eq!(policies.ingress_isolated(bundle, workload(bundle, "web")), expected);
        });
    }
}
