//! The effective environment of a container.

mod support;

use plimsoll_core::bundle::Options;
use plimsoll_kube::{Environment, Value};
use support::{first, value, with, with_files, with_options, workload};

const POD: &str = "
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: shop}
spec:
  containers:
    - name: main
      image: i
";

/// The values of variables of a pod with this environment, beside these other objects.
fn values(environment: &str, others: &str, names: &[&str]) -> Vec<String> {
    let text = format!("{POD}{environment}\n{others}");
    let mut found = Vec::new();
    with(&text, |bundle| {
        let workload = workload(bundle, "a");
        let environment = Environment::of(bundle, workload.object, first(workload));
        found = names.iter().map(|name| value(&environment, name)).collect();
    });
    found
}

const MAPS: &str = "
---
apiVersion: v1
kind: ConfigMap
metadata: {name: one, namespace: shop}
data: {A: one, B: one}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: two, namespace: shop}
data: {B: two, C: '3'}
---
apiVersion: v1
kind: Secret
metadata: {name: hidden, namespace: shop}
stringData: {D: fake}
";

#[test]
fn later_sources_win_and_env_wins_over_them() {
    let environment = "
      envFrom:
        - configMapRef: {name: one}
        - configMapRef: {name: two}
        - secretRef: {name: hidden}
        - {prefix: P_, configMapRef: {name: one}}
      env:
        - {name: A, value: first}
        - {name: A, value: last}
        - {name: E}
";
    assert_eq!(
        values(environment, MAPS, &["A", "B", "C", "D", "E", "P_A", "F"]),
        ["last", "two", "3", "?", "", "one", "-"]
    );
}

#[test]
fn what_is_not_seen_makes_every_other_name_unknown() {
    let environment = "
      envFrom:
        - secretRef: {name: elsewhere, optional: true}
      env:
        - {name: A, value: '1'}
";
    assert_eq!(values(environment, "", &["A", "B"]), ["1", "?"]);
    // A ConfigMap of another namespace is not the one.
    let environment = "\n      envFrom: [{configMapRef: {name: one}}]\n";
    let other = MAPS.replace("namespace: shop", "namespace: other");
    assert_eq!(values(environment, &other, &["A"]), ["?"]);
}

#[test]
fn references_expand_earlier_names_only() {
    let environment = "
      env:
        - {name: EARLY, value: '$(LATE)-x'}
        - {name: LATE, value: late}
        - {name: BOTH, value: '$(EARLY)/$(LATE)'}
        - {name: ESCAPED, value: '$$(LATE)'}
        - {name: NONE, value: 'a $(MISSING) $b $'}
        - {name: HIDDEN, value: 'x$(KEY)'}
        - {name: KEY, valueFrom: {secretKeyRef: {name: hidden, key: D}}}
        - {name: AFTER, value: 'x$(KEY)'}
        - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        - {name: TEMPLATE, value: '${LATE}'}
";
    assert_eq!(
        values(
            environment,
            MAPS,
            &[
                "EARLY", "LATE", "BOTH", "ESCAPED", "NONE", "HIDDEN", "AFTER", "POD", "TEMPLATE"
            ]
        ),
        [
            "$(LATE)-x",
            "late",
            "$(LATE)-x/late",
            "$(LATE)",
            "a $(MISSING) $b $",
            "x$(KEY)",
            "?",
            "?",
            "?"
        ]
    );
}

#[test]
fn keys_of_config_maps_are_resolved() {
    let environment = "
      env:
        - {name: A, valueFrom: {configMapKeyRef: {name: two, key: C}}}
        - {name: B, valueFrom: {configMapKeyRef: {name: two, key: MISSING}}}
        - {name: C, valueFrom: {configMapKeyRef: {name: gone, key: C}}}
";
    assert_eq!(values(environment, MAPS, &["A", "B", "C"]), ["3", "?", "?"]);
}

#[test]
fn scalars_are_taken_as_they_are_written() {
    // The API server refuses them, but what was meant is plain.
    let environment = "
      env:
        - {name: A, value: 8080}
        - {name: B, value: yes}
";
    assert_eq!(values(environment, "", &["A", "B"]), ["8080", "yes"]);
}

