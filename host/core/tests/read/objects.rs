//! Documents, lists and objects inside objects.

use plimsoll_core::read::{Namespace, ReadObject};

use super::read;

fn objects(text: &str) -> Vec<ReadObject> {
    let manifest = read(text);
    assert_eq!(manifest.failures, []);
    manifest.objects
}

fn short(objects: &[ReadObject]) -> Vec<(&str, &str, &str, Option<u32>)> {
    objects
        .iter()
        .map(|object| {
            (
                object.group.as_str(),
                object.kind.as_str(),
                object.name.as_str(),
                object.owner,
            )
        })
        .collect()
}

#[test]
fn documents_are_objects() {
    let found = objects(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, namespace: shop}\n---\nx: 1\n---\nkind: Pod\napiVersion: v1\n",
    );
    assert_eq!(
        short(&found),
        [("apps", "Deployment", "a", None), ("", "Pod", "", None)]
    );
    assert_eq!((found[0].version.as_str(), found[0].document), ("v1", 0));
    assert_eq!((found[1].version.as_str(), found[1].document), ("v1", 2));
    assert_eq!(found[0].namespace, Namespace::Named("shop".into()));
    assert_eq!(found[1].namespace, Namespace::Unset);
}

#[test]
fn names_that_are_not_final_are_unknown() {
    let found = objects("apiVersion: v1\nkind: Pod\nmetadata: {name: \"${N}\", namespace: \"{{ ns }}\"}\n");
    assert_eq!(found[0].name, "");
    assert_eq!(found[0].namespace, Namespace::Unknown);
    assert_eq!(
        objects("apiVersion: v1\nkind: Pod\nmetadata: {namespace: }\n")[0].namespace,
        Namespace::Unset
    );
}

#[test]
fn lists_are_opened() {
    let found = objects(
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Service, metadata: {name: s}}\n- {metadata: {name: none}}\n- apiVersion: apps/v1\n  kind: DeploymentList\n  items:\n  - metadata: {name: d}\n  - spec: {}\n",
    );
    assert_eq!(
        short(&found),
        [
            ("", "List", "", None),
            ("", "Service", "s", Some(0)),
            ("apps", "DeploymentList", "", Some(0)),
            ("apps", "Deployment", "d", Some(2)),
        ]
    );
    assert_eq!(
        short(&objects("apiVersion: x.io/v1\nkind: AllowList\nitems: [a, b]\n")).len(),
        1
    );
}

#[test]
fn a_kind_beside_the_object_is_its_own() {
    let text = "apiVersion: core.openchoreo.dev/v1alpha1\nkind: Release\nmetadata: {name: r}\nspec:\n  resources:\n    \
                - kind: ConfigMap\n      object: {data: {PORT: \"80\"}}\n    - kind: Deployment\n      object: {spec: {}}\n    \
                - kind: Widget\n      object: {spec: {}}\n    - kind: Service\n      object: {apiVersion: v1, kind: Pod}\n";
    let found = objects(text);
    assert_eq!(
        short(&found),
        [
            ("core.openchoreo.dev", "Release", "r", None),
            ("", "ConfigMap", "", Some(0)),
            ("apps", "Deployment", "", Some(0)),
            ("", "Pod", "", Some(0)),
        ]
    );
}

#[test]
fn openchoreo_carries_objects() {
    let inner = "{apiVersion: v1, kind: Service, metadata: {name: \"${metadata.name}\"}}";
    for (kind, spec) in [
        (
            "RenderedRelease",
            format!("{{resources: [{{id: a, object: {inner}}}]}}"),
        ),
        ("Release", format!("{{resources: [{{id: a, object: {inner}}}]}}")),
        (
            "ComponentType",
            format!("{{resources: [{{id: a, template: {inner}}}]}}"),
        ),
        (
            "ClusterComponentType",
            format!("{{resources: [{{id: a, template: {inner}}}]}}"),
        ),
        ("ResourceType", format!("{{resources: [{{id: a, template: {inner}}}]}}")),
        (
            "ClusterResourceType",
            format!("{{resources: [{{id: a, template: {inner}}}]}}"),
        ),
        ("Trait", format!("{{creates: [{{template: {inner}}}]}}")),
        ("ClusterTrait", format!("{{creates: [{{template: {inner}}}]}}")),
        (
            "ComponentRelease",
            format!("{{componentType: {{spec: {{resources: [{{template: {inner}}}]}}}}}}"),
        ),
        (
            "ComponentRelease",
            format!("{{traits: [{{spec: {{creates: [{{template: {inner}}}]}}}}]}}"),
        ),
    ] {
        let text = format!("apiVersion: openchoreo.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: o}}\nspec: {spec}\n");
        let found = objects(&text);
        assert_eq!(
            short(&found),
            [("openchoreo.dev", kind, "o", None), ("", "Service", "", Some(0))],
            "{kind}"
        );
        // Another group's kind of that name carries nothing.
        assert_eq!(objects(&text.replace("openchoreo.dev/", "other.dev/")).len(), 1);
    }
}

#[test]
fn other_carriers() {
    let inner = "{apiVersion: v1, kind: Secret}";
    for text in [
        format!(
            "apiVersion: work.open-cluster-management.io/v1\nkind: ManifestWork\nspec: {{workload: {{manifests: [{inner}]}}}}\n"
        ),
        format!(
            "apiVersion: kubernetes.crossplane.io/v1alpha2\nkind: Object\nspec: {{forProvider: {{manifest: {inner}}}}}\n"
        ),
        format!("apiVersion: template.openshift.io/v1\nkind: Template\nobjects: [{inner}]\n"),
    ] {
        assert_eq!(objects(&text).len(), 2, "{text}");
    }
}
