//! No input panics: objects whose nodes have been exchanged, and definitions that have been taken apart.

use plimsoll_core::bundle::{Bundle, Options};
use plimsoll_core::finding::{Judgement, accept};
use plimsoll_core::policy::Judge;
use plimsoll_core::read::{self, Limits};
use plimsoll_schema::{Schema, not_validated};
use serde_json::{Value, json};

/// Numbers that look like chance and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end.max(1)).expect("small")).expect("small")
    }
}

fn objects() -> Vec<Value> {
    vec![
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "ferry", "labels": {"a": "b"}},
            "spec": {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}},
            "spec": {"containers": [{"name": "web", "image": "web", "ports": [{"containerPort": 80, "protocol": "TCP"}],
            "resources": {"limits": {"cpu": "1"}}, "livenessProbe": {"httpGet": {"port": 80, "scheme": "HTTP"}}}]}}}}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "ferry"},
            "spec": {"type": "ClusterIP", "ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}]}}),
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "harbours.sea.example"},
            "spec": {"group": "sea.example", "scope": "Namespaced", "names": {"kind": "Harbour", "plural": "harbours"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object",
            "properties": {"spec": {"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "enum": ["x"]},
            "b": {"type": "array", "items": {"type": "object", "additionalProperties": {"type": "integer"}}}}}}}}}]}}),
        json!({"apiVersion": "sea.example/v1", "kind": "Harbour", "metadata": {"name": "ferry"},
            "spec": {"a": "x", "b": [{"c": 1}]}}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "ferry"}, "data": {"a": "YQ=="}}),
    ]
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum::<usize>(),
        Value::Object(members) => members.values().map(count).sum::<usize>(),
        _ => 0,
    }
}

/// Puts another value in the place of one node.
fn put(value: &mut Value, at: &mut usize, new: &Value) {
    if *at == 0 {
        *value = new.clone();
    }
    *at = at.wrapping_sub(1);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| put(item, at, new)),
        Value::Object(members) => members.values_mut().for_each(|member| put(member, at, new)),
        _ => {}
    }
}

#[test]
fn no_input_panics_and_every_place_exists() {
    let schema = Schema::default();
    let rules: Vec<u32> = (0..).take(schema.description().rules.len()).collect();
    let mut dice = Dice(0x5EA5_1DE5);
    let odd = [
        Value::Null,
        json!(true),
        json!(-1),
        json!(1e300),
        json!(""),
        json!("${X}"),
        json!("é\u{0}"),
        json!([]),
        json!([null, [], {}]),
        json!({}),
        json!({"": {"a/b~c": null}}),
        json!({"$ref": "#"}),
    ];
    let (mut findings, mut rounds) = (0, 0);
    while rounds < 400 {
        rounds += 1;
        let mut all = objects();
        for _ in 0..=dice.below(4) {
            let object = dice.below(all.len());
            let mut at = dice.below(count(&all[object]));
            put(&mut all[object], &mut at, &odd[dice.below(odd.len())]);
        }
        let text: Vec<String> = all.iter().map(Value::to_string).collect();
        let manifest = read::manifest("case.yaml", text.join("\n---\n").as_bytes(), &Limits::default());
        let bundle = Bundle::build(vec![manifest], &Options::default()).expect("it fits");
        let _ = not_validated(&bundle);
        let verdict = schema.check(&bundle, &rules, "");
        let said = verdict.as_ref().map_or(0, Vec::len);
        let judgement = Judgement {
            policy: schema.description(),
            verdict,
            reported: rules.clone(),
        };
        let (taken, _, failures) = accept(&bundle, vec![judgement]);
        assert!(failures.is_empty());
        assert_eq!(taken.len(), said, "every place exists");
        findings += said;
    }
    assert!(findings > rounds, "{findings} findings");
}

#[test]
fn many_faults_are_cut_off() {
    let keys: Vec<String> = (0..5000).map(|number| format!("  key{number}: 1\n")).collect();
    let text = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n{}",
        keys.concat()
    );
    let manifest = read::manifest("case.yaml", text.as_bytes(), &Limits::default());
    let bundle = Bundle::build(vec![manifest], &Options::default()).expect("it fits");
    let schema = Schema::default();
    let found = schema.check(&bundle, &[5], "").expect("a verdict");
    assert_eq!(found.len(), 100);
}
