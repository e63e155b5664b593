//! Namespaces, duplicates, previous states, facts.

use plimsoll_core::bundle::Options;
use plimsoll_tree::{NONE, ObjectFlags, Role, word};

use crate::{all, bundle, deployment, json, namespace, one, record, roles, service, with, within};

#[test]
fn a_namespace_is_stated_or_by_default_or_unset() {
    let stated = deployment("a").replace("name: a\nspec", "name: a\n  namespace: mine\nspec");
    let files = [
        ("a.yaml", stated),
        ("b.yaml", deployment("b")),
        (
            "n.yaml",
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: cluster}\n".to_owned(),
        ),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let unset = bundle(&files);
    let names = |bundle| {
        [("Deployment", "a"), ("Deployment", "b"), ("Namespace", "cluster")]
            .map(|(kind, name)| namespace(bundle, one(bundle, kind, name)))
    };
    assert_eq!(names(&unset), ["mine", "(unset)", "(unset)"]);
    let options = Options {
        default_namespace: Some("shop".to_owned()),
        ..Options::default()
    };
    assert_eq!(names(&with(&files, &options)), ["mine", "shop", "(unset)"]);
}

#[test]
fn a_templated_namespace_is_unknown() {
    let text = deployment("a").replace("name: a\nspec", "name: a\n  namespace: ${metadata.namespace}\nspec");
    let bundle = bundle(&[("a.yaml", &text)]);
    assert_eq!(namespace(&bundle, one(&bundle, "Deployment", "a")), "(unknown)");
}

#[test]
fn exact_duplicates_are_one_object() {
    let text = service("web");
    let other = "kind: Service\napiVersion: v1\nmetadata: {name: web}\nspec:\n  ports: [{port: 80}]\n  selector:\n    app: web\n";
    let bundle = bundle(&[("a/one.yaml", &text), ("a/two.yaml", &text), ("a/three.yaml", other)]);
    let found = one(&bundle, "Service", "web");
    assert!(!record(&bundle, found).flags.has(ObjectFlags::AMBIGUOUS));
    assert_eq!(bundle.manifest_of(found), Some(0));
}

#[test]
fn two_definitions_in_one_directory_are_ambiguous() {
    let (one, two) = (service("web"), service("web").replace("80", "81"));
    let split = bundle(&[("a/one.yaml", &one), ("a/two.yaml", &two), ("a/three.yaml", &one)]);
    let found = all(&split, "Service", "web");
    assert_eq!(found.len(), 2);
    assert!(
        found
            .iter()
            .all(|&index| record(&split, index).flags.has(ObjectFlags::AMBIGUOUS))
    );
    // In two directories they are alternatives, in one file they collide all the same.
    let apart = bundle(&[("a/one.yaml", &one), ("b/two.yaml", &two)]);
    assert!(
        all(&apart, "Service", "web")
            .iter()
            .all(|&index| !record(&apart, index).flags.has(ObjectFlags::AMBIGUOUS))
    );
    let file = bundle(&[("a.yaml", &format!("{one}---\n{two}"))]);
    assert!(
        all(&file, "Service", "web")
            .iter()
            .all(|&index| record(&file, index).flags.has(ObjectFlags::AMBIGUOUS))
    );
}

#[test]
fn a_subject_stays_rather_than_its_duplicate_in_the_context() {
    let text = service("web");
    let bundle = with(
        &[("a/one.yaml", &text), ("a/two.yaml", &text)],
        &roles(&[Role::Context, Role::Subject]),
    );
    let found = one(&bundle, "Service", "web");
    assert_eq!(record(&bundle, found).flags.role(), Role::Subject);
    assert_eq!(bundle.manifest_of(found), Some(1));
}

#[test]
fn a_list_dropped_as_duplicate_takes_its_items_along() {
    let list = "apiVersion: example.test/v1\nkind: BoxList\nmetadata: {name: boxes}\nitems:\n- apiVersion: example.test/v1\n  kind: Box\n  metadata: {name: b}\n";
    let bundle = bundle(&[("a/one.yaml", list), ("a/two.yaml", list)]);
    assert_eq!(all(&bundle, "Box", "b").len(), 1);
}

#[test]
fn a_previous_state_belongs_to_its_subject_and_is_no_duplicate() {
    let text = service("web");
    let bundle = with(
        &[("new", &text), ("old", &text)],
        &roles(&[Role::Subject, Role::Previous]),
    );
    let (new, old) = (
        within(&bundle, "new", "Service", "web"),
        within(&bundle, "old", "Service", "web"),
    );
    assert_eq!(record(&bundle, old).owner, new);
    assert_eq!(record(&bundle, new).owner, NONE);
    assert_eq!(record(&bundle, old).flags.role(), Role::Previous);
}

#[test]
fn facts_are_in_the_tree() {
    let mut options = Options {
        kubernetes: Some("1.35".to_owned()),
        closed_world: vec!["prod".to_owned()],
        ..Options::default()
    };
    options.cluster.insert(
        "dual-stack".to_owned(),
        serde_json::json!({"on": false, "n": [1, 2.5, null, "x"]}),
    );
    let bundle = with(&[("a.yaml", &service("a"))], &options);
    let tree = bundle.tree();
    let facts = tree.facts().unwrap();
    assert_eq!(
        tree.json(facts),
        r#"{"kubernetes":"1.35","closed-world":["prod"],"cluster":{"dual-stack":{"on":false,"n":[1,2.5,null,"x"]}}}"#
    );
    assert!(tree.get(facts, word!("openchoreo")).is_none());
    assert_eq!(bundle.locate(facts), None);
    assert_eq!(json(&bundle, 0, "/spec/ports/0/port"), "80");
}

#[test]
fn objects_are_found_by_kind_identity_and_label() {
    let labelled = service("a").replace("name: a\n", "name: a\n  namespace: shop\n  labels: {team: blue}\n");
    let bundle = bundle(&[("x/a.yaml", &labelled), ("y/b.yaml", &service("b"))]);
    let (a, b) = (one(&bundle, "Service", "a"), one(&bundle, "Service", "b"));
    assert_eq!(bundle.by_kind("", "Service"), [a, b]);
    assert_eq!(bundle.by_identity("", "Service", Some("shop"), "a"), [a]);
    assert_eq!(bundle.by_identity("", "Service", None, "b"), [b]);
    assert!(bundle.by_identity("", "Service", None, "a").is_empty());
    assert_eq!(bundle.by_label("team", "blue"), [a]);
    assert!(bundle.by_label("team", "red").is_empty() && bundle.by_kind("apps", "Nothing").is_empty());
}
