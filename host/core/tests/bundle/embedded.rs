//! Objects inside others.

use crate::{all, bundle, namespace, record};

const TYPE: &str = "apiVersion: openchoreo.dev/v1alpha1\nkind: ComponentType\nmetadata: {name: web, namespace: default}\nspec:\n  \
    resources:\n  - id: deployment\n    template:\n      apiVersion: apps/v1\n      kind: Deployment\n      metadata: {name: \"${metadata.name}\"}\n      \
    spec: {replicas: 1}\n";

fn release(name: &str) -> String {
    format!(
        "apiVersion: openchoreo.dev/v1alpha1\nkind: ComponentRelease\nmetadata: {{name: {name}, namespace: default}}\nspec:\n  \
         componentType:\n    spec:\n      resources:\n      - id: deployment\n        template:\n          spec: {{replicas: 1}}\n          \
         apiVersion: apps/v1\n          kind: Deployment\n          metadata: {{name: \"${{metadata.name}}\"}}\n"
    )
}

#[test]
fn a_template_in_a_release_is_a_copy_of_its_type() {
    let (first, second) = (release("r1"), release("r2").replace("replicas: 1", "replicas: 2"));
    let bundle = bundle(&[("a/r1.yaml", &first), ("a/type.yaml", TYPE), ("a/r2.yaml", &second)]);
    let tree = bundle.tree();
    let templates = all(&bundle, "Deployment", "");
    assert_eq!(templates.len(), 3);
    let owners: Vec<&str> = templates
        .iter()
        .map(|&index| tree.text(tree.object(tree.object(index).unwrap().owner).unwrap().kind))
        .collect();
    assert_eq!(owners, ["ComponentRelease", "ComponentType", "ComponentRelease"]);
    // The type is the source though the release comes first; other content is no copy.
    assert_eq!(bundle.copy_of(templates[0]), Some(templates[1]));
    assert_eq!(bundle.copy_of(templates[1]), None);
    assert_eq!(bundle.copy_of(templates[2]), None);
}

#[test]
fn copies_in_alternatives_are_sources_of_their_own() {
    let component =
        "apiVersion: openchoreo.dev/v1alpha1\nkind: Component\nmetadata: {name: shop, namespace: default}\n";
    let one = release("r1");
    let bundle = bundle(&[
        ("a/c.yaml", component),
        ("a/type.yaml", TYPE),
        ("a/r.yaml", &one),
        ("b/c.yaml", component),
        ("b/type.yaml", TYPE),
        ("b/r.yaml", &one),
    ]);
    let templates = all(&bundle, "Deployment", "");
    let sources: Vec<Option<u32>> = templates.iter().map(|&index| bundle.copy_of(index)).collect();
    assert_eq!(sources, [None, Some(templates[0]), None, Some(templates[2])]);
}

#[test]
fn an_object_in_a_release_keeps_its_own_namespace() {
    let text = "apiVersion: openchoreo.dev/v1alpha1\nkind: RenderedRelease\nmetadata: {name: r, namespace: control}\nspec:\n  resources:\n  \
        - id: svc\n    object:\n      apiVersion: v1\n      kind: Service\n      metadata: {name: s, namespace: cell}\n      spec: {ports: [{port: 80}]}\n";
    let bundle = bundle(&[("r.yaml", text)]);
    let service = crate::one(&bundle, "Service", "s");
    assert_eq!(namespace(&bundle, service), "cell");
    assert_eq!(
        record(&bundle, service).owner,
        crate::one(&bundle, "RenderedRelease", "r")
    );
}