#[test]
fn the_nearest_config_map_is_meant() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: main, image: i, envFrom: [{configMapRef: {name: c}}]}]}\n";
    let map = |value: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{A: {value}}}\n");
    let (near, far) = (map("near"), map("far"));
    with_files(
        &[("x/pod.yaml", pod), ("x/map.yaml", &near), ("y/map.yaml", &far)],
        |bundle| {
            let workload = workload(bundle, "a");
            let environment = Environment::of(bundle, workload.object, first(workload));
            assert_eq!(value(&environment, "A"), "near");
            assert!(matches!(environment.get("A"), Value::Known(variable) if !variable.distant));
        },
    );
    with_files(&[("x/pod.yaml", pod), ("y/map.yaml", &far)], |bundle| {
        let workload = workload(bundle, "a");
        let environment = Environment::of(bundle, workload.object, first(workload));
        assert!(matches!(environment.get("A"), Value::Known(variable) if variable.distant));
    });
}

#[test]
fn what_may_be_missing_and_is_sets_nothing() {
    let environment = "
      envFrom: [{configMapRef: {name: one}}]
      env:
        - {name: A, valueFrom: {configMapKeyRef: {name: two, key: MISSING, optional: true}}}
        - {name: B, valueFrom: {configMapKeyRef: {name: gone, key: B, optional: true}}}
        - {name: D, valueFrom: {secretKeyRef: {name: hidden, key: MISSING, optional: true}}}
";
    // The one that is not seen may be in the cluster.
    assert_eq!(values(environment, MAPS, &["A", "B", "D"]), ["one", "?", "-"]);
}

#[test]
fn a_namespace_that_is_seen_whole_has_nothing_else() {
    let environment = "
      envFrom: [{configMapRef: {name: gone, optional: true}}]
      env:
        - {name: B, valueFrom: {configMapKeyRef: {name: gone, key: B, optional: true}}}
        - {name: C, valueFrom: {configMapKeyRef: {name: gone, key: C}}}
";
    let options = Options {
        closed_world: vec!["shop".to_owned()],
        ..Options::default()
    };
    let text = format!("{POD}{environment}");
    with_options(&[("app.yaml", &text)], &options, |bundle| {
        let workload = workload(bundle, "a");
        let environment = Environment::of(bundle, workload.object, first(workload));
        let found = ["A", "B", "C"].map(|name| value(&environment, name));
        assert_eq!(found, ["-", "-", "?"]);
    });
}

#[test]
fn what_services_may_set_is_unknown() {
    let environment = "
      env:
        - {name: A, value: 'http://$(CACHE_SERVICE_HOST):$(CACHE_SERVICE_PORT)'}
        - {name: B, value: '$(CACHE_PORT_6379_TCP_ADDR)'}
        - {name: C, value: '$(CACHE_PORT_x_TCP)'}
        - {name: D_SERVICE_HOST, value: own}
";
    let names = ["A", "B", "C", "D_SERVICE_HOST", "E_SERVICE_PORT", "E_PORT"];
    assert_eq!(
        values(environment, "", &names),
        ["?", "?", "$(CACHE_PORT_x_TCP)", "own", "?", "-"]
    );
}

#[test]
fn the_namespace_is_known() {
    let environment = "
      env:
        - {name: NS, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
        - {name: A, value: 'db.$(NS).svc'}
";
    assert_eq!(values(environment, "", &["NS", "A"]), ["shop", "db.shop.svc"]);
}

#[test]
fn keys_that_are_no_names_are_left_out() {
    let environment = "
      envFrom:
        - configMapRef: {name: odd}
        - {prefix: P_, configMapRef: {name: odd}}
";
    let map = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: odd, namespace: shop}\n\
               data: {1A: digit, a-b: dash, 'a=b': equals, ä: letter}\n";
    let text = format!("{POD}{environment}{map}");
    let names = ["1A", "a-b", "a=b", "ä", "P_1A"];
    for (version, expected) in [
        (None, ["digit", "dash", "-", "-", "digit"]),
        (Some("1.32"), ["digit", "dash", "-", "-", "digit"]),
        (Some("1.31"), ["-", "dash", "-", "-", "digit"]),
    ] {
        let options = Options {
            kubernetes: version.map(str::to_owned),
            ..Options::default()
        };
        with_options(&[("app.yaml", &text)], &options, |bundle| {
            let workload = workload(bundle, "a");
            let environment = Environment::of(bundle, workload.object, first(workload));
            assert_eq!(names.map(|name| value(&environment, name)), expected, "{version:?}");
        });
    }
}
