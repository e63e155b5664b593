//! Kustomizations of any shape: no panic, and every node keeps its place.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::{bundle, deployment, service};

const KEYS: [&str; 34] = [
    "resources",
    "bases",
    "components",
    "patches",
    "patchesStrategicMerge",
    "patchesJson6902",
    "replacements",
    "targets",
    "select",
    "fieldPaths",
    "path",
    "patch",
    "target",
    "kind",
    "name",
    "namespace",
    "namePrefix",
    "labels",
    "pairs",
    "includeSelectors",
    "includeTemplates",
    "commonLabels",
    "commonAnnotations",
    "images",
    "replicas",
    "transformers",
    "configMapGenerator",
    "secretGenerator",
    "metadata",
    "spec",
    "template",
    "containers",
    "env",
    "op",
];

const TEXTS: [&str; 22] = [
    "a",
    "a.yaml",
    "../a",
    "../b",
    ".",
    "..",
    "../../..",
    "/",
    "",
    "web",
    "Deployment",
    "Service",
    "component",
    "- {op: add, path: /spec/template/spec/containers/0/env/-, value: 1}",
    "- {op: remove, path: ''}",
    "- 1",
    "kind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web, $patch: delete}]}}}",
    "metadata.namespace",
    "spec.template.spec.containers.[name=web].env.*.value",
    "spec..\\",
    "[=",
    "${x}",
];

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        6 => prop::sample::select(&TEXTS[..]).prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i32>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(&KEYS[..]), inner), 0..6).prop_map(|members| {
                Value::Object(
                    members
                        .into_iter()
                        .map(|(key, value)| (key.to_owned(), value))
                        .collect(),
                )
            }),
        ]
    })
}

fn kustomization() -> impl Strategy<Value = String> {
    (
        prop::collection::vec((prop::sample::select(&KEYS[..26]), value()), 0..8),
        any::<bool>(),
    )
        .prop_map(|(members, component)| {
            let mut map: Map<String, Value> = members
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect();
            map.entry("resources").or_insert(json!(["a.yaml", "../a"]));
            if component {
                map.insert("apiVersion".into(), json!("kustomize.config.k8s.io/v1alpha1"));
                map.insert("kind".into(), json!("Component"));
            } else {
                map.remove("kind");
            }
            Value::Object(map).to_string()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_kustomization_is_taken(one in kustomization(), two in kustomization(), three in kustomization(), patch in value()) {
        let objects = format!("{}---\n{}", deployment("web"), service("web"));
        let patch = patch.to_string();
        let built = bundle(&[
            ("a/kustomization.yaml", &one),
            ("a/a.yaml", &objects),
            ("b/kustomization.yaml", &two),
            ("b/a.yaml", &patch),
            ("component/kustomization.yaml", &three),
            ("component/a.yaml", &objects),
        ]);
        let tree = built.tree();
        for object in 0..tree.objects() {
            let record = tree.object(object).unwrap();
            for node in record.root..record.end {
                let location = built.locate(node).unwrap();
                let text = &built.manifests[location.manifest].text;
                prop_assert!(text.get(location.value.start as usize..location.value.end as usize).is_some());
                let pointer = built.pointer(object, node).unwrap();
                prop_assert_eq!(built.resolve(object, &pointer), Ok(node));
            }
        }
        for manifest in &built.manifests {
            prop_assert_eq!(manifest.spans.len(), manifest.part.len() as usize);
            prop_assert_eq!(manifest.keys.len(), manifest.part.len() as usize);
        }
    }
}
